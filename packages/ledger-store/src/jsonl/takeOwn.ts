/**
 * Taking over records that we wrote ourselves, without reading them.
 *
 * @module
 */
import type { NewRecord, RecordedEvent } from "@waybill/ledger"
import { measureOwn } from "./Envelope.ts"
import type { Entering } from "./entering.ts"
import { hashOf, type History, isTold } from "./History.ts"
import { LineReader } from "./LineReader.ts"
import type { Packed } from "./pack.ts"
import { type FieldLengths, Flag, row_bytes } from "./Rows.ts"
import type { Segment } from "./Segment.ts"
import { rememberedFrom } from "./Witness.ts"

const nothing_raw = new Uint8Array()
/** Rows that stay in memory although they could be read from disk: who follows a ledger asks for the latest. */
export const rows_kept = Math.ceil(1_048_576 / row_bytes)

interface Place {
  readonly offset: number
  readonly bytes: number
  readonly line_number: number
  readonly lengths: FieldLengths
}

/** What `addRow` comes to for a line that is plain and whose id tells its own position: nearly all of ours are, and it is a third of the work. */
const addPlain = (
  history: History,
  segment: Segment,
  { batch, event_id, event_type, job_id, position }: RecordedEvent,
  { bytes, lengths, line_number, offset }: Place,
): void => {
  const record = segment.count
  segment.lines = line_number
  const known = segment.types.get(event_type)
  if (known === undefined) segment.learnType(event_type, record)
  const continues = batch !== undefined && batch[0] < batch[1] - 1 ? Flag.continues : 0
  const { job, previous } = history.jobs.enter(job_id, position)
  segment.add({
    offset,
    bytes,
    blanks: line_number - record - 1,
    previous,
    job,
    flags: Flag.readable | Flag.cuttable | Flag.ascii | continues,
    id_hash: hashOf(event_id),
    type_at: known ?? record,
    lengths,
  })
}

export const takeOwn = (
  history: History,
  addRow: Entering["addRow"],
  written: ReadonlyArray<NewRecord>,
  { bytes, isPlain, lengths: all }: Packed,
): void => {
  const { active, reader } = history
  if (active === undefined) return
  const start = reader.end
  let at = 0
  let { line_number } = reader
  for (let i = 0; i < written.length; i++) {
    const { event, line: text } = written[i] as NewRecord
    const length = all[i] ?? 0
    const lengths = isPlain ? measureOwn(bytes, at, at + length, event) : undefined
    const offset = start + at
    line_number++
    if (lengths === undefined || !isTold(event.event_id, event.position) || history.ahead.size > 0)
      addRow(active, { offset, bytes: length, line_number, content: event, text, raw: nothing_raw, lengths }, false)
    else addPlain(history, active, event, { offset, bytes: length, line_number, lengths })
    at += length + 1
  }
  const end = start + at
  history.reader = new LineReader(end, line_number)
  const from = rememberedFrom(end, active.lastOffset) - start
  history.witness =
    from < 0 ? Buffer.concat([history.witness.subarray(from), bytes]) : new Uint8Array(bytes.subarray(from))
  active.trim(rows_kept)
}
