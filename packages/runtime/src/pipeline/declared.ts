/**
 * Asking what a product declared: whatever it throws, fails with, waits for or answers, the settlement goes on.
 *
 * @module
 */
import type { Source } from "@waybill/data-plane"
import { Cause, Data, Effect, Predicate, Stream } from "effect"
import { isUint8Array } from "node:util/types"
import { messageOf } from "../messageOf.ts"
import type { Built, Declared, Seed } from "./Declaration.ts"
import { inTime, streamInTime } from "./inTime.ts"

/** Something that was declared threw, failed, interrupted itself or took too long. For people; never part of a fact. */
export class DeclarationFault extends Data.TaggedError("DeclarationFault")<{ readonly cause: unknown }> {
  override get message(): string {
    return messageOf(this.cause)
  }
}

/** What somebody else's effect came to grief by, whichever way it did. */
export const faultOf = (cause: Cause.Cause<unknown>): DeclarationFault => {
  const found = Cause.squash(cause)
  return found instanceof DeclarationFault ? found : new DeclarationFault({ cause: found })
}

const isPromise = <A>(value: A | PromiseLike<A>): value is PromiseLike<A> => Predicate.isPromiseLike(value)

const late = (words: string) => new DeclarationFault({ cause: new Error(words) })

/** The answer to something declared, whatever form it has, within a time. Interruption from outside stays one. */
export const evaluate = <A>(declared: () => Declared<A>, deadline_ms: number): Effect.Effect<A, DeclarationFault> =>
  Effect.suspend((): Effect.Effect<A, unknown> => {
    const value = declared()
    if (Effect.isEffect(value)) return value
    return isPromise(value)
      ? Effect.tryPromise({ try: () => value, catch: (cause) => new DeclarationFault({ cause }) })
      : Effect.succeed(value)
  }).pipe(
    Effect.catchCause((cause) => Effect.fail(faultOf(cause))),
    (answer) => inTime(answer, deadline_ms, () => late(`no answer in ${deadline_ms} ms`)),
  )

const noBytes = () =>
  new DeclarationFault({ cause: new Error("it answered without a text, bytes or a stream of bytes") })

/** What a builder answered, once it has been looked at: its stream breaks in one way only. */
export interface CheckedBuilt {
  readonly source: Source<DeclarationFault>
  readonly runId: string | undefined
  readonly schemaId: string | undefined
}

/** A text that a builder may name; what is there and is no text is a text that fits nothing. */
const textIn = (answer: object, name: string): string | undefined => {
  const value = (answer as { readonly [name: string]: unknown })[name]
  return value === undefined || typeof value === "string" ? value : `(no text but ${typeof value})`
}

const lookAt = (answer: unknown, deadline_ms: number): Effect.Effect<CheckedBuilt, DeclarationFault> => {
  if (!Predicate.isObject(answer)) return Effect.fail(noBytes())
  const { source } = answer as { readonly [name: string]: unknown }
  const [runId, schemaId] = [textIn(answer, "runId"), textIn(answer, "schemaId")]
  if (typeof source === "string" || isUint8Array(source)) return Effect.succeed({ source, runId, schemaId })
  if (!Stream.isStream(source)) return Effect.fail(noBytes())
  // That its chunks are bytes is looked at by the data plane, as they come.
  const chunks = Stream.suspend(() => source as Stream.Stream<Uint8Array, unknown>).pipe(
    Stream.catchCause((cause) => Stream.fail(faultOf(cause))),
  )
  const timed = streamInTime(chunks, deadline_ms, () => late(`its stream did not go on for ${deadline_ms} ms`))
  return Effect.succeed({ source: timed, runId, schemaId })
}

/**
 * A builder's answer as it came, from typed code or not: an object with bytes in one of their three forms. A stream is an answer
 * that comes in pieces, and each piece has the time that an answer has.
 */
export const checkBuilt = (built: Built, deadline_ms: number): Effect.Effect<CheckedBuilt, DeclarationFault> =>
  Effect.suspend(() => lookAt(built, deadline_ms)).pipe(Effect.catchCause((cause) => Effect.fail(faultOf(cause))))

const segmentsOf = (path: string): string => `${(path.startsWith("/") ? path.slice(1) : path).normalize("NFC")}/`

/**
 * Which declared path cannot be used, and why; `undefined` where all can. Two seeds overlap when they are one file, also on
 * a file system that takes composed and decomposed letters for the same, or when one would be a folder of the other.
 */
export const refusePaths = (
  seeds: ReadonlyArray<Seed>,
  candidatePath: string,
  refusePath: (path: string) => string | undefined,
): { readonly field: "seeds" | "candidatePath"; readonly path: string; readonly reason: string } | undefined => {
  const bad = refusePath(candidatePath)
  if (bad !== undefined) return { field: "candidatePath", path: candidatePath, reason: bad }
  for (const { path } of seeds) {
    const reason = refusePath(path)
    if (reason !== undefined) return { field: "seeds", path, reason }
  }
  // In order of their text, whatever lies below a path comes before anything that does not.
  const sorted = seeds.map(({ path }) => ({ path, key: segmentsOf(path) }))
  sorted.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  for (const [index, { key, path }] of sorted.entries()) {
    const next = sorted[index + 1]
    if (next?.key.startsWith(key) === true)
      return { field: "seeds", path: next.path, reason: `overlaps the seed ${JSON.stringify(path)}` }
  }
  return undefined
}
