import { Effect, Fiber } from "effect"
import { holds } from "../../Law.ts"
import { Counted, openLedger, upTo, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-23",
  statement: "A question that is asked after an append was acknowledged knows of it, whichever store is asked.",
  violation: "folded state is answered from while others may already append.",
  check: (place) =>
    Effect.gen(function* () {
      const [one, two] = [yield* openLedger(place), yield* openLedger(place)]
      const ask = two.query(Counted, (view) => view.get("a") ?? 0)
      yield* ask
      // The second store is kept busy, since that is when it may think that it knows everything.
      const isBusy = yield* Effect.forkChild(Effect.forever(Effect.andThen(write(two, "b", "busy"), Effect.sleep(0))), {
        startImmediately: true,
      })
      for (const n of upTo(40)) {
        yield* write(one, "a", `n${n}`)
        const answer = yield* ask
        yield* holds(`the answer after ${n} appends`, answer >= n, answer)
      }
      yield* Fiber.interrupt(isBusy)
    }),
}
export default law
