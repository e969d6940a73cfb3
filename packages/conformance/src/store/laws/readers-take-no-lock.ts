import { Deferred, Effect, Fiber } from "effect"
import { same } from "../../Law.ts"
import { openLedger, positionsOf, readOn, recordAt, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-21",
  statement: "Reading, health and opening go on while somebody holds the right to append.",
  violation: "readers take the writers' lock, and a slow decision stops everybody who only looks.",
  check: (place) =>
    Effect.gen(function* () {
      const [one, two] = [yield* place.open, yield* place.open]
      yield* write(yield* openLedger(place), "a", "one", "two")
      const [entered, leave] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const held = yield* Effect.forkChild(
        one.commit((session) =>
          Effect.gen(function* () {
            yield* Deferred.succeed(entered, undefined)
            yield* Deferred.await(leave)
            yield* session.append([[recordAt(session.head + 1, "a", "three")]])
          }),
        ),
        { startImmediately: true },
      )
      yield* Deferred.await(entered)
      for (const store of [one, two, yield* place.open]) {
        yield* same("readAfter", positionsOf(yield* readOn(store.readAfter)), [1, 2])
        yield* same("readBefore", positionsOf((yield* store.readBefore(10, 10)).events), [2, 1])
        yield* same("readStream", positionsOf((yield* store.readStream("a", 0, 10)).events), [1, 2])
        yield* same("a checkpoint", yield* store.loadCheckpoint("none"), undefined)
        yield* same("corrupt records", (yield* store.health).corrupt, [])
      }
      yield* Deferred.succeed(leave, undefined)
      yield* Fiber.join(held)
      yield* same("what there is at the end", positionsOf(yield* readOn(two.readAfter)), [1, 2, 3])
    }),
}
export default law
