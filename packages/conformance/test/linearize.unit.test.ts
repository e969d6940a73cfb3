import { describe, expect, it } from "vitest"
import { type History, linearize, partition, type SequentialModel } from "../src/linearizability/index.ts"

type Input = { readonly write: number } | "read" | { readonly swap: readonly [from: number, to: number] }
type Output = number | "ok" | boolean

/** A register: the thing that every paper on the matter begins with. */
const register: SequentialModel<number, Input, Output> = {
  initial: 0,
  next: (state, input, output) => {
    if (input === "read") return output === undefined || output === state ? [state] : []
    if ("write" in input) return output === undefined || output === "ok" ? [input.write] : []
    const [from, to] = input.swap
    const isSwapped = state === from
    return output === undefined || output === isSwapped ? [isSwapped ? to : state] : []
  },
  keyOf: String,
}

/** `[input, called, answered, output]`, or `[input, called]` when nobody knows what came of it. */
type Row = readonly [Input, number, number, Output] | readonly [Input, number]
const historyOf = (...rows: ReadonlyArray<Row>): History<Input, Output> =>
  rows.map(([input, called, at, output]) =>
    at === undefined || output === undefined ? { input, called } : { input, called, answer: { at, output } },
  )
const verdict = (...rows: ReadonlyArray<Row>) => linearize(register, historyOf(...rows)).verdict
const write = (n: number) => ({ write: n })

describe("known to be linearizable", () => {
  it("nothing at all", () => expect(verdict()).toBe("linearizable"))
  it("one request after the other", () =>
    expect(verdict([write(1), 1, 2, "ok"], ["read", 3, 4, 1], [write(2), 5, 6, "ok"], ["read", 7, 8, 2])).toBe(
      "linearizable",
    ))
  it("a read that overlaps a write sees either side of it", () => {
    expect(verdict([write(1), 1, 4, "ok"], ["read", 2, 3, 0])).toBe("linearizable")
    expect(verdict([write(1), 1, 4, "ok"], ["read", 2, 3, 1])).toBe("linearizable")
  })
  it("two overlapping writes, in the order that a later read shows (Herlihy and Wing 1990)", () => {
    const writes: ReadonlyArray<Row> = [
      [write(1), 1, 4, "ok"],
      [write(2), 2, 3, "ok"],
    ]
    expect(verdict(...writes, ["read", 5, 6, 1])).toBe("linearizable")
    expect(verdict(...writes, ["read", 5, 6, 2])).toBe("linearizable")
  })
  it("a write that nobody has heard of again took effect, before or after it was given up, or never", () => {
    expect(verdict([write(1), 1], ["read", 2, 3, 1])).toBe("linearizable")
    expect(verdict([write(1), 1], ["read", 2, 3, 0], ["read", 4, 5, 1])).toBe("linearizable")
    expect(verdict([write(1), 1], ["read", 2, 3, 0], ["read", 4, 5, 0])).toBe("linearizable")
  })
  it("two swaps from the same value, one of which fails", () =>
    expect(verdict([{ swap: [0, 1] }, 1, 4, true], [{ swap: [0, 2] }, 2, 5, false], ["read", 6, 7, 1])).toBe(
      "linearizable",
    ))
  it("the one that is called first takes effect last", () =>
    expect(
      verdict(
        [write(3), 1, 10, "ok"],
        [write(1), 2, 3, "ok"],
        ["read", 4, 5, 1],
        ["read", 6, 9, 3],
        ["read", 11, 12, 3],
      ),
    ).toBe("linearizable"))
})

describe("known not to be linearizable", () => {
  it("a read of what was never written", () => expect(verdict(["read", 1, 2, 7])).toBe("not linearizable"))
  it("a stale read: what was answered is seen by whoever asks afterwards", () =>
    expect(verdict([write(1), 1, 2, "ok"], ["read", 3, 4, 0])).toBe("not linearizable"))
  it("two reads within one write that see it come and go", () =>
    expect(verdict([write(1), 1, 6, "ok"], ["read", 2, 3, 1], ["read", 4, 5, 0])).toBe("not linearizable"))
  it("two swaps from the same value that both succeed", () =>
    expect(verdict([{ swap: [0, 1] }, 1, 4, true], [{ swap: [0, 2] }, 2, 3, true])).toBe("not linearizable"))
  it("a lost write that came into effect and went away again", () =>
    expect(verdict([write(1), 1], ["read", 2, 3, 1], ["read", 4, 5, 0])).toBe("not linearizable"))
  it("a lost write that took effect before it was called", () =>
    expect(verdict(["read", 1, 2, 1], [write(1), 3])).toBe("not linearizable"))
  it("an overwritten value that comes back", () =>
    expect(verdict([write(1), 1, 2, "ok"], [write(2), 3, 4, "ok"], ["read", 5, 6, 2], ["read", 7, 8, 1])).toBe(
      "not linearizable",
    ))
  it("says what explains the most, and what cannot come after it", () => {
    const found = linearize(register, historyOf([write(1), 1, 2, "ok"], ["read", 3, 4, 1], ["read", 5, 6, 0]))
    expect(found.verdict).toBe("not linearizable")
    if (found.verdict !== "not linearizable") return
    expect(found.longest.map(({ called }) => called)).toEqual([1, 3])
    expect(found.stuck.map(({ called }) => called)).toEqual([5])
  })
})

it("a search that takes too long is given up, and says so", () => {
  const rows = Array.from({ length: 11 }, (_, n): Row => [write(n + 1), n + 1, 100 + n, "ok"])
  const history = historyOf(...rows, ["read", 200, 201, 99])
  expect(linearize(register, history, { steps_max: 50 })).toEqual({ verdict: "undecided", steps: 51 })
  expect(linearize(register, history).verdict).toBe("not linearizable")
})

it("parts are what concerns one thing", () => {
  const history = historyOf([write(1), 1, 2, "ok"], ["read", 3, 4, 1])
  const parts = partition(history, (input) => (input === "read" ? "reads" : "writes"))
  expect([...parts].map(([key, part]) => [key, part.length])).toEqual([
    ["writes", 1],
    ["reads", 1],
  ])
})
