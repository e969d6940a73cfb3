/**
 * The record table: one fixed-width row for every record of a file of the ledger, in position order.
 *
 * A row says where the record lies, which job it is of, where that job's previous record is, and how long each field of its
 * envelope is, so that reading a sealed record is cutting, not parsing. It also carries what the seal rests on:
 *
 * - `crc`: the CRC-32 of **all** bytes of the file up to the record's newline. So one record is checked by going on from its
 *   predecessor's value, and any run of neighbours in one go, at the speed of memory.
 * - `sha`: SHA-256 over the predecessor's `sha` and the record's bytes. It names the whole past up to here.
 * - `check`: guards the row itself. It is chosen so that a CRC-32 that starts at {@link residue} ends there again after each
 *   sound row; a run of rows is checked in one go too.
 *
 * @module
 */
import { crc32 } from "node:zlib"

/** Bytes of a row. */
export const row_bytes = 96
export const sha_bytes = 32

/** What CRC-32 comes to whenever bytes are followed by their own CRC-32. */
export const residue = 0x2144df1c

/** What a row tells besides numbers. A record that is neither readable nor a copy is damaged. */
export const Flag = {
  readable: 1,
  /** Its event id came before; the first stands. */
  copy: 2,
  /** Part of a batch that was broken off. */
  incomplete: 4,
  /** The envelope is spelled as our encoder spells it, without escapes: its fields can be cut out. */
  cuttable: 8,
  /** Every byte of the line is ASCII. */
  ascii: 16,
  /** Its event id does not tell its own position. */
  foreign: 32,
  /** Its event id tells a position that lay ahead. */
  ahead: 64,
  /** The last line of an archive, which lacks its newline. */
  partial: 128,
  /** The next record belongs to the same batch. */
  continues: 256,
} as const

const place = {
  offset: 0,
  previous: 8,
  job: 16,
  bytes: 24,
  crc: 28,
  id_hash: 32,
  type_at: 36,
  blanks: 40,
  flags: 44,
  event_id: 46,
  request_id: 48,
  job_id: 50,
  event_type: 52,
  occurred_at: 54,
  actor: 56,
  tail: 58,
  sha: 60,
  check: 92,
} as const

/** How long the fields of a cuttable envelope are, and what follows the payload (`}` or the mark of a batch). */
export interface FieldLengths {
  readonly event_id: number
  readonly request_id: number
  readonly job_id: number
  readonly event_type: number
  readonly occurred_at: number
  readonly actor: number
  readonly tail: number
}

/** What is known of a record before it is sealed. */
export interface NewRow {
  readonly offset: number
  /** Without the newline. */
  readonly bytes: number
  /** Blank lines of the same file before it. */
  readonly blanks: number
  readonly flags: number
  /** The position of the same job's previous record, 0 for the first. */
  readonly previous: number
  /** The position of the job's first record: the job's number. 0 for a record that cannot be read. */
  readonly job: number
  readonly id_hash: number
  /** Which record of this file, counted from 0, was the first of the same event type. */
  readonly type_at: number
  readonly lengths: FieldLengths | undefined
}

/** Rows next to each other, in memory. */
export class Rows {
  #data: Buffer
  #view: DataView
  #count: number

  constructor(data: Buffer = Buffer.alloc(0)) {
    this.#data = data
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    this.#count = Math.floor(data.byteLength / row_bytes)
  }

  get count(): number {
    return this.#count
  }

  /** The bytes of the rows `from` up to `to`; no copy. */
  slice(from: number, to: number): Buffer {
    return this.#data.subarray(from * row_bytes, to * row_bytes)
  }

  /** The first rows alone. */
  first(count: number): Rows {
    return new Rows(this.slice(0, count))
  }

