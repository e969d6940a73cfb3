import { Effect } from "effect"
import { same } from "../../Law.ts"
import { brief, collect, jobOf, openLedger, positionsOf, textsOf, upTo, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-09",
  statement: "Stores on one place share one row of positions: what any of them appends at once is there, each once.",
  violation: "two writers read the same last position and give the next one away twice.",
  check: (place) =>
    Effect.gen(function* () {
      const ledgers = [yield* openLedger(place), yield* openLedger(place), yield* openLedger(place)] as const
      const answers = yield* Effect.forEach(
        upTo(120),
        (i) => write(ledgers[i % 3] ?? ledgers[0], jobOf(i), ...(i % 5 === 0 ? [`n${i}`, `n${i}+`] : [`n${i}`])),
        { concurrency: "unbounded" },
      )
      const all = yield* collect(ledgers[0].read())
      yield* same("the positions", positionsOf(all), upTo(144))
      yield* same(
        "the texts",
        textsOf(all).toSorted(),
        upTo(120)
          .flatMap((i) => (i % 5 === 0 ? [`n${i}`, `n${i}+`] : [`n${i}`]))
          .toSorted(),
      )
      yield* same(
        "what was answered",
        answers
          .flat()
          .toSorted((a, b) => a.position - b.position)
          .map(brief),
        all.map(brief),
      )
      for (const other of ledgers)
        yield* same("what every store reads", (yield* collect(other.read())).map(brief), all.map(brief))
    }),
}
export default law
