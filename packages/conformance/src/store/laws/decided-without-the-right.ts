import { Effect } from "effect"
import { same } from "../../Law.ts"
import { positionsOf, readOn, recordAt, upTo } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-25",
  statement:
    "What is decided before the right to append is held rests on all that was recorded, an answer without facts too.",
  violation: "the condition is checked for what is recorded only, so that a refusal speaks of what was.",
  check: (place) =>
    Effect.gen(function* () {
      const [one, two] = [yield* place.open, yield* place.open]
      const add = (store: typeof one, jobId: string) =>
        (store.commitOptimistically ?? store.commit)((session) =>
          session.append([[recordAt(session.head + 1, jobId, "x")]]),
        )
      const look = (store: typeof one) =>
        (store.commitOptimistically ?? store.commit)((session) =>
          Effect.map(readOn(session.readAfter), (events) => [session.head, positionsOf(events)]),
        )
      // Each comes to believe that nobody else is there, and is wrong the next time.
      for (const round of [0, 1, 2, 3]) {
        const [here, there] = round % 2 === 0 ? [one, two] : [two, one]
        for (const n of upTo(4)) yield* add(here, `job-${n}`)
        yield* same("what is decided upon", yield* look(here), [round * 5 + 4, upTo(round * 5 + 4)])
        yield* add(there, "other")
        yield* same("what is decided upon after somebody else", yield* look(here), [round * 5 + 5, upTo(round * 5 + 5)])
      }
      const adding = (store: typeof one, jobId: string) => Effect.forEach(upTo(15), () => add(store, jobId))
      yield* Effect.all([adding(one, "one"), adding(two, "two")], { concurrency: 2 })
      yield* same("all positions", positionsOf(yield* readOn(one.readAfter)), upTo(50))
    }),
}
export default law
