/**
 * One file of the ledger: an archive, or the one that is appended to. Its positions follow each other without a gap.
 *
 * @module
 */
import type { Link, Sums } from "./Chain.ts"
import { archiveName } from "./Layout.ts"
import { genesis } from "./SealHeader.ts"
import { type NewRow, Rows } from "./Rows.ts"

/** The same text as the engine keeps names: each event's type is looked up several times, and two names are compared in one step. */
const asKey = (text: string): string => Object.keys({ [text]: true })[0] ?? text

export class Segment {
  /** The position of its first record. */
  readonly first: number
  /** Physical lines of the ledger before it. */
  readonly line: number
  /** Its name in the folder. */
  name: string
  isActive: boolean
  /** How many of its records have a sound row on disk. */
  sealed = 0
  /** Where the chain stands behind the last sealed record. */
  link: Link
  /** The record that `rows` begins with; what is before it has a row on disk only. */
  base = 0
  /** The latest records' rows. Those that are not sealed yet lack what the seal adds. */
  rows = new Rows()
  /** Physical lines read so far, blank ones counted. */
  lines = 0
  /** By event type, which record was its first. */
  readonly types = new Map<string, number>()
  /** The event type by its first record. */
  readonly typeNames = new Map<number, string>()
  /** Set when a row turned out to be damaged: the rows are then made anew from the lines, in memory. */
  isSealDamaged = false
  /** How many records it can hold: behind them the next file's positions begin. */
  most = Number.POSITIVE_INFINITY
  /** Why what lacks a row cannot be read, if so, and in which file. */
  lost: { readonly file: string; readonly error: string } | undefined

  constructor(options: { first: number; line: number; name: string; isActive: boolean; chain?: Uint8Array }) {
    this.first = options.first
    this.line = options.line
    this.name = options.name
    this.isActive = options.isActive
    this.link = { crc: 0, sha: options.chain ?? genesis, end: 0 }
  }

  /** How many records it holds, as far as is known. */
  get count(): number {
    return this.base + this.rows.count
  }

  /** Whether the chain goes over it: it holds a record, or has the row of one that is gone. */
  get isInChain(): boolean {
    return this.count > 0 || this.sealed > 0
  }

  /** The position of its last record; one below the first where it holds none. */
  get last(): number {
    return this.first + this.count - 1
  }

  /** Where its last record begins, as far as that is in memory. */
  get lastOffset(): number | undefined {
    return this.rows.count === 0 ? undefined : this.rows.offset(this.rows.count - 1)
  }

  add(row: NewRow): void {
    this.rows.add(row)
  }

  /** It bears the name of an archive now. */
  archive(): void {
    this.name = archiveName(this.first)
    this.isActive = false
  }

  learnType(eventType: string, record: number): void {
    const name = asKey(eventType)
    this.types.set(name, record)
    this.typeNames.set(record, name)
  }

  /** Completes the last rows with what their bytes come to. Answers the first of them, counted in {@link rows}. */
  complete({ crcs, shas }: Sums): number {
    const from = this.rows.count - crcs.length
    for (const [i, crc] of crcs.entries()) this.rows.seal(from + i, crc, shas[i] ?? genesis)
    return from
  }

  /** Takes over rows that somebody else has sealed, from the first unsealed one on. */
  adopt(rows: Rows): void {
    if (rows.count === 0) return
    const last = rows.count - 1
    this.rows.overwrite(this.sealed - this.base, rows)
    this.sealed += rows.count
    this.link = { crc: rows.crc(last), sha: Buffer.from(rows.sha(last)), end: rows.end(last) }
  }

  /** Lets go of rows that can be read from disk, all but the latest. */
  trim(keep: number): void {
    const spare = Math.min(this.sealed, this.count - keep) - this.base
    if (spare <= keep) return
    this.rows = this.rows.drop(spare)
    this.base += spare
  }
}
