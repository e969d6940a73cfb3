/**
 * What is answered where no request could be read from a connection. Like every refusal it is JSON, `{"error": …}`.
 *
 * @module
 */
import type { Duplex } from "node:stream"

/** How much the head of a request may hold. */
export const head_bytes_max = 1_048_576
export const header_lines_max = 1_000

const tooLarge = `the request's head is too large: it may have ${head_bytes_max} bytes and ${header_lines_max} header lines`

const broken: Readonly<Record<string, readonly [status: string, error: string, header?: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "the request took too long"],
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", tooLarge],
  // Node reads no request of a method that it does not know, so that there is no route to ask.
  HPE_INVALID_METHOD: ["405 Method Not Allowed", "method not allowed", "Allow: GET, POST, DELETE\r\n"],
}

/** A request's first line, whatever its method. */
const request_line = /^[\w!#$%&'*+.^`|~-]+ \S+ HTTP\/1\.[01]\r?\n/u

/** What Node tells of it. */
export interface Broken {
  readonly code?: string
  /** What was being read. */
  readonly rawPacket?: Buffer
}

/** Says what was wrong, as far as somebody still listens, and ends the connection. */
export const answerBroken = (socket: Duplex, cause: Broken): void => {
  if (!socket.writable) return
  const isRequest = cause.code !== "HPE_INVALID_METHOD" || request_line.test(cause.rawPacket?.toString("latin1") ?? "")
  const code = isRequest ? cause.code : undefined
  const [status, error, header = ""] = broken[code ?? ""] ?? ["400 Bad Request", "the request is no HTTP/1.1"]
  const body = `${JSON.stringify({ error })}\n`
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`
  socket.end(`${head}${header}Connection: close\r\n\r\n${body}`)
}
