/** A clock that stands where a test sets it. */
import { type Clock, Effect } from "effect"

export class SetClock implements Clock.Clock {
  now_ms: number

  constructor(now_ms: number) {
    this.now_ms = now_ms
  }
  currentTimeMillisUnsafe = (): number => this.now_ms
  currentTimeNanosUnsafe = (): bigint => BigInt(Math.floor(this.now_ms)) * 1_000_000n
  monotonicTimeNanosUnsafe = (): bigint => process.hrtime.bigint()
  currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe())
  currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe())
  monotonicTimeNanos = Effect.sync(() => this.monotonicTimeNanosUnsafe())
  sleep = (): Effect.Effect<void> => Effect.void
}
