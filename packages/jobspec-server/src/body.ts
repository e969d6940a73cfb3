/**
 * Bodies: one JSON value, whatever follows it, within a size and a time (JobSpec v0 §1.2, §4.2).
 *
 * @module
 */
import type { JsonObject } from "@waybill/ledger"
import { Effect } from "effect"
import type { IncomingMessage } from "node:http"
import { Refused, refuse } from "./Http.ts"
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

/** The bytes up to the cap. Fails with 408 when the body takes longer than it may. */
const collect = (request: IncomingMessage, time_ms: number): Effect.Effect<Collected, Refused> =>
  Effect.callback((resume) => {
    if (request.destroyed) return resume(Effect.fail(refuse(400, "request body was cut off")))
    const chunks: Array<Buffer> = []
    let size = 0
    const release = (): void => {
      clearTimeout(timer)
      request.off("data", onData).off("end", onEnd).off("error", onError).off("close", onError)
    }
    const end = (answer: Effect.Effect<Collected, Refused>): void => {
      release()
      resume(answer)
    }
    const timer = setTimeout(() => end(Effect.fail(tooSlow())), time_ms)
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk)
      size += chunk.length
      if (size <= body_bytes_max) return
      request.pause()
      end(Effect.succeed({ bytes: Buffer.concat(chunks).subarray(0, body_bytes_max), isCut: true }))
    }
    const onEnd = (): void => {
      const [first] = chunks
      end(
        Effect.succeed({
          bytes: chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks),
          isCut: false,
        }),
      )
    }
    const onError = (): void => end(Effect.fail(refuse(400, "request body was cut off")))
    request.on("data", onData).on("end", onEnd).on("error", onError).on("close", onError)
    return Effect.sync(release)
  })

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

/** The body of a request as one JSON object. */
export const readBody = (
  request: IncomingMessage,
  isOptional: boolean,
  time_ms: number,
): Effect.Effect<JsonObject, Refused> =>
  Effect.flatMap(collect(request, time_ms), ({ bytes, isCut }) => {
    const value = readObject(decoder.decode(bytes), { isCut, isOptional })
    return value instanceof Refused ? Effect.fail(value) : Effect.succeed(value)
  })
