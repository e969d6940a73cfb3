/**
 * The chain: what the bytes of records come to, one after the other.
 *
 * @module
 */
import { hash } from "node:crypto"
import { crc32 } from "node:zlib"
import type { Rows } from "./Rows.ts"

/** Where the chain stands behind a record. */
export interface Link {
  /** The CRC-32 of all bytes of the file so far. */
  readonly crc: number
  readonly sha: Uint8Array
  /** The file offset up to which it goes. */
  readonly end: number
}

/** Where a value and the bytes after it are put together; longer ones get room of their own. */
const joined = Buffer.allocUnsafeSlow(16_384)

/** SHA-256. As text first, because one call for a buffer costs twice as much as one for text that is written into a buffer. */
const digest = (bytes: Uint8Array): Buffer => Buffer.from(hash("sha256", bytes, "binary"), "latin1")

/** The chain's next value: SHA-256 of the value before and the record's bytes, its newline and blank lines before it included. */
export const nextSha = (sha: Uint8Array, bytes: Uint8Array): Buffer => {
  const length = sha.byteLength + bytes.byteLength
  if (length > joined.byteLength) return digest(Buffer.concat([sha, bytes]))
  joined.set(sha)
  joined.set(bytes, sha.byteLength)
  return digest(joined.subarray(0, length))
}

/** What each of some records comes to. */
export interface Sums {
  readonly crcs: ReadonlyArray<number>
  readonly shas: ReadonlyArray<Uint8Array>
  readonly link: Link
}

/** What lines come to that lie next to each other in `bytes`, each followed by its newline. */
export const sumLines = (bytes: Uint8Array, lengths: ReadonlyArray<number>, before: Link): Sums => {
  let { crc, sha } = before
  let at = 0
  const crcs: Array<number> = []
  const shas: Array<Uint8Array> = []
  for (const length of lengths) {
    const part = bytes.subarray(at, at + length + 1)
    crc = crc32(part, crc)
    sha = nextSha(sha, part)
    crcs.push(crc)
    shas.push(sha)
    at += length + 1
  }
  return { crcs, shas, link: { crc, sha, end: before.end + at } }
}

/** Seals the rows `from` up to `to`, whose bytes begin at the link's end. Answers the link behind them. */
export const sealRows = (rows: Rows, from: number, to: number, bytes: Uint8Array, before: Link): Link => {
  let { crc, sha, end } = before
  for (let i = from; i < to; i++) {
    const part = bytes.subarray(end - before.end, rows.end(i) - before.end)
    crc = crc32(part, crc)
    sha = nextSha(sha, part)
    end = rows.end(i)
    rows.seal(i, crc, sha)
  }
  return { crc, sha, end }
}

/** Which of the rows `from` up to `to` do not hold for these bytes, which begin behind the row before `from`. */
export const brokenRows = (
  rows: Rows,
  from: number,
  to: number,
  bytes: Uint8Array,
  before: { readonly crc: number; readonly end: number },
): ReadonlyArray<number> => {
  // All in one go; only where that fails is it worth while to ask which.
  const length = to === from ? 0 : rows.end(to - 1) - before.end
  if (to === from || (bytes.byteLength >= length && crc32(bytes.subarray(0, length), before.crc) === rows.crc(to - 1)))
    return []
  const broken: Array<number> = []
  let { crc, end } = before
  for (let i = from; i < to; i++) {
    const part = bytes.subarray(end - before.end, rows.end(i) - before.end)
    if (part.byteLength !== rows.end(i) - end || crc32(part, crc) !== rows.crc(i)) broken.push(i)
    crc = rows.crc(i)
    end = rows.end(i)
  }
  return broken
}
