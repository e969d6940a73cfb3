import { Effect } from "effect"
import { same } from "../../Law.ts"
import { collect, jobOf, ledgerOver, openLedger, positionsOf, upTo, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const law: StoreLaw = {
  id: "STORE-07",
  statement: "Paging from a fresh store, forwards, backwards and along one job, meets every record once.",
  violation: "a page's last record is met again by the next, or a job is found by the beginning of its id.",
  check: (place) =>
    Effect.gen(function* () {
      const ledger = yield* openLedger(place)
      // Ids that begin alike, and wildcards of pattern languages, are different jobs.
      const jobs = ["a", "ab", "a%", "a_", "A"]
      for (let i = 0; i < 30; i++)
        yield* write(ledger, jobs[i % jobs.length] ?? "a", ...Array.from({ length: 1 + (i % 3) }, () => `n${i}`))
      const all = yield* collect(ledger.read())
      yield* same("all positions", positionsOf(all), upTo(60))
      for (const limit of [1, 7, 100]) {
        const store = yield* place.open
        const forwards: Array<number> = []
        for (let at = 0; ;) {
          const { events } = yield* store.readAfter(at, limit)
          if (events.length === 0) break
          forwards.push(...positionsOf(events))
          at = events.at(-1)?.position ?? at
          if (forwards.length > all.length) break
        }
        yield* same(`forwards in pages of ${limit}`, forwards, upTo(60))
      }
      const fresh = yield* ledgerOver(place, yield* place.open)
      yield* same("backwards", positionsOf(yield* collect(fresh.readBackwards())), upTo(60).toReversed())
      for (const job of jobs) {
        const own = positionsOf(all.filter(({ job_id }) => job_id === job))
        yield* same(`along ${job}`, positionsOf(yield* collect(fresh.readStream(job))), own)
        const later = positionsOf(yield* collect(fresh.readStream(job, { after: 20 })))
        yield* same(
          `along ${job} from 21`,
          later,
          own.filter((position) => position > 20),
        )
      }
      yield* same("along a job like no other", yield* collect(fresh.readStream(jobOf(1))), [])
    }),
}
export default law
