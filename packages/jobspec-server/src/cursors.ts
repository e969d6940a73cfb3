/**
 * Where the event of a given id stands (JobSpec v0 §3.4).
 *
 * An id of ours ends in its position, so one look finds it. The ids of other writers are remembered from the first time that
 * one is asked for; those that come later are ours, so that what is remembered does not grow.
 *
 * @module
 */
import { positionIn } from "@waybill/jobspec"
import type { LedgerShape } from "@waybill/ledger"
import { Effect, Semaphore, Stream } from "effect"

/** About how much is read at once while ids are learnt. */
const learnt_bytes = 8_388_608

/** Finds the position of an event, `undefined` where the ledger has no such event. */
export const makeCursors = (
  ledger: LedgerShape,
): Effect.Effect<(id: string) => Effect.Effect<number | undefined, Error>> =>
  Effect.gen(function* () {
    const alone = yield* Semaphore.make(1)
    const foreign = new Map<string, number>()
    let seen = 0

    const idAt = (position: number) =>
      Effect.map(Stream.runCollect(Stream.take(ledger.read({ after: position - 1, page_records: 1 }), 1)), ([event]) =>
        event?.position === position ? event.event_id : undefined,
      )
    const learn = alone.withPermits(1)(
      Effect.suspend(() =>
        Stream.runForEachArray(ledger.read({ after: seen, page_bytes: learnt_bytes }), (events) =>
          Effect.sync(() => {
            for (const { event_id, position } of events) {
              if (positionIn(event_id) !== position && !foreign.has(event_id)) foreign.set(event_id, position)
              seen = position
            }
          }),
        ),
      ),
    )
    return (id) =>
      Effect.gen(function* () {
        const told = positionIn(id)
        if (told !== undefined && (yield* idAt(told)) === id) return told
        const known = foreign.get(id)
        if (known !== undefined) return known
        yield* learn
        return foreign.get(id)
      })
  })
