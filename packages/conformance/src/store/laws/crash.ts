import { Effect } from "effect"
import { same } from "../../Law.ts"
import { collect, openLedger, positionsOf, textsOf, upTo, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-24",
  statement: "What was acknowledged survives a crash, in its place, and the ledger goes on from there.",
  violation: "the append answers before the flush, or what was flushed is reachable only through a name that was not.",
  appliesTo: (place) => (place.crash === undefined ? "the place offers no crash" : undefined),
  check: (place) =>
    Effect.gen(function* () {
      const acknowledged: Array<string> = []
      for (const life of upTo(4)) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const ledger = yield* openLedger(place)
            for (const n of upTo(3)) {
              const texts = upTo(n).map((i) => `${life}:${n}:${i}`)
              yield* write(ledger, `job-${n}`, ...texts)
              acknowledged.push(...texts)
            }
            yield* place.crash ?? Effect.void
          }),
        )
        const read = yield* collect((yield* openLedger(place)).read())
        yield* same(`what is there after crash ${life}`, textsOf(read), acknowledged)
        yield* same("its positions", positionsOf(read), upTo(acknowledged.length))
      }
    }),
}
export default law
