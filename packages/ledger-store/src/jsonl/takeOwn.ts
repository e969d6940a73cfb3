/**
 * Taking over records that we wrote ourselves, without reading them.
 *
 * @module
 */
import type { NewRecord } from "@waybill/ledger"
import { measureOwn } from "./Envelope.ts"
import type { Entering } from "./entering.ts"
import type { History } from "./History.ts"
import { LineReader } from "./LineReader.ts"
import type { Packed } from "./pack.ts"
import { row_bytes } from "./Rows.ts"
import { rememberedFrom } from "./Witness.ts"

const nothing_raw = new Uint8Array()
/** Rows that stay in memory although they could be read from disk: who follows a ledger asks for the latest. */
export const rows_kept = Math.ceil(1_048_576 / row_bytes)

export const takeOwn = (
  history: History,
  addRow: Entering["addRow"],
  written: ReadonlyArray<NewRecord>,
  { bytes, isPlain, lengths }: Packed,
): void => {
  const { active, reader } = history
  if (active === undefined) return
  const start = reader.end
  let at = 0
  let { line_number } = reader
  for (let i = 0; i < written.length; i++) {
    const { event, line: text } = written[i] as NewRecord
    const length = lengths[i] ?? 0
    const cuts = isPlain ? measureOwn(bytes, at, at + length, event) : undefined
    const line = { offset: start + at, bytes: length, line_number: ++line_number, content: event, text }
    addRow(active, { ...line, raw: nothing_raw, lengths: cuts }, false)
    at += length + 1
  }
  const offset = start + at
  history.reader = new LineReader(offset, line_number)
  const from = rememberedFrom(offset, active.lastOffset) - start
  history.witness =
    from < 0 ? Buffer.concat([history.witness.subarray(from), bytes]) : new Uint8Array(bytes.subarray(from))
  active.trim(rows_kept)
}
