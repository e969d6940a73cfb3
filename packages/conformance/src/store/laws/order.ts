import { Effect } from "effect"
import { same } from "../../Law.ts"
import { collect, jobOf, openLedger, positionsOf, textsOf, upTo, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-01",
  statement: "What is appended is read in the order in which it was appended, at the positions 1, 2, 3 …",
  violation: "positions from a clock or from a sequence that other writers move too, or reading without an order.",
  check: (place) =>
    Effect.gen(function* () {
      const ledger = yield* openLedger(place)
      for (let i = 0; i < 20; i++) yield* write(ledger, jobOf(i), `n${i}`)
      const events = yield* collect(ledger.read())
      yield* same("the positions", positionsOf(events), upTo(20))
      yield* same(
        "the texts",
        textsOf(events),
        upTo(20).map((n) => `n${n - 1}`),
      )
    }),
}
export default law
