import { Effect } from "effect"
import { same } from "../../Law.ts"
import { jobOf, ledgerOver, positionsOf, upTo, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-06",
  statement: "A page holds at most its limit of records above (or below) its position, and says how far it covers.",
  violation: "an off-by-one at the edge, or a page that claims to cover what it left out.",
  check: (place) =>
    Effect.gen(function* () {
      const store = yield* place.open
      const ledger = yield* ledgerOver(place, store)
      for (let i = 0; i < 9; i++) yield* write(ledger, jobOf(i), `n${i}`)
      for (const limit of [1, 2, 4, 8, 9, 10]) {
        const after = yield* store.readAfter(0, limit)
        yield* same(`readAfter(0, ${limit})`, positionsOf(after.events), upTo(9).slice(0, limit))
        yield* same(`what readAfter(0, ${limit}) covers`, after.covers, Math.min(limit, 9))
        const before = yield* store.readBefore(10, limit)
        yield* same(`readBefore(10, ${limit})`, positionsOf(before.events), upTo(9).toReversed().slice(0, limit))
        const stream = yield* store.readStream("b", 0, limit)
        yield* same(`readStream("b", 0, ${limit})`, positionsOf(stream.events), [2, 5, 8].slice(0, limit))
        yield* same(`what readStream("b", 0, ${limit}) covers`, stream.covers, limit < 3 ? [2, 5][limit - 1] : 9)
      }
      const middle = yield* store.readAfter(3, 2)
      yield* same("readAfter(3, 2)", positionsOf(middle.events), [4, 5])
      yield* same("readBefore(4, 2)", positionsOf((yield* store.readBefore(4, 2)).events), [3, 2])
      for (const position of [9, 50]) {
        const beyond = yield* store.readAfter(position, 5)
        yield* same(`readAfter(${position}, 5)`, [beyond.events, beyond.covers], [[], 9])
      }
      yield* same("readBefore(1, 5)", (yield* store.readBefore(1, 5)).events, [])
      yield* same("readStream of nobody", (yield* store.readStream("nobody", 0, 5)).events, [])
    }),
}
export default law
