/**
 * The head of a seal file: which file of the ledger it is about, and what came before it.
 *
 * One line of JSON, filled up with spaces to a fixed length, so that it can be read with `head -c`.
 *
 * @module
 */
import { crc32 } from "node:zlib"
import { format_version } from "./Layout.ts"

export const header_bytes = 2048

export interface SealHeader {
  /** The position of the file's first record. */
  readonly first: number
  /** Physical lines of the ledger before this file. */
  readonly line: number
  /** The archive it is about, where its name does not tell the first position: one of the reference daemon's. */
  readonly file?: string
  /** Archives before it that hold no records. */
  readonly passed?: ReadonlyArray<string>
  /** The chain's value before the first record, as hex. */
  readonly chain: string
}

/** What a chain begins with. */
export const genesis = Buffer.alloc(32)

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, "0")

export const encodeHeader = (header: SealHeader): Buffer => {
  let text = JSON.stringify({ format: format_version, ...header })
  // Names of archives without records can be left out: they are then told to be strangers, and nothing is lost.
  if (Buffer.byteLength(text) > header_bytes - 10)
    text = JSON.stringify({ format: format_version, ...header, passed: [] })
  const block = Buffer.alloc(header_bytes, " ")
  block.write(`${checksum(text)} ${text}`)
  block.write("\n", header_bytes - 1)
  return block
}

/** `undefined` for a head that is damaged. */
export const decodeHeader = (block: Uint8Array): SealHeader | undefined => {
  if (block.byteLength < header_bytes) return undefined
  const filled = Buffer.from(block.buffer, block.byteOffset, header_bytes)
  const text = filled.toString("utf8", 9).trimEnd()
  // The filling counts too: a seal is true to the bit.
  const sound = Buffer.alloc(header_bytes, " ")
  sound.write(`${checksum(text)} ${text}`)
  sound.write("\n", header_bytes - 1)
  return filled.equals(sound) ? (JSON.parse(text) as SealHeader) : undefined
}
