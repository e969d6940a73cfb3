/**
 * Server-sent events, out of the bytes of a response.
 *
 * @module
 */

export interface SentEvent {
  /** Of this event, or of the last one before it that had one. */
  readonly id: string
  readonly data: string
}

/**
 * Reads events as they come; one that is cut off at the end is not told. Comments, and fields that nobody here needs, are
 * skipped.
 */
export async function* readServerSentEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<SentEvent> {
  const decoder = new TextDecoder()
  let rest = ""
  let id = ""
  let data: Array<string> = []
  for await (const chunk of chunks) {
    const text = rest + decoder.decode(chunk, { stream: true })
    // A carriage return at the end may be the first half of a line's end.
    const end = text.endsWith("\r") ? text.length - 1 : text.length
    const lines = text.slice(0, end).split(/\r\n|\n|\r/u)
    rest = (lines.pop() ?? "") + text.slice(end)
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) yield { id, data: data.join("\n") }
        data = []
        continue
      }
      const at = line.indexOf(":")
      if (at === 0) continue
      const name = at < 0 ? line : line.slice(0, at)
      const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /u, "")
      if (name === "data") data.push(value)
      if (name === "id" && !value.includes("\0")) id = value
    }
  }
}
