/**
 * New records as the bytes that are written: one encoding for a whole group.
 *
 * @module
 */
import type { NewRecord } from "@waybill/ledger"

export interface Packed {
  /** Every line with its newline. */
  readonly bytes: Buffer
  /** How many bytes each line has, without its newline. */
  readonly lengths: ReadonlyArray<number>
  /** Whether all is printable ASCII, and no character is spelled by its number: then a field without escapes is as long as its text. */
  readonly isPlain: boolean
}

const del = 0x7f

export const pack = (records: ReadonlyArray<NewRecord>): Packed => {
  let text = ""
  for (const { line } of records) text += `${line}\n`
  const bytes = Buffer.from(text, "utf8")
  const isAscii = bytes.byteLength === text.length
  return {
    bytes,
    lengths: records.map(({ line }) => (isAscii ? line.length : Buffer.byteLength(line))),
    isPlain: isAscii && !bytes.includes(del) && !bytes.includes("\\u"),
  }
}
