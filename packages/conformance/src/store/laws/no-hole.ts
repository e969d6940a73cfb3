import { Effect, Fiber } from "effect"
import { holds, same } from "../../Law.ts"
import { collect, openLedger, positionsOf, upTo, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-15",
  statement: "Who has been shown a position, or was told that a page covers it, has seen all that lies at or below it.",
  violation: "positions are drawn before the commit, so that a reader goes past a fact that is not committed yet.",
  check: (place) =>
    Effect.gen(function* () {
      const writers = yield* Effect.forEach(upTo(4), () => openLedger(place))
      const readers = yield* Effect.forEach(upTo(3), () => place.open)
      const count = 25
      const total = count * writers.length
      const reading = yield* Effect.forEach(readers, (store, r) =>
        Effect.forkChild(
          Effect.gen(function* () {
            const seen: Array<number> = []
            for (let at = 0; at < total;) {
              const page = yield* store.readAfter(at, 1 + 2 * r)
              seen.push(...positionsOf(page.events))
              const last = page.events.at(-1)?.position ?? at
              yield* holds("a page covers its own records", page.covers >= last, page)
              at = page.events.length === 0 ? Math.max(at, Math.min(page.covers, total)) : last
              yield* Effect.sleep(0)
            }
            return seen
          }),
          { startImmediately: true },
        ),
      )
      yield* Effect.forEach(
        writers,
        (ledger, w) => Effect.forEach(upTo(count), (i) => write(ledger, `job-${w}`, `${w}:${i}`)),
        { concurrency: "unbounded" },
      )
      const all = positionsOf(yield* collect((yield* openLedger(place)).read()))
      yield* same("all positions", all, upTo(total))
      for (const each of reading) yield* same("what a reader at full speed saw", yield* Fiber.join(each), all)
    }),
}
export default law
