/**
 * The latest events, as they are told: each is written out once however many follow, and what several are told at the same time
 * is put together once.
 *
 * @module
 */
import { encodeDocument, eventDocument } from "@waybill/jobspec"
import type { RecordedEvent } from "@waybill/ledger"

/** An event and its text as it is served, without a newline. */
export interface Told {
  readonly position: number
  readonly event_id: string
  readonly event_type: string
  readonly text: string
}

/** An event as it is served, without a newline. */
export const textOf = (event: RecordedEvent): string => encodeDocument(eventDocument(event)).trimEnd()

const told = (event: RecordedEvent): Told => ({
  position: event.position,
  event_id: event.event_id,
  event_type: event.event_type,
  text: textOf(event),
})

/** So much is sent at once; an event that is larger goes alone. */
const sent_characters = 262_144
/** So much is kept for followers. */
const recent_characters = 8_388_608
/** How many of the latest events are kept for followers; who is further behind reads the ledger. */
const recent_max = 2048

/** The first of some events that are sent at once. */
const sentAtOnce = (events: ReadonlyArray<Told>, start: number): ReadonlyArray<Told> => {
  let characters = 0
  let end = start
  for (; end < events.length; end++) {
    characters += events[end]?.text.length ?? 0
    if (characters > sent_characters && end > start) break
  }
  return events.slice(start, end)
}

/** The first events of a page that are sent at once. */
export const firstTold = (page: ReadonlyArray<RecordedEvent>): ReadonlyArray<Told> => sentAtOnce(page.map(told), 0)

export class Recent {
  /** Every event above this and up to `seen` is kept. */
  from = 0
  /** The position of the last event that has come. */
  seen = 0
  #events: Array<Told> = []
  #characters = 0
  #latest:
    | { readonly position: number; readonly last: Told | undefined; readonly events: ReadonlyArray<Told> }
    | undefined

  /** Whether everything above a position is kept, and there is something. */
  has(position: number): boolean {
    return this.seen > position && position >= this.from
  }

  /** Takes events that have come. */
  keep(events: ReadonlyArray<RecordedEvent>): void {
    for (const event of events) {
      const each = told(event)
      this.#events.push(each)
      this.#characters += each.text.length
      this.seen = each.position
    }
    const isTooLong = this.#characters > recent_characters && this.#events.length > 1
    if (this.#events.length > 2 * recent_max || isTooLong) this.#trim()
  }

  /** Keeps nothing, and goes on from a position. */
  begin(position: number): void {
    this.#events = []
    this.#characters = 0
    this.#latest = undefined
    this.from = this.seen = position
  }

  /** The first ones above a position that are sent at once: the very same array for all who stand there. */
  above(position: number): ReadonlyArray<Told> {
    const last = this.#events.at(-1)
    if (this.#latest?.position === position && this.#latest.last === last) return this.#latest.events
    let start = this.#events.length
    while (start > 0 && (this.#events[start - 1]?.position ?? 0) > position) start--
    const events = sentAtOnce(this.#events, start)
    this.#latest = { position, last, events }
    return events
  }

  /** Keeps the latest half of what may be kept, so that it is seldom done. */
  #trim(): void {
    let kept = 0
    let characters = 0
    while (kept < Math.min(this.#events.length, recent_max) && characters <= recent_characters / 2) {
      kept++
      characters += this.#events.at(-kept)?.text.length ?? 0
    }
    this.#events = this.#events.slice(-kept)
    this.#characters = characters
    this.from = (this.#events[0]?.position ?? 1) - 1
  }
}
