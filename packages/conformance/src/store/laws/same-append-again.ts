import { Effect } from "effect"
import { refused, same } from "../../Law.ts"
import { brief, collect, named, openLedger, origin, written } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-05",
  statement:
    "The same append again answers with what is there and records nothing; other facts under the same request are refused.",
  violation: "a retry is recognised by its request id alone, so that a different append gets the first one's answer.",
  check: (place) =>
    Effect.gen(function* () {
      const ledger = yield* openLedger(place)
      const facts = [named("a", "x"), written("a", "one")] as const
      const options = { ...origin("r1"), expected: { a: 0 } }
      const first = yield* ledger.append(facts, options)
      const again = yield* (yield* openLedger(place)).append(facts, options)
      yield* same("the second answer", again.map(brief), first.map(brief))
      yield* same("how many records there are", (yield* collect(ledger.read())).length, 2)
      yield* refused(
        "the same request with another text",
        ledger.append([named("a", "x"), written("a", "another")], options),
        "Conflict",
      )
    }),
}
export default law
