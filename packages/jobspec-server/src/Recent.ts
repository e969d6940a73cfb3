/**
 * The latest events, as they are told: each is written out once however many follow, and everybody is sent a view of the same
 * memory, wherever he stands in it.
 *
 * @module
 */
import { eventDocument } from "@waybill/jobspec"
import { encodeLine, type RecordedEvent } from "@waybill/ledger"

/** Events that are sent at once. */
export interface Told {
  /** Of the last of them. */
  readonly position: number
  /** Server-sent events; the id of each is its position. */
  readonly bytes: Uint8Array
}

/** An event as it is served, without a newline: its line is the text of its document, and made in a third of the time. */
export const textOf = (event: RecordedEvent): string => encodeLine({ payload: {}, ...eventDocument(event) })

const frameOf = (event: RecordedEvent): string =>
  `id: ${event.position}\nevent: ${event.event_type.replaceAll(/[\r\n]/gu, " ")}\ndata: ${textOf(event)}\n\n`

export interface RecentLimits {
  /** So much is sent at once; an event that is larger goes alone. */
  readonly sent_bytes: number
  /** So much is kept for followers, or else the latest page; who is further behind reads the ledger. */
  readonly kept_bytes: number
}

export const recent_limits: RecentLimits = { sent_bytes: 262_144, kept_bytes: 8_388_608 }

/** The first events of some that are sent at once. */
export const firstTold = (events: ReadonlyArray<RecordedEvent>, sent_bytes: number): Told | undefined => {
  let last: RecordedEvent | undefined
  let text = ""
  for (const event of events) {
    const frame = frameOf(event)
    if (last !== undefined && text.length + frame.length > sent_bytes) break
    last = event
    text += frame
  }
  return last === undefined ? undefined : { position: last.position, bytes: Buffer.from(text) }
}

/** Events one behind the other in one piece of memory. What stands there stays as it is while more is put behind it. */
class Page {
  /** Every event above this and before the next page is in here. */
  readonly after: number
  readonly #memory: Buffer
  readonly #positions: Array<number> = []
  readonly #ends: Array<number> = []

  constructor(after: number, bytes: number) {
    this.after = after
    this.#memory = Buffer.allocUnsafeSlow(bytes)
  }

  get capacity(): number {
    return this.#memory.byteLength
  }

  get bytes(): number {
    return this.#ends.at(-1) ?? 0
  }

  /** Puts an event behind the others; answers whether there is room for it. */
  put(position: number, frame: string): boolean {
    const start = this.bytes
    // A character is three bytes at most.
    if (3 * frame.length > this.capacity - start && Buffer.byteLength(frame) > this.capacity - start) return false
    this.#positions.push(position)
    this.#ends.push(start + this.#memory.write(frame, start))
    return true
  }

  above(position: number): Told | undefined {
    const last = this.#positions.at(-1)
    if (last === undefined || last <= position) return undefined
    let [low, high] = [0, this.#positions.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#positions[middle] ?? 0) > position) high = middle
      else low = middle + 1
    }
    return { position: last, bytes: this.#memory.subarray(this.#ends[low - 1] ?? 0, this.bytes) }
  }
}

export class Recent {
  /** Every event above this and up to `seen` is kept. */
  from = 0
  /** The position of the last event that has come. */
  seen = 0
  readonly #limits: RecentLimits
  #pages: Array<Page> = []
  #capacity = 0

  constructor(limits: RecentLimits) {
    this.#limits = limits
  }

  /** Whether everything above a position is kept, and there is something. */
  has(position: number): boolean {
    return this.seen > position && position >= this.from
  }

  /** How much memory is held. */
  get bytes(): number {
    return this.#capacity
  }

  /** Takes events that have come; answers how many bytes they are. */
  keep(events: ReadonlyArray<RecordedEvent>): number {
    let bytes = 0
    for (const event of events) {
      const frame = frameOf(event)
      const page = this.#pages.at(-1)
      const before = page?.bytes ?? 0
      bytes += page?.put(event.position, frame) === true ? page.bytes - before : this.#begin(event.position, frame)
      this.seen = event.position
    }
    return bytes
  }

  /** Keeps nothing, and goes on from a position. */
  begin(position: number): void {
    this.#pages = []
    this.#capacity = 0
    this.from = this.seen = position
  }

  /** The first ones above a position that are sent at once, as far as they are kept. */
  above(position: number): Told | undefined {
    return this.#pages.findLast(({ after }) => after <= position)?.above(position)
  }

  /** Puts an event in a page of its own or the first of a new one; answers how long it is. */
  #begin(position: number, frame: string): number {
    const page = new Page(this.seen, Math.max(this.#limits.sent_bytes, Buffer.byteLength(frame)))
    page.put(position, frame)
    this.#pages.push(page)
    this.#capacity += page.capacity
    while (this.#capacity > this.#limits.kept_bytes && this.#pages.length > 1) {
      this.#capacity -= this.#pages.shift()?.capacity ?? 0
      this.from = this.#pages[0]?.after ?? this.seen
    }
    return page.bytes
  }
}
