/**
 * The append lock, held for one group of commits.
 *
 * @module
 */
import { atOnce, type FileError, hasSucceeded } from "@waybill/host"
import { type StoreError, StoreLocked } from "@waybill/ledger"
import { Clock, Effect, Exit, Random } from "effect"
import type { Appending } from "./Appending.ts"
import { isSameFile, type LedgerFile, type Sight, type Writing } from "./LedgerFile.ts"

/** Runs something under the lock, on the file that bears the ledger's name. */
export type Locked = <A, E>(use: (opened: Writing) => Effect.Effect<A, E>) => Effect.Effect<A, E | StoreError>

const elsewhere = Effect.succeed(undefined)
const answerOf = <A>(answer: A) => ({ answer })

/** How long the lock is asked for again and again before it is slept between: an append is mostly over by then. */
const spin_ms = 1
const spins_max = 64
const wait_ms_max = 10

/**
 * Waits at most `lock_wait_ms` for another process to let go; then fails with `StoreLocked`, which names it. Each time it is
 * not let in it does `meanwhile`, so that there is less to do under the lock.
 */
export const makeLocking = (
  ledgerFile: LedgerFile,
  appender: Appending,
  lock_wait_ms: number,
  meanwhile: Effect.Effect<unknown> = Effect.void,
): Locked => {
  const { io, where } = ledgerFile
  /** `first` is how the first attempt goes. */
  const wait: (opened: Writing, first: Effect.Effect<boolean, FileError>) => Effect.Effect<void, StoreError> =
    Effect.fnUntraced(function* ({ lock }: Writing, first: Effect.Effect<boolean, FileError>) {
      if (yield* io(first)) return
      const since = yield* Clock.currentTimeMillis
      for (let wait_ms = 1, spins = 0; ; spins++) {
        yield* Effect.interruptible(meanwhile)
        const waited_ms = (yield* Clock.currentTimeMillis) - since
        if (waited_ms <= spin_ms && spins < spins_max) yield* Effect.interruptible(Effect.yieldNow)
        else {
          yield* Effect.interruptible(Effect.sleep(wait_ms * (0.5 + (yield* Random.next))))
          wait_ms = Math.min(wait_ms * 1.5, wait_ms_max)
        }
        if (yield* io(lock.tryAcquire)) return
        if (waited_ms > lock_wait_ms)
          return yield* new StoreLocked({ where, holder: (yield* ledgerFile.holder) ?? "another process" })
      }
    })

  const acquire = (opened: Writing) =>
    Effect.suspend(() => {
      const first = atOnce(opened.lock.tryAcquire)
      return hasSucceeded(first) && first.value ? Effect.void : wait(opened, first)
    })

  /** Whether the file that is open is still the ledger's. */
  const enterOn = (opened: Writing, sight: Sight | undefined): boolean => {
    if (!isSameFile(sight?.info, opened.info)) return false
    appender.hold(sight)
    return true
  }

  const enter = (opened: Writing): Effect.Effect<boolean, StoreError> => {
    const seen = ledgerFile.glance()
    if (hasSucceeded(seen) && seen.value?.activation === undefined) return Exit.succeed(enterOn(opened, seen.value))
    return Effect.gen(function* () {
      const sight = yield* seen
      const activation = sight?.activation
      const daemon = activation && (yield* io(ledgerFile.daemon(opened.directory, activation)))
      if (daemon !== undefined) return yield* new StoreLocked({ where, holder: daemon })
      return enterOn(opened, sight)
    })
  }

  const leave = ({ lock }: Writing) => {
    appender.hold(undefined)
    const released = atOnce(lock.release)
    return hasSucceeded(released) ? Effect.void : Effect.ignore(released)
  }

  const startOver = Effect.suspend(() => Effect.andThen(appender.close, ledgerFile.close("writing")))

  const locked: Locked = (use) => {
    const within = (opened: Writing) =>
      Effect.acquireUseRelease(
        acquire(opened),
        () => Effect.flatMap(enter(opened), (isEntered) => (isEntered ? Effect.map(use(opened), answerOf) : elsewhere)),
        () => leave(opened),
      )
    const runs = Effect.suspend(() => {
      const opened = ledgerFile.opened()
      return opened === undefined ? Effect.flatMap(ledgerFile.writing, within) : within(opened)
    })
    return Effect.flatMap(runs, (done) =>
      done === undefined ? Effect.andThen(startOver, locked(use)) : Effect.succeed(done.answer),
    )
  }
  return locked
}
