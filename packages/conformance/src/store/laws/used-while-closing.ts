import { Effect, Exit, Scope } from "effect"
import { same } from "../../Law.ts"
import { collect, ledgerOver, openLedger, textsOf, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-26",
  statement: "Until its own end comes, a store whose scope has begun to close is used as ever: a ledger saves then.",
  violation:
    "making connections by fibers forked into the scope that closes, which never run: whoever waits waits for ever.",
  check: (place) =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const ledger = yield* Scope.provide(
        Effect.flatMap(place.open, (store) => ledgerOver(place, store)),
        scope,
      )
      yield* write(ledger, "a", "before")
      const read: Array<string> = []
      // Added last, and so done first.
      const atTheEnd = Effect.gen(function* () {
        yield* write(ledger, "a", "at the end")
        read.push(...textsOf(yield* collect(ledger.read())))
      })
      let failure: unknown
      yield* Scope.addFinalizer(
        scope,
        Effect.catch(atTheEnd, (error) => Effect.sync(() => (failure = error))),
      )
      yield* Scope.close(scope, Exit.void)
      yield* same("what failed", failure, undefined)
      yield* same("what was read at the end", read, ["before", "at the end"])
      const after = yield* openLedger(place)
      yield* same("what is read afterwards", textsOf(yield* collect(after.read())), ["before", "at the end"])
    }),
}
export default law
