import { describe, expect, it } from "vitest"
import { changes, expectSafe, places } from "./attacks/race.ts"

describe.each(places)("%s", (place) => {
  it.each(changes)("$name before any operation: no other bytes are judged or delivered", async (change) => {
    let k = 1
    while (await expectSafe(change, place, k)) k++
    expect(k).toBeGreaterThan(60)
  })
})
