/**
 * The bounds of one call: how long it may take, and who may end it early.
 *
 * @module
 */
import { refuseDuration } from "@waybill/host"
import { Effect } from "effect"
import { Aborted, DeadlineExceeded, DeadlineRefused, type Hop } from "./Errors.ts"

export interface Call {
  /** Milliseconds, more than 0 and up to 2 147 483 647; the data plane's default where absent. */
  readonly deadline_ms?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Told the bytes done so far, once per chunk. For display only. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

const aborted = (hop: Hop, signal: AbortSignal): Effect.Effect<never, Aborted> =>
  Effect.callback((resume) => {
    const abort = () => resume(Effect.fail(new Aborted({ hop })))
    if (signal.aborted) return abort()
    signal.addEventListener("abort", abort, { once: true })
    return Effect.sync(() => signal.removeEventListener("abort", abort))
  })

/** Ends early, with what was begun undone, when the caller's signal says so. */
export const untilAborted = <A, E, R>(
  hop: Hop,
  call: Call | undefined,
  run: Effect.Effect<A, E, R>,
): Effect.Effect<A, E | Aborted, R> => {
  const signal = call?.signal
  if (signal === undefined) return run
  // Looked at first: what never waits would be done before the signal is heard.
  return Effect.suspend(() =>
    signal.aborted ? Effect.fail(new Aborted({ hop })) : Effect.raceFirst(run, aborted(hop, signal)),
  )
}

/** Runs a hop within the bounds of its call. */
export const within = <A, E, R>(
  hop: Hop,
  call: Call | undefined,
  default_ms: number,
  run: Effect.Effect<A, E, R>,
): Effect.Effect<A, E | DeadlineExceeded | DeadlineRefused | Aborted, R> => {
  const deadline_ms = call?.deadline_ms ?? default_ms
  const reason = refuseDuration(deadline_ms)
  if (reason !== undefined) return Effect.fail(new DeadlineRefused({ hop, reason }))
  const timed = Effect.timeoutOrElse(run, {
    duration: deadline_ms,
    orElse: () => Effect.fail(new DeadlineExceeded({ hop, deadline_ms })),
  })
  return untilAborted(hop, call, timed)
}
