import { Effect } from "effect"
import { expect, it } from "vitest"
import { hammer } from "./support/hammer.ts"
import { needsPostgres, usePostgres } from "./support/postgres.ts"

const postgres = usePostgres()

needsPostgres(it)(
  "four processes with eight writers each, 100 000 facts: nothing is skipped, nothing is met twice",
  async () => {
    // One by one as well as in batches.
    for (const [batches, batch] of [
      [313, 10],
      [100, 1],
    ] as const) {
      const wrong = await Effect.runPromise(
        hammer(postgres, { processes: 4, writers: 8, batches, batch, variant: "sound" }),
      )
      expect(wrong).toEqual([])
    }
  },
)
