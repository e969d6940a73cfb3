/**
 * The time in which the ledger cannot be reached: a database that restarts or is gone, or a ledger that others do not let go of.
 * Requests are told when to come back, and the log is told once when it begins and once when it ends.
 *
 * @module
 */
import { StoreLocked, StoreUnavailable } from "@waybill/ledger"
import { Clock, Effect, type Scope } from "effect"
import type { Log } from "./Log.ts"

/** What a client is told to wait: as long as it takes to notice that the ledger is back. */
export const retry_after_s = 2

/** How often the ledger is looked for. */
const look_every_ms = 1_000

export const isUnreachable = (error: unknown): error is StoreLocked | StoreUnavailable =>
  error instanceof StoreUnavailable || error instanceof StoreLocked

export interface Outage {
  /** Whether an error is one of an outage, which is logged then, and not by whoever asks. */
  readonly explains: (error: unknown) => boolean
}

/** @param look a question to the ledger, asked until it is answered once it was not */
export const makeOutage = (look: Effect.Effect<unknown, Error>, log: Log): Effect.Effect<Outage, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const run = Effect.runForkWith(yield* Effect.context<never>())
    let isOut = false

    const waitForIt = Effect.gen(function* () {
      const since = yield* Clock.currentTimeMillis
      for (;;) {
        yield* Effect.sleep(look_every_ms)
        const seen = yield* Effect.result(look)
        if (seen._tag === "Success" || !isUnreachable(seen.failure)) break
      }
      isOut = false
      log("info", "the ledger is reached again", { after_ms: (yield* Clock.currentTimeMillis) - since })
    })

    return {
      explains: (error) => {
        if (!isUnreachable(error)) return false
        if (!isOut) {
          isOut = true
          log("error", "the ledger cannot be reached; requests are answered 503 until it is", { error: error.message })
          run(Effect.forkIn(waitForIt, scope))
        }
        return true
      },
    }
  })
