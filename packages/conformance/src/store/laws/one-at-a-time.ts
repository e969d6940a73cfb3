import { Effect } from "effect"
import { same } from "../../Law.ts"
import { positionsOf, readOn, recordAt, upTo } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-19",
  statement: "One at a time may append, and sees under the lock all that was appended before.",
  violation: "a lock inside the process only; or a snapshot taken before the lock was, so that the tail is missed.",
  check: (place) =>
    Effect.gen(function* () {
      const stores = [yield* place.open, yield* place.open, yield* place.open]
      let inside = 0
      yield* Effect.forEach(
        stores,
        (store, s) =>
          Effect.forEach(upTo(10), () =>
            store.commit((session) =>
              Effect.gen(function* () {
                inside++
                yield* same("how many hold the right to append", inside, 1)
                const { head } = session
                yield* Effect.sleep(0)
                const tail = yield* readOn(session.readAfter)
                yield* same("what the holder reads", positionsOf(tail), upTo(head))
                const none = yield* session.readAfter(head, 10)
                yield* same("what the holder reads above the head", [none.events, none.covers], [[], head])
                yield* same("how many hold the right to append", inside, 1)
                yield* same("the head", session.head, head)
                // What ends the right, ends the turn.
                inside--
                yield* session.append([[recordAt(head + 1, `job-${s}`, "x")]])
              }),
            ),
          ),
        { concurrency: "unbounded" },
      )
      const all = yield* readOn((yield* place.open).readAfter)
      yield* same("all positions", positionsOf(all), upTo(30))
    }),
}
export default law
