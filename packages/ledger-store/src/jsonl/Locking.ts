/**
 * The append lock, held for one group of commits.
 *
 * @module
 */
import { type StoreError, StoreLocked } from "@waybill/ledger"
import { Clock, Effect, Random } from "effect"
import type { Appending } from "./Appending.ts"
import { isSameFile, type LedgerFile, type Writing } from "./LedgerFile.ts"

/** Runs something under the lock, on the file that bears the ledger's name. */
export type Locked = <A, E>(use: (opened: Writing) => Effect.Effect<A, E>) => Effect.Effect<A, E | StoreError>

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
  const acquire: (opened: Writing) => Effect.Effect<void, StoreError> = Effect.fnUntraced(function* ({
    lock,
  }: Writing) {
    if (yield* io(lock.tryAcquire)) return
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

  /** Looks whether the file that is open is still the ledger's. */
  const enter: (opened: Writing) => Effect.Effect<boolean, StoreError> = Effect.fnUntraced(function* (opened: Writing) {
    const sight = yield* ledgerFile.look
    const activation = sight?.activation
    const daemon = activation && (yield* io(ledgerFile.daemon(opened.directory, activation)))
    if (daemon !== undefined) return yield* new StoreLocked({ where, holder: daemon })
    if (!isSameFile(sight?.info, opened.info)) return false
    appender.hold(sight)
    return true
  })

  const leave = ({ lock }: Writing) =>
    Effect.suspend(() => {
      appender.hold(undefined)
      return Effect.ignore(lock.release)
    })

  const startOver = Effect.suspend(() => Effect.andThen(appender.close, ledgerFile.close("writing")))

  const locked: Locked = (use) =>
    Effect.flatMap(ledgerFile.writing, (opened) =>
      Effect.acquireUseRelease(
        acquire(opened),
        () =>
          Effect.flatMap(enter(opened), (isEntered) =>
            isEntered ? Effect.map(use(opened), (answer) => ({ answer })) : Effect.succeed(undefined),
          ),
        () => leave(opened),
      ).pipe(
        Effect.flatMap((done) =>
          done === undefined ? Effect.andThen(startOver, locked(use)) : Effect.succeed(done.answer),
        ),
      ),
    )
  return locked
}
