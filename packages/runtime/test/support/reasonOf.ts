import { Effect } from "effect"
import { expect } from "vitest"
import { type JobDeclaration, settleJob } from "../../src/index.ts"
import { declare, world } from "./world.ts"

/** Settles; answers the reason in the fact. The attempt has ended, and no word of what was thrown is in the ledger. */
export const reasonOf = (more: Partial<JobDeclaration>, made = world()) =>
  made.run(
    Effect.gen(function* () {
      const status = yield* settleJob(declare({ answerDeadline_ms: 20, verifierDeadline_ms: 20, ...more }))
      const told = JSON.stringify(status)
      expect(told).not.toContain("secret")
      const asked = yield* settleJob(declare(more))
      expect(asked).toEqual(status)
      return status.status === "failed" ? status.failed.failure.reason : status.status
    }),
  )
