import { describe, expect, it } from "vitest"
import { useHammer } from "./support/hammer.ts"
import { needsPostgres, usePostgres } from "./support/postgres.ts"

const postgres = usePostgres()
const run = useHammer(postgres, 4)

describe("four processes with eight writers each, whose commits come late, read and followed at full speed", () => {
  needsPostgres(it)(
    "100 000 facts: nothing is skipped, nothing is met twice, everybody sees one order, and every answer was true",
    async () => {
      expect(await run({ writers: 8, batches: 125, batch: 25, variant: "sound" })).toEqual([])
    },
    120_000,
  )
  needsPostgres(it)(
    "the same with positions that are given away before the commit: readers skip facts, and this test says so",
    async () => {
      const wrong = await run({ writers: 8, batches: 8, batch: 5, variant: "reserve" })
      expect(wrong).toContainEqual(expect.stringMatching(/^a reader skipped \d+ facts$/u))
      expect(wrong).toContainEqual(expect.stringMatching(/^a follower skipped \d+ facts$/u))
    },
    120_000,
  )
  needsPostgres(it)(
    "the same without the head's lock: writers meet each other's positions, and this test says so",
    async () => {
      const wrong = await run({ writers: 8, batches: 8, batch: 5, variant: "no-lock" })
      expect(wrong).toContainEqual(expect.stringMatching(/facts are there, not/u))
    },
    120_000,
  )
})
