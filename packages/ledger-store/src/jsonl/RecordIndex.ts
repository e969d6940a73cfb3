/**
 * Where every record of a file lies: enough to answer a question in the time its answer takes, and no more.
 *
 * @module
 */
import type { CorruptRecord } from "@waybill/ledger"

type Numbers = Float64Array<ArrayBuffer>
const grown = (array: Numbers, length: number): Numbers => {
  if (length <= array.length) return array
  const larger = new Float64Array(Math.max(1024, array.length * 2, length))
  larger.set(array)
  return larger
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
  readonly record: { readonly jobId: string } | { readonly error: string } | { readonly duplicateOf: string }
}

const nothing: ReadonlyArray<number> = []

export class RecordIndex {
  #offsets = new Float64Array(0)
  #lengths = new Float64Array(0)
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
    this.#offsets = grown(this.#offsets, position)
    this.#lengths = grown(this.#lengths, position)
    this.#offsets[position - 1] = offset
    this.#lengths[position - 1] = bytes
    if ("jobId" in record) {
      const stream = this.#streams.get(record.jobId)
      if (stream === undefined) this.#streams.set(record.jobId, [position])
      else stream.push(position)
    } else {
      this.#skipped.add(position)
      if ("error" in record) this.#corrupt.set(position, { position, line_number, error: record.error })
    }
    return position
  }

  /**
   * Looks an event id up before it is added at the next position: `foreign` when it was seen and remembered, or the position
   * of the one record that can bear the same id, because the id ends with it.
   */
  rivalOf(eventId: string): "none" | "foreign" | number {
    const own = this.#count + 1
    const named = Number(/_(\d{6,15})$/u.exec(eventId)?.[1] ?? 0)
    if (named === own) return this.#foreign.has(eventId) ? "foreign" : "none"
    if (this.#foreign.has(eventId)) return "foreign"
    this.#foreign.add(eventId)
    return named >= 1 && named < own && this.isReadable(named) ? named : "none"
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
