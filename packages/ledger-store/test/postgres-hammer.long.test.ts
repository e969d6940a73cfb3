import { expect, it } from "vitest"
import { useHammer } from "./support/hammer.ts"
import { needsPostgres, usePostgres } from "./support/postgres.ts"

const postgres = usePostgres()
const run = useHammer(postgres, 4)

needsPostgres(it)(
  "four processes with eight writers each, 100 000 facts: nothing is skipped, nothing is met twice",
  async () => {
    // One by one as well as in batches.
    for (const [batches, batch] of [
      [313, 10],
      [100, 1],
    ] as const) {
      const wrong = await run({ writers: 8, batches, batch, variant: "sound" })
      expect(wrong).toEqual([])
    }
  },
)
