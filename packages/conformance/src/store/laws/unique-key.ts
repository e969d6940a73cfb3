import { Effect } from "effect"
import { same } from "../../Law.ts"
import { named, openLedger, origin, upTo } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-04",
  statement: "A unique key is given once, however many ask for it at the same time.",
  violation: "look first, insert afterwards, with room for another writer in between.",
  check: (place) =>
    Effect.gen(function* () {
      const [one, two] = [yield* openLedger(place), yield* openLedger(place)]
      const results = yield* Effect.forEach(
        upTo(12),
        (i) => Effect.result((i % 2 === 0 ? one : two).append([named(`job-${i}`, "one")], origin(`r${i}`))),
        { concurrency: "unbounded" },
      )
      yield* same(
        "what became of twelve who asked for one name",
        results.map((result) => (result._tag === "Success" ? "given" : result.failure._tag)).toSorted(),
        [...Array.from({ length: 11 }, () => "Conflict"), "given"],
      )
    }),
}
export default law
