import type { RecordedEvent } from "@waybill/ledger"
import { Effect } from "effect"
import { expect } from "vitest"
import { repairLedger, verifyLedger } from "../../src/index.ts"
import { build, type Injury, injure, jobs, on, open, openStore } from "./injuries.ts"
import { brief, collect, write } from "./texts.ts"

/** One job's stream, by a store of which nothing else was asked before: it learns of this job alone. */
const alone = (job: string) =>
  Effect.gen(function* () {
    const store = yield* openStore
    const found: Array<RecordedEvent> = []
    for (let after = 0; ;) {
      const { covers, events } = yield* store.readStream(job, after, 3)
      found.push(...events)
      if (covers <= after) return found
      after = covers
    }
  })

/** Upwards, downwards and along each job, by stores that know nothing yet, by some that learn of one job, and by one that knows all. */
export const told = Effect.gen(function* () {
  const up = yield* Effect.flatMap(open, (ledger) => collect(ledger.read()))
  const down = yield* Effect.flatMap(open, (ledger) => collect(ledger.readBackwards()))
  const first = yield* Effect.forEach(jobs, (job) => Effect.flatMap(open, (ledger) => collect(ledger.readStream(job))))
  const only = yield* Effect.forEach(jobs, alone)
  const knowing = yield* open
  yield* collect(knowing.read())
  const known = yield* Effect.forEach(jobs, (job) => collect(knowing.readStream(job)))
  return { up, down, streams: [...first, ...only, ...known] }
}).pipe(
  Effect.timeout("20 seconds"),
  Effect.catchTag("TimeoutError", () => Effect.die("a reading does not end")),
)

/**
 * Injures a ledger and repairs it, and asks whether all readings tell the same all the while, and whether that was enough: once, where
 * it is to change nothing either, and twice otherwise.
 */
export const repairsAll = async (what: ReadonlyArray<Injury>, forms: number, andKeeps?: "and changes nothing") => {
  const ruin = await build(forms)
  const { layer } = ruin
  const done = what.map((each) => injure(ruin, each))
  const read = async () => {
    const { down, streams, up } = await on(layer, told)
    expect([done, down.map(brief).toReversed()]).toEqual([done, up.map(brief)])
    for (const [i, stream] of streams.entries()) {
      const job = jobs[i % jobs.length]
      const wanted = up.filter(({ job_id }) => job_id === job).map(brief)
      expect([done, job, stream.map(brief)]).toEqual([done, job, wanted])
    }
    return up.map(brief)
  }
  const repair = repairLedger({ root: "/r", actor: "operator", requestId: "repair" })
  const now = await read()
  await on(layer, repair)
  const appended = await on(layer, Effect.result(Effect.flatMap(open, (ledger) => write(ledger, "j0", "after"))))
  expect([done, appended]).toMatchObject([done, { _tag: "Success" }])
  const then = await read()
  if (andKeeps !== undefined) expect([done, then.slice(0, now.length)]).toEqual([done, now])
  const left = (await on(layer, repair)).flaws
  // Of many injuries, a repair may uncover what one of them hid.
  if (andKeeps !== undefined) expect([done, left]).toEqual([done, []])
  const { flaws, unsealed } = await on(layer, verifyLedger({ root: "/r" }))
  expect([done, unsealed, flaws.filter(({ isAcknowledged }) => isAcknowledged !== true)]).toEqual([done, 0, []])
  for (const { positions: [from, to] = [0, 0] } of flaws) expect([done, from <= to]).toEqual([done, true])
}
