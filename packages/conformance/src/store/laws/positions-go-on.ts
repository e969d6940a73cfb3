import { Effect } from "effect"
import { refused, same } from "../../Law.ts"
import { openLedger, readOn, recordAt, textsOf, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-18",
  statement: "Positions go on from the head without a gap: no record takes a place that is taken or leaves one free.",
  violation: "the store writes whatever position it is handed, also after somebody else has changed the ledger.",
  check: (place) =>
    Effect.gen(function* () {
      yield* write(yield* openLedger(place), "a", "one", "two")
      const store = yield* place.open
      for (const position of [1, 2, 4, 0])
        yield* refused(
          `a record at position ${position} after two`,
          store.commit((session) => session.append([[recordAt(position, "b", "misplaced", `evt_${position}`)]])),
          "StoreRefused",
        )
      yield* same("the texts", textsOf(yield* readOn(store.readAfter)), ["one", "two"])
      yield* store.commit((session) => session.append([[recordAt(3, "b", "three")], [recordAt(4, "b", "four")]]))
      yield* same("the texts", textsOf(yield* readOn(store.readAfter, 1)), ["two", "three", "four"])
    }),
}
export default law
