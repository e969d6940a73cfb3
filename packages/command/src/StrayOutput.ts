/**
 * What a handler or a dependency prints on stdout against the rules. Prose becomes warnings, JSON is dropped: it would be
 * taken for an answer.
 *
 * @module
 */
import { plainText } from "./PlainText.ts"

const entries_max = 20
const entry_bytes_max = 2_048

const isJson = (line: string): boolean => {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

export interface StrayOutput {
  readonly take: (chunk: Uint8Array) => void
  /** The warnings, once everything is taken. */
  readonly warnings: () => ReadonlyArray<string>
}

export const makeStrayOutput = (): StrayOutput => {
  const lines: Array<string> = []
  let dropped = 0
  // Bytes beyond the limit of an entry are counted and not kept, so that 50 MB cost nothing.
  let kept: Array<Uint8Array> = []
  let length = 0
  const finish = () => {
    const whole = Buffer.concat(kept).toString("utf8")
    const isCut = length > entry_bytes_max
    kept = []
    length = 0
    const text = plainText(whole).trim()
    if (text === "" || (!isCut && isJson(text))) return
    if (lines.length < entries_max) lines.push(`THIRD_PARTY_STDOUT: ${text}${isCut ? "…" : ""}`)
    else dropped++
  }
  return {
    take: (chunk) => {
      for (let at = 0; at < chunk.length;) {
        const newline = chunk.indexOf(0x0a, at)
        const end = newline === -1 ? chunk.length : newline
        const room = entry_bytes_max - Math.min(length, entry_bytes_max)
        if (room > 0) kept.push(chunk.slice(at, Math.min(end, at + room)))
        length += end - at
        if (newline === -1) return
        finish()
        at = end + 1
      }
    },
    warnings: () => {
      if (length > 0) finish()
      return dropped === 0 ? lines : [...lines, `THIRD_PARTY_STDOUT: ${dropped} more lines were dropped`]
    },
  }
}
