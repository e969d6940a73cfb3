import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { hammer, type Hammering } from "./support/hammer.ts"
import { needsPostgres, usePostgres } from "./support/postgres.ts"

const postgres = usePostgres()
const processes = { processes: 4, writers: 8 } as const
const run = (hammering: Hammering) => Effect.runPromise(hammer(postgres, hammering))

describe("four processes with eight writers each, whose commits come late, read and followed at full speed", () => {
  needsPostgres(it)(
    "100 000 facts: nothing is skipped, nothing is met twice, everybody sees one order, and every answer was true",
    async () => {
      expect(await run({ ...processes, batches: 125, batch: 25, variant: "sound" })).toEqual([])
    },
    120_000,
  )
  needsPostgres(it)(
    "the same with positions that are given away before the commit: readers skip facts, and this test says so",
    async () => {
      const wrong = await run({ ...processes, batches: 8, batch: 5, variant: "reserve" })
      expect(wrong).toContainEqual(expect.stringMatching(/^a reader skipped \d+ facts$/u))
      expect(wrong).toContainEqual(expect.stringMatching(/^a follower skipped \d+ facts$/u))
    },
    120_000,
  )
  needsPostgres(it)(
    "the same without the head's lock: writers meet each other's positions, and this test says so",
    async () => {
      const wrong = await run({ ...processes, batches: 8, batch: 5, variant: "no-lock" })
      expect(wrong).toContainEqual(expect.stringMatching(/facts are there, not/u))
    },
    120_000,
  )
})
