/**
 * The same question on another day: what is pure answers alike, whatever the clock and the dice say.
 *
 * @module
 */

const day_ms = 86_400_000

/** Runs `ask` with a clock that is a day and a bit ahead, and with other random numbers; both are put back before it returns. */
export const elsewhere = <A>(ask: () => A): A => {
  const { Date: RealDate } = globalThis
  const { random } = Math
  const later_ms = (): number => RealDate.now() + day_ms + 12_345
  class LaterDate extends RealDate {
    constructor(...parts: ReadonlyArray<unknown>) {
      if (parts.length === 0) super(later_ms())
      else super(...(parts as [number]))
    }
    static override now(): number {
      return later_ms()
    }
  }
  globalThis.Date = LaterDate as DateConstructor
  Math.random = () => (random() + 0.5) % 1
  try {
    return ask()
  } finally {
    globalThis.Date = RealDate
    Math.random = random
  }
}