  /** Leaves out the first rows. */
  drop(count: number): Rows {
    return new Rows(Buffer.from(this.slice(count, this.#count)))
  }

  add(row: NewRow): void {
    if ((this.#count + 1) * row_bytes > this.#data.byteLength) {
      const grown = Buffer.alloc(Math.max(64 * row_bytes, this.#data.byteLength * 2))
      this.#data.copy(grown)
      this.#data = grown
      this.#view = new DataView(grown.buffer, grown.byteOffset, grown.byteLength)
    }
    const at = this.#count++ * row_bytes
    const view = this.#view
    view.setFloat64(at + place.offset, row.offset, true)
    view.setFloat64(at + place.previous, row.previous, true)
    view.setFloat64(at + place.job, row.job, true)
    view.setUint32(at + place.bytes, row.bytes, true)
    view.setUint32(at + place.id_hash, row.id_hash, true)
    view.setUint32(at + place.type_at, row.type_at, true)
    view.setUint32(at + place.blanks, row.blanks, true)
    view.setUint16(at + place.flags, row.flags, true)
    const { lengths } = row
    if (lengths === undefined) return
    view.setUint16(at + place.event_id, lengths.event_id, true)
    view.setUint16(at + place.request_id, lengths.request_id, true)
    view.setUint16(at + place.job_id, lengths.job_id, true)
    view.setUint16(at + place.event_type, lengths.event_type, true)
    view.setUint16(at + place.occurred_at, lengths.occurred_at, true)
    view.setUint16(at + place.actor, lengths.actor, true)
    view.setUint16(at + place.tail, lengths.tail, true)
  }

  /** Puts sealed rows in place of the same ones that were not sealed. */
  overwrite(from: number, rows: Rows): void {
    this.#data.set(rows.slice(0, rows.count), from * row_bytes)
  }

  /** Completes a row with what its bytes come to. */
  seal(i: number, crc: number, sha: Uint8Array): void {
    const at = i * row_bytes
    this.#view.setUint32(at + place.crc, crc, true)
    this.#data.set(sha, at + place.sha)
    this.#view.setUint32(at + place.check, crc32(this.#data.subarray(at, at + place.check), residue), true)
  }

  /** Whether the rows `from` up to `to` are what was sealed. */
  areSound(from: number, to: number): boolean {
    return crc32(this.slice(from, to), residue) === residue
  }

  offset(i: number): number {
    return this.#view.getFloat64(i * row_bytes + place.offset, true)
  }
  bytes(i: number): number {
    return this.#view.getUint32(i * row_bytes + place.bytes, true)
  }
  /** The offset behind the record's newline. */
  end(i: number): number {
    return this.offset(i) + this.bytes(i) + (this.is(i, Flag.partial) ? 0 : 1)
  }
  previous(i: number): number {
    return this.#view.getFloat64(i * row_bytes + place.previous, true)
  }
  job(i: number): number {
    return this.#view.getFloat64(i * row_bytes + place.job, true)
  }
  crc(i: number): number {
    return this.#view.getUint32(i * row_bytes + place.crc, true)
  }
  sha(i: number): Buffer {
    return this.#data.subarray(i * row_bytes + place.sha, i * row_bytes + place.check)
  }
  idHash(i: number): number {
    return this.#view.getUint32(i * row_bytes + place.id_hash, true)
  }
  typeAt(i: number): number {
    return this.#view.getUint32(i * row_bytes + place.type_at, true)
  }
  blanks(i: number): number {
    return this.#view.getUint32(i * row_bytes + place.blanks, true)
  }
  flags(i: number): number {
    return this.#view.getUint16(i * row_bytes + place.flags, true)
  }
  is(i: number, flag: number): boolean {
    return (this.flags(i) & flag) !== 0
  }
  /** Whether every row bears all of `wanted` and none of `refused`. */
  haveAll(wanted: number, refused: number): boolean {
    const end = this.#count * row_bytes
    for (let at = place.flags; at < end; at += row_bytes)
      if ((this.#view.getUint16(at, true) & (wanted | refused)) !== wanted) return false
    return true
  }
  /** Whether a row is of the job of this number, or says that its predecessor is the record of this position. */
  areOf(job: number, previous: number): boolean {
    const end = this.#count * row_bytes
    for (let at = 0; at < end; at += row_bytes)
      if (
        this.#view.getFloat64(at + place.job, true) === job ||
        this.#view.getFloat64(at + place.previous, true) === previous
      )
        return true
    return false
  }
  /** How long one field of a cuttable envelope is. */
  length(i: number, name: keyof FieldLengths): number {
    return this.#view.getUint16(i * row_bytes + place[name], true)
  }
}
