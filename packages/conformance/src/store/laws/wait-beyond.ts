import { Effect, Fiber } from "effect"
import { same } from "../../Law.ts"
import { openLedger, positionsOf, upTo, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-22",
  statement: "Waiting beyond a position ends when there is more, also when that came before the waiting began.",
  violation: "waiting for the next notification only, although the record it told of is already there.",
  check: (place) =>
    Effect.gen(function* () {
      const store = yield* place.open
      const other = yield* openLedger(place)
      for (const n of upTo(10)) {
        const waiting = yield* Effect.forkChild(store.waitBeyond(n - 1), { startImmediately: n % 2 === 0 })
        yield* write(other, "a", `n${n}`)
        yield* Fiber.join(waiting)
        yield* same("what is there then", positionsOf((yield* store.readAfter(n - 1, 5)).events), [n])
      }
      for (const position of [0, 5, 9]) yield* (yield* place.open).waitBeyond(position)
    }),
}
export default law
