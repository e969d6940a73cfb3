import { Effect } from "effect"
import { refused, same } from "../../Law.ts"
import { collect, openLedger, origin, textsOf, write, written } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-03",
  statement: "An append whose job has moved on is refused and records nothing, whoever moved it.",
  violation: "the condition is checked against what this process knew, not against what others appended since.",
  check: (place) =>
    Effect.gen(function* () {
      const [one, two] = [yield* openLedger(place), yield* openLedger(place)]
      const [first] = yield* write(one, "a", "one")
      const expected = { a: first?.position ?? 0 }
      yield* two.append([written("a", "two")], { ...origin("r2"), expected })
      for (const [i, ledger] of [one, two].entries())
        yield* refused(
          "an append that expects the job where it was",
          ledger.append([written("a", "other")], { ...origin(`r3-${i}`), expected }),
          "Conflict",
        )
      yield* same("the job's texts", textsOf(yield* collect(one.read())), ["one", "two"])
    }),
}
export default law
