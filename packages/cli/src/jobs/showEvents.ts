/**
 * The facts of a ledger as lines of JSON, as they stand, and with `--follow` as they come.
 *
 * @module
 */
import type { Context } from "@waybill/command"
import { Ledger, type RecordedEvent } from "@waybill/ledger"
import { Effect, Stream } from "effect"
import { runHere } from "../Opening.ts"
import { type Damaged, endOnDamage } from "../keeping/damage.ts"
import { ledgerLayer } from "../Ledgers.ts"
import { refuseNowhere } from "../Nowhere.ts"
import type { Place } from "../Place.ts"

export interface EventWords {
  readonly after: number
  readonly job?: string | undefined
  readonly type?: string | undefined
  readonly follow: boolean
  /** `refuse` when left out. */
  readonly damaged?: Damaged
}

export const showEvents = (words: EventWords, place: Place, ctx: Context): Promise<void> => {
  refuseNowhere(place)
  const { after, damaged = "refuse", follow, job, type } = words
  const isWanted = ({ event_type, job_id }: RecordedEvent): boolean =>
    (job === undefined || job_id === job) && (type === undefined || event_type.startsWith(type))
  const program = Effect.gen(function* () {
    const ledger = yield* Ledger
    const events = follow
      ? ledger.tail({ after })
      : job === undefined
        ? ledger.read({ after })
        : ledger.readStream(job, { after })
    yield* Stream.runForEach(Stream.filter(events, isWanted), (event) => Effect.promise(() => ctx.write(event)))
    yield* endOnDamage(ledger, damaged, "not every fact could be printed", place, ctx)
  })
  return runHere(Effect.provide(program, ledgerLayer(place, "read")), ctx.signal)
}
