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

/** Waits at most `lock_wait_ms` for another process to let go; then fails with `StoreLocked`, which names it. */
export const makeLocking = (ledgerFile: LedgerFile, appender: Appending, lock_wait_ms: number): Locked => {
  const { io, where } = ledgerFile
  const acquire = ({ lock }: Writing): Effect.Effect<void, StoreError> =>
    Effect.gen(function* () {
      const since = yield* Clock.currentTimeMillis
      for (let wait_ms = 0.2; !(yield* io(lock.tryAcquire)); wait_ms = Math.min(wait_ms * 1.5, 10)) {
        if ((yield* Clock.currentTimeMillis) - since > lock_wait_ms)
          return yield* new StoreLocked({ where, holder: (yield* ledgerFile.holder) ?? "another process" })
        yield* Effect.interruptible(Effect.sleep(wait_ms * (0.5 + (yield* Random.next))))
      }
    })

  return (use) =>
    Effect.gen(function* () {
      for (;;) {
        const opened = yield* ledgerFile.writing
        const done = yield* Effect.acquireUseRelease(
          acquire(opened),
          () =>
            Effect.gen(function* () {
              const sight = yield* ledgerFile.look
              const daemon = sight?.isActivated === true ? yield* io(ledgerFile.daemon(opened.directory)) : undefined
              if (daemon !== undefined) return yield* new StoreLocked({ where, holder: daemon })
              if (!isSameFile(sight?.info, opened.info)) return undefined
              appender.hold(sight)
              return { answer: yield* use(opened) }
            }),
          () =>
            Effect.suspend(() => {
              appender.hold(undefined)
              return Effect.ignore(opened.lock.release)
            }),
        )
        if (done !== undefined) return done.answer
        yield* appender.close
        yield* ledgerFile.close("writing")
      }
    })
}
