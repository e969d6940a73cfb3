/** What a worker's steps cost its ledger: commits that wait for the disk, and looks at what others have recorded. */
import type { Store } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Effect, Fiber } from "effect"
import { expect, it } from "vitest"
import { type Executor, runWorker } from "../src/index.ts"
import { factsOf, heldUp, jobNow, ledgerDesk, listener, submit } from "./support/workplace.ts"

const quick: Executor = { execute: ({ job_id }) => Effect.succeed({ artifacts: { made: job_id } }) }

/** A store that counts, and of which nobody knows whether others have appended since, as in a database. */
const counted = () => {
  const counts = { commits: 0, looks: 0 }
  const store = Effect.map(makeMemoryStore(), (memory): Store => ({
    ...memory,
    commit: (body) =>
      memory.commit((session) => {
        counts.commits++
        return body({ ...session, endsWithAppend: true })
      }),
    readAfter: (position, limit) => {
      counts.looks++
      return memory.readAfter(position, limit)
    },
  }))
  return { counts, store }
}

it("a worker asks for its next job in the commit that ends the last one, and reads nothing again", () => {
  const { counts, store } = counted()
  const ids = ["a", "b", "c", "d", "e"]
  return ledgerDesk.atWork(
    Effect.gen(function* () {
      const { observe, until } = listener()
      for (const id of ids) yield* submit(id)
      const before = { ...counts }
      yield* Effect.forkScoped(runWorker({ executors: { "test.work": quick }, observe }))
      yield* until("completed", "e")
      // The first claim, and one commit for each job.
      expect({ commits: counts.commits - before.commits, looks: counts.looks - before.looks }).toEqual({
        commits: 1 + ids.length,
        looks: 0,
      })
      for (const id of ids) expect(yield* factsOf(id)).toEqual(["job.accepted", "job.claimed", "job.completed"])
    }),
    store,
  )
})

it("a worker that was asked to end claims nothing together with the end of its last job", () =>
  ledgerDesk.atWork(
    Effect.gen(function* () {
      const { kinds, observe, until } = listener()
      const { executor, letEnd } = yield* heldUp()
      yield* submit("a")
      yield* submit("b")
      const worker = yield* Effect.forkScoped(runWorker({ executors: { "test.work": executor }, observe }))
      yield* until("claimed", "a")
      const ending = yield* Effect.forkScoped(Fiber.interrupt(worker))
      yield* until("draining", "a")
      yield* letEnd
      yield* Fiber.join(ending)
      expect(kinds()).toEqual(["claimed", "draining", "completed"])
      expect((yield* jobNow("b"))?.status).toBe("queued")
    }),
  ))
