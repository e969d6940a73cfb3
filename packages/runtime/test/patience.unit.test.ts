import * as fc from "fast-check"
import { expect, it } from "vitest"
import { makePatience } from "../src/agent/patience.ts"

const limits = { run_ms: 1000, orphaned_ms: 200, ended_ms: 100 }
const countUntil = (wanted: string, isOrphaned: (look: number) => boolean) => {
  const patience = makePatience(limits, 25)
  for (let look = 1; ; look++) if (patience.next(isOrphaned(look)) === wanted) return look * 25
}

it("a run is waited for as long as it may take, and then ended", () => {
  expect(countUntil("end", () => false)).toBe(1025)
})

it("a run whose wrapper is dead is waited for as long as somebody may be ending it", () => {
  expect(countUntil("end", () => true)).toBe(225)
  expect(countUntil("end", (look) => look > 10)).toBe(250 + 225)
})

it("whatever is seen, a wait ends within the run's time and the time to end it, and it is ended once", () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.boolean()), (seen) => {
      const patience = makePatience(limits, 25)
      const said = []
      for (const isOrphaned of seen) {
        said.push(patience.next(isOrphaned))
        if (said.at(-1) === "stop") break
      }
      expect(said.length).toBeLessThanOrEqual((1000 + 25 + 100 + 25) / 25)
      expect(said.filter((word) => word === "end")).toHaveLength(1)
    }),
  )
})

it("a run that begins has its whole time", () => {
  const patience = makePatience(limits, 25)
  for (let look = 0; look < 40; look++) patience.next(false)
  patience.restart()
  for (let look = 0; look < 40; look++) expect(patience.next(false)).toBe("wait")
})
