import { describe, expect, it } from "vitest"
import { mayBegin, type Rank, searchTime } from "../src/server/budget.ts"

/** What the laws of a run take on a machine that has nothing else to do; a search takes its time, and this for what it begins with. */
const quiet: ReadonlyArray<readonly [rank: Rank, takes_ms: number]> = [
  ...Array.from({ length: 100 }, () => [0, 60] as const),
  ...Array.from({ length: 6 }, () => [1, 1_200] as const),
  ...Array.from({ length: 2 }, () => [2, 1_000] as const),
  [3, 700],
  ...Array.from({ length: 3 }, () => [4, 1_200] as const),
]

/** A run whose laws take so many times as long: how many were given up, and when it ended. */
const runOn = (slower: number, time_ms = 60_000): { readonly skipped: number; readonly ended_ms: number } => {
  let now = 0
  let skipped = 0
  for (const [i, [rank, takes_ms]] of quiet.entries()) {
    const left = quiet.slice(i)
    const left_ms = time_ms - now
    const searches = left.filter(([of]) => of === 2).length
    const restarts = left.filter(([of]) => of !== 2 && of !== 3).length
    const slowest_restart_ms = 1_200 * slower
    if (!mayBegin(rank, left_ms, time_ms)) skipped++
    else {
      const search_ms = rank === 2 ? searchTime({ time_ms, left_ms, searches, restarts, slowest_restart_ms }) : 0
      now += takes_ms * slower + search_ms
    }
  }
  return { skipped, ended_ms: now }
}

describe("the time of a run", () => {
  it.each([1, 2, 3, 4, 5])("is enough for every law on a machine %i times slower", (slower) =>
    expect(runOn(slower).skipped).toBe(0),
  )
  it("is kept on a machine that has nothing else to do, and on one twice as slow", () => {
    expect(runOn(1).ended_ms).toBeLessThan(60_000)
    expect(runOn(2).ended_ms).toBeLessThan(62_000)
  })
  it("is exceeded by as much again at most, and by the law that goes on then, a search for its least time", () => {
    for (let slower = 3; slower < 100; slower++) expect(runOn(slower).ended_ms).toBeLessThan(123_000 + 1_200 * slower)
  })
  it("that is none leaves everything out", () =>
    expect(([0, 1, 2, 3, 4] as const).map((rank) => mayBegin(rank, 0, 0))).toEqual([false, false, false, false, false]))
  it("leaves each search a part of it, however late it is", () =>
    expect(searchTime({ time_ms: 60_000, left_ms: -50_000, searches: 2, restarts: 3, slowest_restart_ms: 9_000 })).toBe(
      3_000,
    ))
})
