import { describe, expect, it } from "vitest"
import { openings } from "../src/server/model/openings.ts"
import type { Searched } from "../src/server/model/search.ts"

const kindsOf = (searched: Searched): ReadonlyArray<string> => [
  ...new Set(openings(searched).flatMap((list) => list.flatMap(({ steps }) => steps.map(({ action }) => action.kind)))),
]

describe("what every search begins with", () => {
  it("asks only for what the law of the search is about", () => {
    expect(kindsOf({ works: false, cancels: false })).toEqual(["submit"])
    expect(kindsOf({ works: false, cancels: true }).toSorted()).toEqual(["cancel", "submit"])
    expect(kindsOf({ works: true, cancels: true })).toEqual(
      expect.arrayContaining(["submit", "cancel", "claim", "heartbeat", "complete", "fail", "release"]),
    )
  })
  it("has clients that ask at the same moment for what has nothing in common, and for one thing in every way to name it", () => {
    const all = openings({ works: false, cancels: false }).flat()
    const together = all.filter(({ steps }) => steps.some(({ isTogether }) => isTogether))
    expect(together.some(({ steps }) => new Set(steps.map(({ slot }) => slot)).size > 1)).toBe(true)
    const onOne = together.filter(({ steps }) => new Set(steps.map(({ slot }) => slot)).size === 1)
    expect(new Set(onOne.map(({ slots }) => slots[0]?.naming))).toEqual(new Set(["id", "key", "both"]))
  })
  it("has a client that hangs up before it hears, and asks again", () => {
    const hungUp = openings({ works: false, cancels: false })
      .flat()
      .filter(({ steps }) => steps.findIndex(({ hangUp_ms }) => hangUp_ms !== undefined) === 0)
    expect(hungUp.length).toBe(3)
    for (const { steps } of hungUp) expect(steps.slice(1).every(({ hangUp_ms }) => hangUp_ms === undefined)).toBe(true)
  })
})
