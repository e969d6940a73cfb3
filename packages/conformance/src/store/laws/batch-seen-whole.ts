import { Effect, Fiber } from "effect"
import { same } from "../../Law.ts"
import { openLedger, upTo, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-16",
  statement: "Nobody ever sees a part of a batch.",
  violation: "each record of a batch is committed on its own, and somebody reads, or the power fails, in between.",
  check: (place) =>
    Effect.gen(function* () {
      const ledger = yield* openLedger(place)
      const store = yield* place.open
      let isDone = false
      const reading = yield* Effect.forkChild(
        Effect.gen(function* () {
          const cuts = new Set<string>()
          while (!isDone) {
            for (const { events } of [yield* store.readAfter(0, 1_000), yield* store.readStream("a", 0, 1_000)]) {
              const last = events.at(-1)
              if (last?.batch !== undefined && last.batch[0] + 1 !== last.batch[1])
                cuts.add(`${last.batch[0] + 1} of ${last.batch[1]}`)
            }
            yield* Effect.sleep(0)
          }
          return cuts
        }),
        { startImmediately: true },
      )
      for (const n of upTo(20)) yield* write(ledger, "a", ...upTo(5).map((i) => `${n}:${i}`))
      isDone = true
      yield* same("parts of batches that a reader saw", [...(yield* Fiber.join(reading))], [])
    }),
}
export default law
