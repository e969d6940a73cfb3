/**
 * News of what others append: by notification, and by looking now and then in case one was lost.
 *
 * @module
 */
import { Deferred, Effect, Queue, type Scope } from "effect"
import type { Database, DatabaseError } from "./Database.ts"

export interface TailOptions {
  readonly channel: string
  /** How often the head is looked at while nobody notifies. */
  readonly poll_ms: number
  readonly readHead: Effect.Effect<number, DatabaseError>
}

export interface Tail {
  /** Returns when the head is above the position. */
  readonly waitBeyond: (position: number) => Effect.Effect<void, DatabaseError>
}

const reconnect_ms_max = 2_000

export const makeTail = (database: Database, options: TailOptions): Effect.Effect<Tail, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { channel, poll_ms, readHead } = options
    const scope = yield* Effect.scope
    const waiting = new Set<Deferred.Deferred<number | undefined>>()
    let isListening = false
    let failures = 0

    /** Tells everybody who waits; `undefined`: something may have happened, look yourself. */
    const tell = (head: number | undefined): void => {
      const told = [...waiting]
      waiting.clear()
      for (const each of told) Deferred.doneUnsafe(each, Effect.succeed(head))
    }

    const listen = Effect.scoped(
      Effect.gen(function* () {
        const connection = yield* database.connect
        const payloads = yield* connection.listen(channel)
        failures = 0
        // What was notified before we listened was told to nobody.
        tell(undefined)
        return yield* Effect.forever(
          Effect.map(Queue.take(payloads), (payload) => tell(/^\d+$/u.test(payload) ? Number(payload) : undefined)),
        )
      }),
    )
    const listening = Effect.forever(
      Effect.catch(listen, () =>
        Effect.suspend(() => Effect.sleep(Math.min(reconnect_ms_max, 50 * 2 ** Math.min(failures++, 10)))),
      ),
    )

    /** One connection listens for everybody who waits, from the first one on. */
    const ensureListening = Effect.suspend(() => {
      if (isListening) return Effect.void
      isListening = true
      return Effect.asVoid(Effect.forkIn(listening, scope))
    })

    return {
      waitBeyond: (position) =>
        Effect.gen(function* () {
          yield* ensureListening
          for (;;) {
            // Waits before it looks, so that nothing goes unnoticed in between.
            const news = Deferred.makeUnsafe<number | undefined>()
            waiting.add(news)
            const isThere = yield* readHead.pipe(
              Effect.flatMap((head) =>
                head > position
                  ? Effect.succeed(true)
                  : Effect.map(
                      Effect.raceFirst(Deferred.await(news), Effect.as(Effect.sleep(poll_ms), undefined)),
                      (told) => told !== undefined && told > position,
                    ),
              ),
              Effect.ensuring(Effect.sync(() => waiting.delete(news))),
            )
            if (isThere) return
          }
        }),
    }
  })
