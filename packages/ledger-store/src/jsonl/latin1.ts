/**
 * Texts out of bytes that are known to be ASCII.
 *
 * @module
 */

/** Buffers of Node have had it from their beginning; its types leave it out. */
type Sliced = Buffer & { latin1Slice(from: number, to: number): string }

/** What `toString("latin1")` comes to once it has found out what was asked for, which takes as long as a short text itself. */
export const latin1 = (block: Buffer, from: number, to: number): string => (block as Sliced).latin1Slice(from, to)

const isAt = (text: string, block: Buffer, from: number): boolean => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== block[from + i]) return false
  return true
}

const remembered_max = 256

/** Texts that come again and again, such as who acted: each is made once, and not for every record. */
export class Remembered {
  readonly #texts: Array<string | undefined> = Array.from({ length: remembered_max })

  at(block: Buffer, from: number, to: number): string {
    const place = ((to - from) * 31 + (block[to - 1] ?? 0) * 7 + (block[to - 2] ?? 0)) % remembered_max
    const known = this.#texts[place]
    if (known !== undefined && known.length === to - from && isAt(known, block, from)) return known
    const text = latin1(block, from, to)
    this.#texts[place] = text
    return text
  }
}
