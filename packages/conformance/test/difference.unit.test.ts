import { checkLaw, same, type Law } from "@waybill/conformance"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { firstDifference } from "../src/difference.ts"

describe("the first difference", () => {
  it.each<readonly [expected: unknown, found: unknown, path: string]>([
    [1, 2, ""],
    [[1, 2], [1, 3], "[1]"],
    [[1], [1, 2], "[1]"],
    [{ a: { "b c": 1 } }, { a: { "b c": 2 } }, '.a["b c"]'],
    [{ a: 1 }, { a: 1, b: undefined }, ".b"],
    [[{ a: null }], [{}], "[0].a"],
    [["x".repeat(300)], [`${"x".repeat(250)}y`], "[0] at character 250"],
  ])("of %j and %j", (expected, found, path) => expect(firstDifference(expected, found)?.path).toBe(path))
  it("of the same data is none", () => expect(firstDifference({ a: [1, NaN] }, { a: [1, NaN] })).toBeUndefined())
})

it("two long lists are not shown as two texts that look alike: the place is named, with what is there", async () => {
  const list = (last: string) => Array.from({ length: 300 }, (_, i) => ({ event_id: i === 250 ? last : `event-${i}` }))
  const law: Law<void> = {
    id: "STORE-01",
    statement: "",
    violation: "",
    check: () => same("the events", list("other"), list("event-250")),
  }
  expect(await Effect.runPromise(checkLaw(law, Effect.void))).toEqual({
    status: "fail",
    reason: "the events, first at [250].event_id: expected 'event-250', found 'other'",
    expected: "'event-250'",
    found: "'other'",
  })
})
