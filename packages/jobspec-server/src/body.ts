/**
 * Bodies: one JSON value, whatever follows it, within a size and a time (JobSpec v0 §1.2, §4.2).
 *
 * @module
 */
import type { JsonObject } from "@waybill/ledger"
import { Effect } from "effect"
import type { IncomingMessage } from "node:http"
import { type Refused, refuse } from "./Http.ts"
import { type FirstValue, firstValue } from "./firstValue.ts"

export const body_bytes_max = 1_048_576

const tooLarge = (): Refused =>
  refuse(413, "request body exceeds MaxJobSubmissionBytes", { max_bytes: body_bytes_max })
const invalid = (): Refused => refuse(400, "invalid json")

/** The bytes up to the cap, and whether there are more. Fails with 408 when the body takes longer than it may. */
const collect = (
  request: IncomingMessage,
  time_ms: number,
): Effect.Effect<{ readonly bytes: Buffer; readonly isCut: boolean }, Refused> =>
  Effect.callback((resume) => {
    const chunks: Array<Buffer> = []
    let size = 0
    const timer = setTimeout(() => end(Effect.fail(refuse(408, "request body took too long"))), time_ms)
    const end = (answer: Effect.Effect<{ bytes: Buffer; isCut: boolean }, Refused>): void => {
      clearTimeout(timer)
      request.off("data", onData).off("end", onEnd).off("error", onError).off("close", onError)
      resume(answer)
    }
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk)
      size += chunk.length
      if (size > body_bytes_max) {
        request.pause()
        end(Effect.succeed({ bytes: Buffer.concat(chunks).subarray(0, body_bytes_max), isCut: true }))
      }
    }
    const onEnd = (): void => end(Effect.succeed({ bytes: Buffer.concat(chunks), isCut: false }))
    const onError = (): void => end(Effect.fail(refuse(400, "request body was cut off")))
    request.on("data", onData).on("end", onEnd).on("error", onError).on("close", onError)
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

/** The body of a request as one JSON object. */
export const readBody = (
  request: IncomingMessage,
  isOptional: boolean,
  time_ms: number,
): Effect.Effect<JsonObject, Refused> =>
  Effect.flatMap(collect(request, time_ms), ({ bytes, isCut }) => {
    // A byte order mark is kept, and is no JSON.
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)
    const value = readObject(text, { isCut, isOptional })
    return value instanceof Error ? Effect.fail(value) : Effect.succeed(value)
  })
