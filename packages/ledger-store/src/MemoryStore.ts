/**
 * A store in memory: for tests, and for whoever wants the ledger's rules without its durability. What is appended is gone
 * with the process.
 *
 * @module
 */
import {
  type Checkpoint,
  decodeLine,
  type NewRecord,
  type RecordedEvent,
  type Store,
  StoreRefused,
} from "@waybill/ledger"
import { Effect, Result, Semaphore } from "effect"

/**
 * Makes an empty store. It keeps each record's line and reads it back from there, so that whatever does not survive its
 * own text shows here too. Ledgers over the same store see each other's facts, as processes on one directory do.
 */
export const makeMemoryStore = (): Effect.Effect<Store> =>
  Effect.gen(function* () {
    const lock = yield* Semaphore.make(1)
    const records: Array<RecordedEvent> = []
    const ids = new Set<string>()
    const streams = new Map<string, Array<RecordedEvent>>()
    const checkpoints = new Map<string, string>()
    let waiting: Array<() => void> = []

    const read = ({ event: { position }, line }: NewRecord): RecordedEvent => ({
      ...Result.getOrThrow(decodeLine(line)),
      position,
    })
    const record = (event: RecordedEvent): void => {
      records.push(event)
      ids.add(event.event_id)
      const stream = streams.get(event.job_id)
      if (stream === undefined) streams.set(event.job_id, [event])
      else stream.push(event)
    }

    /** Why these records cannot go on from the head. */
    const refuse = (events: ReadonlyArray<RecordedEvent>): StoreRefused | undefined => {
      const because = (reason: string) => new StoreRefused({ where: "memory", reason })
      const own = new Set<string>()
      for (const [i, { event_id, position }] of events.entries()) {
        const next = records.length + 1 + i
        if (position !== next) return because(`${event_id} is meant for position ${position}, but the next is ${next}`)
        if (ids.has(event_id) || own.has(event_id)) return because(`the event id ${event_id} is taken`)
        own.add(event_id)
      }
      return undefined
    }

    const page = (events: ReadonlyArray<RecordedEvent>, covers: number) => ({ events, covers, generation: 0 })

    /** The index of the first event above a position. Positions rise, so halving finds it. */
    const above = (events: ReadonlyArray<RecordedEvent>, position: number): number => {
      let low = 0
      let high = events.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((events[middle]?.position ?? 0) <= position) low = middle + 1
        else high = middle
      }
      return low
    }

    const readAfter = (position: number, limit: number) =>
      Effect.sync(() => {
        const from = above(records, position)
        const events = records.slice(from, from + limit)
        return page(events, from + limit >= records.length ? records.length : (events.at(-1)?.position ?? position))
      })

    const store: Store = {
      where: "memory",
      commit: (body) =>
        lock.withPermits(1)(
          Effect.suspend(() =>
            body({
              get head() {
                return records.length
              },
              generation: 0,
              readAfter,
              append: (batches) =>
                Effect.suspend(() => {
                  // All are read before any is kept.
                  const events = batches.flat().map(read)
                  const refusal = refuse(events)
                  if (refusal !== undefined) return Effect.fail(refusal)
                  events.forEach(record)
                  const waking = waiting
                  waiting = []
                  for (const wake of waking) wake()
                  return Effect.void
                }),
              saveCheckpoint: (checkpoint) =>
                Effect.sync(() => {
                  checkpoints.set(checkpoint.name, JSON.stringify(checkpoint))
                }),
            }),
          ),
        ),
      readAfter,
      readBefore: (position, limit) =>
        Effect.sync(() => {
          const to = above(records, position - 1)
          return page(records.slice(Math.max(0, to - limit), to).reverse(), records.length)
        }),
      readStream: (jobId, position, limit) =>
        Effect.sync(() => {
          const stream = streams.get(jobId) ?? []
          const from = above(stream, position)
          const events = stream.slice(from, from + limit)
          return page(events, from + limit >= stream.length ? records.length : (events.at(-1)?.position ?? position))
        }),
      waitBeyond: (position) =>
        Effect.callback<void>((resume) => {
          if (records.length > position) return resume(Effect.void)
          const wake = () => resume(Effect.void)
          waiting.push(wake)
          return Effect.sync(() => {
            waiting = waiting.filter((other) => other !== wake)
          })
        }),
      loadCheckpoint: (name) =>
        Effect.sync(() => {
          const saved = checkpoints.get(name)
          return saved === undefined ? undefined : (JSON.parse(saved) as Checkpoint.Checkpoint)
        }),
      health: Effect.succeed({ corrupt: [], torn_bytes: 0 }),
    }
    return store
  })
