/**
 * Answers on the wire (JobSpec v0 §1.1): small ones in one write with their length, large ones in pieces, no faster than the
 * peer takes them.
 *
 * @module
 */
import { documentPieces } from "@waybill/jobspec"
import { Effect, Stream } from "effect"
import type { OutgoingHttpHeaders, ServerResponse } from "node:http"
import { type Answer, json_type, type Refused } from "./Http.ts"

/** So much of a body that nobody asked for is read and thrown away, so that the connection can go on. */
export const unread_bytes_max = 65_536

/**
 * What is left of a large body, or of one that does not say how large it is, is read by nobody once its request is answered: the
 * connection ends with the answer, or the peer could keep it busy, and its next request would never be heard.
 */
const closeUnread = (response: ServerResponse): void => {
  const { complete, headers } = response.req
  if (complete || response.headersSent) return
  const isEndless = headers["transfer-encoding"] !== undefined
  if (isEndless || Number(headers["content-length"] ?? 0) > unread_bytes_max) response.setHeader("Connection", "close")
}

/** Ends the response with a text; answers once it is handed over. */
export const sendText = (
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void => {
  const bytes = Buffer.byteLength(text)
  closeUnread(response)
  response.writeHead(status, { "Content-Type": type, "Content-Length": bytes, ...headers })
  response.end(text)
}

export const sendRefusal = (response: ServerResponse, { body, headers, status }: Omit<Refused, never>): void => {
  const [text = ""] = documentPieces(body)
  sendText(response, status, json_type, text, headers)
}

/** Waits until the peer has taken enough that more may be written. */
const drained = (response: ServerResponse): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const done = (): void => {
      response.off("drain", done).off("close", done)
      resume(Effect.void)
    }
    response.on("drain", done).on("close", done)
    return Effect.sync(() => void response.off("drain", done).off("close", done))
  })

const write = (response: ServerResponse, text: string | Uint8Array): Effect.Effect<void> =>
  Effect.suspend(() => (text.length === 0 || response.write(text) ? Effect.void : drained(response)))

const sendPieces = (
  response: ServerResponse,
  status: number,
  firsts: ReadonlyArray<string>,
  rest: Iterable<string>,
): Effect.Effect<void> =>
  Effect.gen(function* () {
    closeUnread(response)
    response.writeHead(status, { "Content-Type": json_type })
    for (const piece of firsts) yield* write(response, piece)
    for (const piece of rest) {
      if (response.destroyed) return
      yield* write(response, piece)
      // Others get their turn between two pieces.
      yield* Effect.yieldNow
    }
    response.end()
  })

/** Sends an answer. Only text that is made while it is sent can fail; then the head has gone out already. */
export const sendAnswer = (response: ServerResponse, answer: Answer): Effect.Effect<void, Error> =>
  Effect.suspend(() => {
    if ("document" in answer) {
      const pieces = documentPieces(answer.document)
      const first = pieces.next()
      const second = pieces.next()
      if (first.done === true) return Effect.void
      if (second.done !== true) return sendPieces(response, answer.status, [first.value, second.value], pieces)
      sendText(response, answer.status, json_type, first.value)
    } else if ("text" in answer) sendText(response, answer.status, answer.type, answer.text)
    else if ("pieces" in answer || "follow" in answer) {
      response.writeHead(answer.status, { "Content-Type": answer.type, "Cache-Control": "no-store" })
      response.flushHeaders()
      const told =
        "follow" in answer
          ? answer.follow((bytes) => write(response, bytes))
          : Stream.runForEach(answer.pieces, (text) => write(response, text))
      return Effect.andThen(
        told,
        Effect.sync(() => void response.end()),
      )
    } else {
      response.writeHead(204)
      response.end()
    }
    return Effect.void
  })
