/** A store that checks nothing and locks nothing: what somebody writes who has read the port's types and not its words. */
import { decodeLine, type NewRecord, type Store } from "@waybill/ledger"
import { Effect, Result } from "effect"

export const makeNaiveStore = (): Store => {
  const records: Array<NewRecord> = []
  const read = ({ event: { position }, line }: NewRecord) => ({ ...Result.getOrThrow(decodeLine(line)), position })
  const head = () => Math.max(0, ...records.map(({ event }) => event.position))
  const page = (chosen: ReadonlyArray<NewRecord>, limit: number) => {
    const events = chosen.slice(0, limit).map(read)
    return { events, generation: 0, covers: chosen.length > limit ? (events.at(-1)?.position ?? 0) : head() }
  }
  const readAfter: Store["readAfter"] = (position, limit) =>
    Effect.sync(() =>
      page(
        records
          .filter(({ event }) => event.position > position)
          .toSorted((a, b) => a.event.position - b.event.position),
        limit,
      ),
    )
  return {
    where: "naive",
    commit: (body) =>
      Effect.suspend(() =>
        body({
          head: head(),
          generation: 0,
          readAfter,
          // A database is not reached in no time.
          append: (batches) =>
            Effect.andThen(
              Effect.sleep(0),
              Effect.sync(() => void records.push(...batches.flat())),
            ),
          saveCheckpoint: () => Effect.void,
        }),
      ),
    readAfter,
    readBefore: (position, limit) =>
      Effect.sync(() =>
        page(
          records
            .filter(({ event }) => event.position < position)
            .toSorted((a, b) => b.event.position - a.event.position),
          limit,
        ),
      ),
    readStream: (jobId, position, limit) =>
      Effect.sync(() =>
        page(
          records.filter(({ event }) => event.job_id === jobId && event.position > position),
          limit,
        ),
      ),
    waitBeyond: (position) =>
      Effect.gen(function* () {
        while (head() <= position) yield* Effect.sleep(1)
      }),
    loadCheckpoint: () => Effect.succeed(undefined),
    health: Effect.succeed({ corrupt: [], torn_bytes: 0 }),
  }
}
