import fc from "fast-check"
import { expect, it } from "vitest"
import { formatTime } from "../src/Time.ts"

/** The same from the engine's own text, without anything that is remembered. */
const fromIso = (ms: number): string => new Date(ms).toISOString().replace(/(?:\.0*|(\.\d*?)0*)Z$/u, "$1Z")

const near = (ms: number) => fc.integer({ min: ms - 1500, max: ms + 1500 })
const time = fc.oneof(
  near(0),
  near(1_777_377_600_000),
  near(-62_135_596_800_000),
  fc.double({ min: -1e9, max: 1e12, noNaN: true }),
)

it("a time is written the same whichever was written before it", () =>
  fc.assert(
    fc.property(fc.array(time, { minLength: 2 }), (times) => {
      for (const ms of times) expect(formatTime(ms)).toBe(fromIso(ms))
    }),
  ))
