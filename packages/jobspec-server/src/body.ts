/**
 * Bodies: one JSON value, whatever follows it, within a size and a time (JobSpec v0 §1.2, §4.2).
 *
 * @module
 */
import type { JsonObject } from "@waybill/ledger"
import { Effect } from "effect"
import type { IncomingMessage } from "node:http"
import { Refused, refuse } from "./Http.ts"
import type { Deadlines } from "./Deadlines.ts"
import { type FirstValue, firstValue } from "./firstValue.ts"

export const body_bytes_max = 1_048_576

const closing = { Connection: "close" }

const tooLarge = (): Refused => {
  const { body, status } = refuse(413, "request body exceeds MaxJobSubmissionBytes", { max_bytes: body_bytes_max })
  return new Refused({ status, body, headers: closing })
}
const tooSlow = (): Refused =>
  new Refused({ status: 408, body: { error: "request body took too long" }, headers: closing })
const invalid = (): Refused => refuse(400, "invalid json")

interface Collected {
  readonly bytes: Buffer
  /** Whether there is more than the cap. */
  readonly isCut: boolean
}

const cutOff = (): Refused => refuse(400, "request body was cut off")

/** Tells the bytes up to the cap, once; or 408 when the body takes longer than it may. Answers how to give up. */
const collect = (
  request: IncomingMessage,
  deadlines: Deadlines,
  told: (answer: Collected | Refused) => void,
): (() => void) => {
  if (request.destroyed) {
    told(cutOff())
    return () => {}
  }
  let chunks: Array<Buffer> | undefined
  let first: Buffer | undefined
  let size = 0
  const release = (): void => {
    deadlines.delete(deadline)
    request.off("data", onData).off("end", onEnd).off("close", onClose)
  }
  const end = (answer: Collected | Refused): void => {
    release()
    told(answer)
  }
  const bytesOf = (): Buffer => (chunks === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(chunks))
  const deadline = deadlines.add(() => end(tooSlow()))
  const onData = (chunk: Buffer): void => {
    if (first === undefined) first = chunk
    else (chunks ??= [first]).push(chunk)
    size += chunk.length
    if (size <= body_bytes_max) return
    request.pause()
    end({ bytes: bytesOf().subarray(0, body_bytes_max), isCut: true })
  }
  const onEnd = (): void => end({ bytes: bytesOf(), isCut: false })
  const onClose = (): void => end(cutOff())
  // An error is followed by the close; without somebody who hears it, it would end the process.
  request.on("error", ignored)
  request.on("data", onData).on("end", onEnd).on("close", onClose)
  return release
}

const ignored = (): void => {}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** What a body says, or how it is refused. An empty one is refused unless it may be missing. */
export const readObject = (
  text: string,
  { isCut, isOptional }: { readonly isCut: boolean; readonly isOptional: boolean },
): JsonObject | Refused => {
  const value: FirstValue = firstValue(text)
  if (value.kind === "none") return isCut ? tooLarge() : isOptional ? {} : invalid()
  if (value.kind === "unfinished") return isCut ? tooLarge() : invalid()
  if (value.kind === "invalid") return invalid()
  if (value.value === null) return {}
  return isObject(value.value) ? value.value : invalid()
}

// A byte order mark is kept, and is no JSON.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const readIn = (answer: Collected | Refused, isOptional: boolean): Effect.Effect<JsonObject, Refused> => {
  if (answer instanceof Refused) return Effect.fail(answer)
  const value = readObject(decoder.decode(answer.bytes), { isCut: answer.isCut, isOptional })
  return value instanceof Refused ? Effect.fail(value) : Effect.succeed(value)
}

/** The body of a request as one JSON object. */
export type Body = (isOptional: boolean) => Effect.Effect<JsonObject, Refused>

/** A body that is read when it is asked for. */
export const lateBody =
  (request: IncomingMessage, deadlines: Deadlines): Body =>
  (isOptional) =>
    Effect.flatMap(
      Effect.callback<Collected | Refused>((resume) => {
        const release = collect(request, deadlines, (answer) => resume(Effect.succeed(answer)))
        return Effect.sync(release)
      }),
      (answer) => readIn(answer, isOptional),
    )

/** Reads a body before anybody asks for it, which spares whoever will a wait; `read` is told once all is there. */
export const earlyBody = (request: IncomingMessage, deadlines: Deadlines, read: (body: Body) => void): void => {
  collect(request, deadlines, (answer) => read((isOptional) => readIn(answer, isOptional)))
}
