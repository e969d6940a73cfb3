/**
 * Where every record of a file lies: enough to answer a question in the time its answer takes, and no more.
 *
 * @module
 */
import type { CorruptRecord } from "@waybill/ledger"

const room = (length: number, needed: number): number => Math.max(1024, length * 2, needed)
const copied = <A extends Float64Array | Uint32Array>(from: A, into: A): A => {
  into.set(from)
  return into
}

/** The position that an event id of our own form tells, `undefined` for any other. */
const told = (eventId: string): number | undefined => {
  const digits = /_(\d{6}|[1-9]\d{6,})$/u.exec(eventId)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** FNV-1a. A hint only: equal hashes are looked up in the file. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** A record's bytes, without its newline. */
export interface Extent {
  readonly offset: number
  readonly bytes: number
}

/** One record as it is added. */
export interface Entry {
  readonly offset: number
  readonly bytes: number
  readonly line_number: number
  /** The job of a readable record; why it is not readable otherwise. */
  readonly record:
    | { readonly jobId: string; readonly eventId: string }
    | { readonly error: string }
    | { readonly duplicateOf: string }
}

const nothing: ReadonlyArray<number> = []

export class RecordIndex {
  #offsets = new Float64Array(0)
  #lengths = new Float64Array(0)
  #hashes = new Uint32Array(0)
  #count = 0
  readonly #streams = new Map<string, Array<number>>()
  readonly #corrupt = new Map<number, CorruptRecord>()
  readonly #skipped = new Set<number>()
  /** Event ids that do not tell their own position; ours do and need not be remembered. */
  readonly #foreign = new Set<string>()

  /** The position of the last record. */
  get head(): number {
    return this.#count
  }

  get corrupt(): ReadonlyArray<CorruptRecord> {
    return [...this.#corrupt.values()]
  }

  /** Adds the next record and answers its position. */
  add({ bytes, line_number, offset, record }: Entry): number {
    const position = ++this.#count
    if (position > this.#offsets.length) {
      const length = room(this.#offsets.length, position)
      this.#offsets = copied(this.#offsets, new Float64Array(length))
      this.#lengths = copied(this.#lengths, new Float64Array(length))
      this.#hashes = copied(this.#hashes, new Uint32Array(length))
    }
    this.#offsets[position - 1] = offset
    this.#lengths[position - 1] = bytes
    if ("jobId" in record) {
      const stream = this.#streams.get(record.jobId)
      if (stream === undefined) this.#streams.set(record.jobId, [position])
      else stream.push(position)
      if (told(record.eventId) === position) this.#hashes[position - 1] = hashOf(record.eventId)
      else this.#foreign.add(record.eventId)
    } else {
      this.#skipped.add(position)
      if ("error" in record) this.#corrupt.set(position, { position, line_number, error: record.error })
    }
    return position
  }

  /**
   * Where an event id was seen before: `foreign` for one that did not tell its position, the position of a record that may
   * bear it (its line tells for sure), `undefined` for one that is new.
   */
  seen(eventId: string): "foreign" | number | undefined {
    if (this.#foreign.has(eventId)) return "foreign"
    const position = told(eventId)
    if (position === undefined || !this.isReadable(position)) return undefined
    return this.#hashes[position - 1] === hashOf(eventId) ? position : undefined
  }

  isReadable(position: number): boolean {
    return position >= 1 && position <= this.#count && !this.#skipped.has(position)
  }

  extent(position: number): Extent {
    return { offset: this.#offsets[position - 1] ?? 0, bytes: this.#lengths[position - 1] ?? 0 }
  }

  /** The positions of a job's records, rising. */
  stream(jobId: string): ReadonlyArray<number> {
    return this.#streams.get(jobId) ?? nothing
  }
}
