import { Effect } from "effect"
import { same } from "../../Law.ts"
import { collect, openLedger, positionsOf, textsOf, upTo, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-14",
  statement: "What is acknowledged is read by everybody from that moment on.",
  violation: "the append answers when the records are handed over, not when they are written; or a replica is read.",
  check: (place) =>
    Effect.gen(function* () {
      const ledger = yield* openLedger(place)
      const other = yield* openLedger(place)
      for (const n of upTo(20)) {
        yield* write(ledger, "a", `n${n}`)
        yield* same("what another store reads right after", positionsOf(yield* collect(other.read())), upTo(n))
        const fresh = yield* Effect.flatMap(place.open, (store) => store.readStream("a", n - 1, 10))
        yield* same("what a store reads that is opened right after", textsOf(fresh.events), [`n${n}`])
      }
    }),
}
export default law
