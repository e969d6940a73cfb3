import { Deferred, Effect, Fiber } from "effect"
import { refused, same } from "../../Law.ts"
import { positionsOf, readOn, recordAt } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

class GaveUp {
  readonly _tag = "GaveUp"
}

const law: StoreLaw = {
  id: "STORE-20",
  statement: "A commit that fails, dies, is interrupted or appends nothing records nothing and lets the next one in.",
  violation:
    "the lock is given back after success only, and the ledger stands still until somebody restarts something.",
  check: (place) =>
    Effect.gen(function* () {
      const [one, two] = [yield* place.open, yield* place.open]
      const append = (position: number) =>
        two.commit((session) =>
          Effect.andThen(
            same("the head", session.head, position - 1),
            session.append([[recordAt(position, "a", `n${position}`)]]),
          ),
        )
      yield* append(1)
      yield* refused(
        "a commit whose body fails",
        one.commit(() => Effect.fail(new GaveUp())),
        "GaveUp",
      )
      yield* append(2)
      yield* Effect.exit(one.commit(() => Effect.die("on purpose")))
      yield* append(3)
      const entered = yield* Deferred.make<void>()
      const stuck = yield* Effect.forkChild(
        one.commit(() => Effect.andThen(Deferred.succeed(entered, undefined), Effect.never)),
        { startImmediately: true },
      )
      yield* Deferred.await(entered)
      yield* Fiber.interrupt(stuck)
      yield* append(4)
      yield* one.commit((session) => same("the head", session.head, 4))
      yield* append(5)
      yield* same("the positions", positionsOf(yield* readOn(one.readAfter)), [1, 2, 3, 4, 5])
    }),
}
export default law
