import { Effect, Fiber, Stream } from "effect"
import { same } from "../../Law.ts"
import { jobOf, openLedger, positionsOf, upTo, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-08",
  statement: "Whoever follows from any position misses nothing and meets nothing twice, whoever appends.",
  violation: "the follower asks for news after it has looked, and what came in between wakes nobody.",
  check: (place) =>
    Effect.gen(function* () {
      const [one, two] = [yield* openLedger(place), yield* openLedger(place)]
      yield* write(one, "a", "before")
      const follow = (after: number) =>
        Effect.forkChild(Stream.runCollect(Stream.take(one.tail({ after }), 61 - after)), { startImmediately: true })
      const [all, late] = [yield* follow(0), yield* follow(10)]
      yield* Effect.forEach(upTo(40), (i) => write(i % 2 === 0 ? one : two, jobOf(i), `n${i}`), { concurrency: 8 })
      // Only others append now, so that no append of its own brings the follower on.
      yield* Effect.forEach(upTo(20), (i) => write(two, jobOf(i), `m${i}`), { concurrency: 3 })
      yield* same("what the follower saw", positionsOf(yield* Fiber.join(all)), upTo(61))
      yield* same("what a follower from 10 saw", positionsOf(yield* Fiber.join(late)), upTo(61).slice(10))
    }),
}
export default law
