import { Effect } from "effect"
import { refused, same } from "../../Law.ts"
import { openLedger, readOn, recordAt, textsOf, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-17",
  statement: "An event id is given once: a record whose id is taken is refused, and its batch with it.",
  violation: "a record whose id is known counts as a copy of the first one, whatever it says, and is dropped.",
  check: (place) =>
    Effect.gen(function* () {
      const [first] = yield* write(yield* openLedger(place), "a", "one")
      const store = yield* place.open
      yield* refused(
        "a batch with a record under an id that is taken",
        store.commit((session) =>
          session.append([[recordAt(2, "b", "beside it"), recordAt(3, "a", "another text", first?.event_id)]]),
        ),
        "StoreRefused",
      )
      yield* same("the texts", textsOf(yield* readOn(store.readAfter)), ["one"])
      const [next] = yield* write(yield* openLedger(place), "b", "two")
      yield* same("the next position", next?.position, 2)
    }),
}
export default law
