/**
 * One time limit for many, kept by one timer: setting and stopping a timer of its own costs each request more than reading its
 * body.
 *
 * @module
 */

interface Entry {
  readonly at_ms: number
  readonly expire: () => void
}

/** Deadlines of the same length; each is met at most an eighth of it late. */
export class Deadlines {
  readonly #limit_ms: number
  readonly #now_ms: () => number
  /** In the order in which they will be met. */
  readonly #entries = new Set<Entry>()
  #timer: NodeJS.Timeout | undefined

  /** `now_ms` is a clock that is never set. */
  constructor(limit_ms: number, now_ms: () => number = () => performance.now()) {
    this.#limit_ms = limit_ms
    this.#now_ms = now_ms
  }

  /** `expire` is called once the time is up, unless the deadline was deleted before. */
  add(expire: () => void): Entry {
    const entry = { at_ms: this.#now_ms() + this.#limit_ms, expire }
    this.#entries.add(entry)
    this.#timer ??= setInterval(() => this.sweep(), Math.max(1, this.#limit_ms / 8)).unref()
    return entry
  }

  delete(entry: Entry): void {
    this.#entries.delete(entry)
  }

  /** Meets those whose time is up. */
  sweep(): void {
    const now_ms = this.#now_ms()
    for (const entry of this.#entries) {
      if (entry.at_ms > now_ms) return
      this.#entries.delete(entry)
      entry.expire()
    }
    if (this.#entries.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
