/**
 * A simulated process: effects on a scheduler, a clock and randomness that are the simulation's. Killed, it never runs again.
 *
 * @module
 */
import {
  Clock,
  Context,
  Duration,
  Effect,
  type Exit,
  Logger,
  Random as EffectRandom,
  References,
  Scheduler,
} from "effect"
import type { Loop, Owner } from "./Loop.ts"
import { Random } from "./Random.ts"

/** 2026-01-01T00:00:00Z. */
const epoch_ms = 1_767_225_600_000
/** The longest time that a fiber runs without giving way, in its own operations. */
const operations_max = 2048

/** The wall clock of a machine, which may jump; time that passes does not. */
export interface WallClock {
  offset_ms: number
}

export interface ProcessOptions {
  readonly loop: Loop
  readonly name: string
  readonly seed: number
  readonly wall: WallClock
  /** Fibers give way after so many operations on average; `undefined`: as they do elsewhere. */
  readonly preemption: number | undefined
}

const clockOf = (loop: Loop, owner: Owner, wall: WallClock): Clock.Clock => {
  const now_ms = () => Math.floor(epoch_ms + wall.offset_ms + loop.now_ms)
  const now_ns = () => BigInt(now_ms()) * 1_000_000n
  const passed_ns = () => BigInt(Math.floor(loop.now_ms * 1_000_000))
  return {
    currentTimeMillisUnsafe: now_ms,
    currentTimeMillis: Effect.sync(now_ms),
    currentTimeNanosUnsafe: now_ns,
    currentTimeNanos: Effect.sync(now_ns),
    monotonicTimeNanosUnsafe: passed_ns,
    monotonicTimeNanos: Effect.sync(passed_ns),
    sleep: (duration) => {
      const wait_ms = Duration.toMillis(duration)
      if (!Number.isFinite(wait_ms)) return Effect.never
      return Effect.callback<void>((resume) => {
        const cancel = loop.after(wait_ms, owner, () => resume(Effect.void))
        return Effect.sync(cancel)
      })
    },
  }
}

export class Process implements Owner {
  readonly name: string
  readonly random: Random
  isAlive = true
  stands_until_ms = 0
  readonly #context: Context.Context<never>
  readonly #onKill: Array<() => void> = []

  constructor({ loop, name, preemption, seed, wall }: ProcessOptions) {
    this.name = name
    this.random = Random.of(seed, `process ${name}`)
    const { random } = this
    const draw = () => (preemption === undefined ? operations_max : 1 + Math.floor(random.unit() * 2 * preemption))
    let left = draw()
    const scheduler: Scheduler.Scheduler = {
      executionMode: "async",
      shouldYield: ({ currentOpCount }) => {
        if (preemption === undefined) return currentOpCount >= operations_max
        if (--left > 0) return false
        left = draw()
        return true
      },
      makeDispatcher: () => ({
        scheduleTask: (task) => loop.soon(this, task),
        flush: () => {},
      }),
    }
    const numbers = { nextIntUnsafe: () => random.bits() | 0, nextDoubleUnsafe: () => random.unit() }
    this.#context = Context.empty().pipe(
      Context.add(Scheduler.Scheduler, scheduler),
      Context.add(Clock.Clock, clockOf(loop, this, wall)),
      Context.add(EffectRandom.Random, numbers),
      Context.add(References.MinimumLogLevel, "None"),
      Context.add(Logger.CurrentLoggers, new Set()),
    )
  }

  /** Starts something in it; what comes of it is told to `done`, unless the process is killed before. */
  run<A, E>(effect: Effect.Effect<A, E>, done: (exit: Exit.Exit<A, E>) => void = () => {}): void {
    const fiber = Effect.runForkWith(this.#context)(effect)
    fiber.addObserver((exit) => {
      if (this.isAlive) done(exit)
    })
  }

  onKill(run: () => void): void {
    this.#onKill.push(run)
  }

  /** Ends it at once: nothing of it runs any more, no finalizer either. */
  kill(): void {
    if (!this.isAlive) return
    this.isAlive = false
    for (const run of this.#onKill) run()
  }
}
