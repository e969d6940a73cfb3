/**
 * What happened, in order: hashed as it comes, and kept where somebody wants to read it.
 *
 * @module
 */

/** One line of a trace. `step` is the number of the event, `at_ms` the simulated time. */
export interface TraceLine {
  readonly step: number
  readonly at_ms: number
  readonly who: string
  readonly what: string
}

export class Trace {
  readonly lines: Array<TraceLine> = []
  readonly #isKept: boolean
  #high = 0x811c9dc5
  #low = 0x9dc5811c

  constructor(isKept: boolean) {
    this.#isKept = isKept
  }

  add(step: number, at_ms: number, who: string, what: string): void {
    this.#mix(step)
    this.#mix(Math.round(at_ms * 1000))
    this.#text(who)
    this.#text(what)
    if (this.#isKept) this.lines.push({ step, at_ms, who, what })
  }

  #mix(value: number): void {
    this.#high = Math.imul(this.#high ^ value, 0x01000193)
    this.#low = Math.imul(this.#low ^ (value + this.#high), 0x85ebca6b)
    this.#low ^= this.#low >>> 13
  }

  #text(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i))
    this.#mix(text.length)
  }

  /** Sixteen hex digits: two runs with the same one went the same way. */
  get hash(): string {
    const hex = (value: number) => (value >>> 0).toString(16).padStart(8, "0")
    return hex(this.#high) + hex(this.#low)
  }
}

export const formatLine = ({ at_ms, step, what, who }: TraceLine): string =>
  `${String(step).padStart(7)}  ${(at_ms / 1000).toFixed(6).padStart(11)} s  ${who.padEnd(10)}  ${what}`
