/**
 * What a database's failure means for a store, and which of them pass by themselves.
 *
 * @module
 */
import { type StoreError, StoreFull, StoreLocked, StoreRefused, StoreUnavailable } from "@waybill/ledger"
import { Clock, Effect, Random } from "effect"
import { DatabaseError } from "./Database.ts"

/** The row that every statement asks for is gone. Taking the ledger for an empty one would be worse than to stop. */
export const headless = new DatabaseError({
  failure: "denied",
  reason: "the schema holds no head; put it back from a backup",
})

/** The head moves together with the records: where it does not, somebody has set it, or has put only a part back. */
export const astray = (head: number, last: number): DatabaseError =>
  new DatabaseError({
    failure: "denied",
    reason: `the head says ${head}, but the last record stands at ${last}: nothing is recorded. Put the whole schema back from one backup; or, where a verification finds nothing else wrong, set the head's position to ${last}`,
  })

/** A failure of the database as the store port names it. */
export const storeError = (where: string, error: DatabaseError): StoreError => {
  switch (error.failure) {
    case "locked":
      return new StoreLocked({ where, holder: "another process" })
    case "full":
      return new StoreFull({ where })
    case "duplicate":
      return new StoreRefused({ where, reason: `nothing was recorded, because an event id is taken: ${error.message}` })
    case "denied":
      return new StoreRefused({ where, reason: error.message })
    case "cut":
    case "rolled_back":
    case "other":
      return new StoreUnavailable({ where, cause: error })
  }
}

/** Whether the same may go well on a new connection. */
export const passes = ({ failure }: DatabaseError): boolean => failure === "cut" || failure === "rolled_back"

const pause_ms_max = 1_000

export interface Patience {
  /** Tries again, ever more rarely, while failures are of the passing kind and the patience lasts. */
  readonly persist: <A, R>(attempt: Effect.Effect<A, DatabaseError, R>) => Effect.Effect<A, DatabaseError, R>
}

/**
 * How long passing failures are got over. A server that is gone is waited for once, by all together: who asks when that is over
 * is told after one attempt, until one goes well again.
 */
export const makePatience = (patience_ms: number): Patience => {
  let gone: { readonly since: number; readonly seen: number } | undefined
  return {
    persist: (attempt) =>
      Effect.gen(function* () {
        const begun = yield* Clock.currentTimeMillis
        for (let pause_ms = 0; ; pause_ms = Math.min(pause_ms_max, pause_ms * 2 + 10)) {
          const result = yield* Effect.result(attempt)
          if (result._tag === "Success") {
            gone = undefined
            return result.success
          }
          const { failure } = result
          if (!passes(failure)) return yield* failure
          const now = yield* Clock.currentTimeMillis
          if (failure.failure === "cut") {
            // What nobody has seen for so long may have been back in the meantime.
            const isKnown = gone !== undefined && now - gone.seen <= patience_ms
            gone = { since: isKnown ? (gone?.since ?? now) : now, seen: now }
          } else gone = undefined
          if (now - Math.min(begun, gone?.since ?? now) >= patience_ms) return yield* failure
          yield* Effect.sleep(pause_ms * (0.5 + (yield* Random.next)))
        }
      }),
  }
}
