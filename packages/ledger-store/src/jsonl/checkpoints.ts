/**
 * Saved projections beside the ledger. A damaged one is as good as none.
 *
 * What takes long, writing a draft, is done beside the appends, by one process at a time; the draft gets its name under the append
 * lock.
 *
 * @module
 */
import type { Directory, FileError, FileLock } from "@waybill/host"
import { Checkpoint, StoreLocked, type StoreError } from "@waybill/ledger"
import { Effect, Option, Schedule, type Scope } from "effect"
import { placeDraft, readPieces, writeDraft } from "./checkedFile.ts"
import type { LedgerFile } from "./LedgerFile.ts"

export const checkpoints_name = "checkpoints"
/** Held by whoever writes drafts. */
export const checkpoints_lock_name = "checkpoints.lock"

const fileOf = (name: string): string => `${name}.json`

/** The saved checkpoint of a projection; without one the ledger is folded anew. */
export const loadCheckpoint = (
  directory: Directory,
  name: string,
): Effect.Effect<Checkpoint.Checkpoint | undefined, FileError> =>
  Effect.suspend(() => {
    const reader = new Checkpoint.CheckpointReader()
    let isText = true
    const take = (piece: string) => {
      if (!isText) return
      try {
        reader.push(piece)
      } catch {
        isText = false
      }
    }
    return Effect.map(readPieces(directory, checkpoints_name, fileOf(name), take), (isSound) =>
      isSound && isText ? reader.checkpoint : undefined,
    )
  })

export interface Checkpoints {
  /** Writes the draft. Nobody else writes one until the scope ends. */
  readonly prepare: (checkpoint: Checkpoint.Checkpoint) => Effect.Effect<void, StoreError, Scope.Scope>
  /** Puts a checkpoint in place, whole and durable, under the append lock. */
  readonly save: (directory: Directory, checkpoint: Checkpoint.Checkpoint) => Effect.Effect<void, StoreError>
}

/** How long between two looks whether another process has written its drafts. */
const wait_ms = 20

export const makeCheckpoints = (ledgerFile: LedgerFile, lock_wait_ms: number): Checkpoints => {
  const { io, where } = ledgerFile
  const prepared = new WeakSet<Checkpoint.Checkpoint>()

  const acquire = (lock: FileLock): Effect.Effect<void, StoreError> =>
    io(lock.tryAcquire).pipe(
      Effect.repeat({ until: (isOurs) => isOurs, schedule: Schedule.spaced(wait_ms) }),
      Effect.timeoutOption(lock_wait_ms),
      Effect.flatMap((got) =>
        Option.isSome(got)
          ? Effect.void
          : Effect.fail(new StoreLocked({ where, holder: "another process that saves checkpoints" })),
      ),
    )

  const draft = (
    directory: Directory,
    checkpoint: Checkpoint.Checkpoint,
  ): Effect.Effect<void, StoreError, Scope.Scope> =>
    Effect.gen(function* () {
      yield* acquire(yield* io(directory.lock(checkpoints_lock_name)))
      yield* io(writeDraft(directory, checkpoints_name, fileOf(checkpoint.name), Checkpoint.piecesOf(checkpoint)))
    })

  return {
    prepare: (checkpoint) =>
      Effect.gen(function* () {
        const { directory } = yield* ledgerFile.writing
        yield* draft(directory, checkpoint)
        yield* Effect.acquireRelease(
          Effect.sync(() => prepared.add(checkpoint)),
          () => Effect.sync(() => prepared.delete(checkpoint)),
        )
      }),
    save: (directory, checkpoint) =>
      Effect.scoped(
        Effect.gen(function* () {
          if (!prepared.has(checkpoint)) yield* draft(directory, checkpoint)
          yield* io(placeDraft(directory, checkpoints_name, fileOf(checkpoint.name)))
        }),
      ),
  }
}
