import { Effect } from "effect"
import { refused, same } from "../../Law.ts"
import { collect, named, openLedger, origin, textsOf, write, written } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-02",
  statement: "A batch is recorded whole or not at all.",
  violation: "each record of a batch is inserted on its own, and those before the refused one stay.",
  check: (place) =>
    Effect.gen(function* () {
      const ledger = yield* openLedger(place)
      yield* ledger.append([named("a", "taken")], origin("r1"))
      yield* refused(
        "a batch whose second fact takes a name that is taken",
        ledger.append([written("b", "one"), named("b", "taken"), written("b", "two")], origin("r2")),
        "Conflict",
      )
      yield* same("records after the refusal", (yield* collect(ledger.read())).length, 1)
      yield* write(ledger, "b", "one", "two", "three")
      const batch = yield* collect((yield* openLedger(place)).readStream("b"))
      yield* same("the batch", textsOf(batch), ["one", "two", "three"])
      yield* same(
        "its marks",
        batch.map((event) => event.batch),
        [
          [0, 3],
          [1, 3],
          [2, 3],
        ],
      )
    }),
}
export default law
