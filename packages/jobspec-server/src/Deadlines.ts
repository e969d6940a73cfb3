/**
 * One time limit for many, kept by one timer: setting and stopping a timer of its own costs each request more than reading its
 * body.
 *
 * @module
 */
import { type Place, Waitlist } from "@waybill/ledger"

interface Entry {
  readonly at_ms: number
  readonly expire: () => void
}

/** Deadlines of the same length; each is met at most an eighth of it late. */
export class Deadlines {
  readonly #limit_ms: number
  readonly #now_ms: () => number
  /** In the order in which they will be met. */
  readonly #entries = new Waitlist<Entry>()
  #timer: NodeJS.Timeout | undefined

  /** `now_ms` is a clock that is never set. */
  constructor(limit_ms: number, now_ms: () => number = () => performance.now()) {
    this.#limit_ms = limit_ms
    this.#now_ms = now_ms
  }

  /** `expire` is called once the time is up, unless the deadline was deleted before. */
  add(expire: () => void): Place<Entry> {
    this.#timer ??= setInterval(() => this.sweep(), Math.max(1, this.#limit_ms / 8)).unref()
    return this.#entries.add({ at_ms: this.#now_ms() + this.#limit_ms, expire })
  }

  delete(entry: Place<Entry>): void {
    this.#entries.delete(entry)
  }

  /** Meets those whose time is up. */
  sweep(): void {
    const now_ms = this.#now_ms()
    for (let place = this.#entries.first; place !== undefined; place = this.#entries.first) {
      const { at_ms, expire } = place.value
      if (at_ms > now_ms) return
      this.#entries.delete(place)
      expire()
    }
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
