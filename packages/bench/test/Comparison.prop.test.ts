import fc from "fast-check"
import { expect, it } from "vitest"
import { judgePairs } from "../src/Comparison.ts"

/** Noise that a loaded machine makes: both sides of a pair up to 7 % off, and some pairs wildly. */
const noise = fc.double({ min: 0.93, max: 1.07, noNaN: true })
const noisyPairs = (factor: number) =>
  fc
    .array(fc.tuple(noise, noise, fc.double({ min: 1, max: 1e4, noNaN: true })), { minLength: 12, maxLength: 30 })
    .map((pairs) => pairs.map(([a, b, ms]) => ({ before: ms * a, now: ms * b * factor })))

it("20 % slower is told through 7 % of noise on either side, and one wild pair does not hide it", () => {
  fc.assert(
    fc.property(noisyPairs(1.2), fc.double({ min: 0.01, max: 100, noNaN: true }), (pairs, wild) => {
      expect(judgePairs(pairs).verdict).toBe("slower")
      expect(judgePairs([...pairs.slice(1), { before: wild, now: 1 }]).verdict).toBe("slower")
    }),
  )
})

it("what is faster one way around is slower the other way around", () => {
  const opposite = { faster: "slower", slower: "faster", same: "same" }
  // A middle within the least change may fall on either side of it once turned around.
  fc.assert(
    fc.property(fc.constantFrom(0.7, 0.8, 1.25, 1.5).chain(noisyPairs), (pairs) => {
      const turned = pairs.map(({ before, now }) => ({ before: now, now: before }))
      expect(judgePairs(turned).verdict).toBe(opposite[judgePairs(pairs).verdict])
    }),
  )
})

it("pairs that go either way are no change, however far apart they are", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1.01, max: 10, noNaN: true }), { minLength: 6, maxLength: 20 }),
      (factors) => {
        const pairs = factors.flatMap((factor) => [
          { before: factor, now: 1 },
          { before: 1, now: factor },
        ])
        expect(judgePairs(pairs).verdict).toBe("same")
      },
    ),
  )
})

it("a change below the least that is worth a word is none, however sure", () => {
  expect(judgePairs(Array.from({ length: 20 }, () => ({ before: 1.02, now: 1 }))).verdict).toBe("same")
})

it("too few pairs are refused, and eight need all on one side", () => {
  const faster = { before: 2, now: 1 }
  expect(() => judgePairs(Array.from({ length: 7 }, () => faster))).toThrow(RangeError)
  expect(judgePairs(Array.from({ length: 8 }, () => faster)).verdict).toBe("faster")
  expect(judgePairs([...Array.from({ length: 7 }, () => faster), { before: 1, now: 2 }]).verdict).toBe("same")
})
