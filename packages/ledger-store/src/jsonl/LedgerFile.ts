/**
 * The ledger's file, its folder and its lock, opened when they are first needed.
 *
 * @module
 */
import { type Directory, FileError, Files, type FileLock, type OpenFile } from "@waybill/host"
import { type StoreError, StoreRefused, StoreUnavailable } from "@waybill/ledger"
import { Effect, Exit, Scope } from "effect"
import { join } from "node:path"

export interface Opened {
  readonly directory: Directory
  readonly file: OpenFile
  readonly lock: FileLock
}

interface OpenedFile extends Opened {
  readonly flushEntries: Effect.Effect<void, FileError>
  readonly scope: Scope.Closeable
}

export interface LedgerFile {
  /** For messages. */
  readonly where: string
  /** Opens the file; with `create`, makes it and its folders durable first. `undefined` while there is none. */
  readonly open: (create: boolean) => Effect.Effect<Opened | undefined, StoreError>
  /** What is open now. */
  readonly current: () => Opened | undefined
  readonly close: Effect.Effect<void>
  /** Says a file error in the store's words. */
  readonly io: <A, R>(run: Effect.Effect<A, FileError, R>) => Effect.Effect<A, StoreError, R>
}

const file_name = "ledger.jsonl"
const lock_name = "ledger.lock"
const archive = /^ledger\..+\.jsonl(\.gz)?$/u

/** Opens nothing yet. What is opened later is closed with the scope. */
export const makeLedgerFile = (root: string): Effect.Effect<LedgerFile, never, Files | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* Files
    const where = join(root, ".agents", "daemon", file_name)
    let opened: OpenedFile | undefined
    let isEntryDurable = false
    const unavailable = (cause: FileError) => new StoreUnavailable({ where, cause })

    const close = Effect.suspend(() => {
      const before = opened
      opened = undefined
      return before === undefined ? Effect.void : Scope.close(before.scope, Exit.void)
    })
    yield* Effect.addFinalizer(() => close)

    const openAll = (create: boolean) =>
      Effect.gen(function* () {
        const base = yield* files.openDirectory(root, { create })
        const agents = yield* base.openDirectory(".agents", { create })
        const directory = yield* agents.openDirectory("daemon", { create })
        const names = yield* directory.list
        const old = names.find((name) => archive.test(name) && name !== file_name)
        if (old !== undefined)
          return yield* new StoreRefused({
            where,
            reason: `there is an archive, ${old}, and archives cannot be read yet`,
          })
        const file = yield* directory.openFile(file_name, { access: "write", create: create ? "missing" : "never" })
        const lock = yield* directory.lock(lock_name)
        const flushEntries = Effect.andThen(Effect.andThen(base.flush, agents.flush), directory.flush)
        return { directory, file, lock, flushEntries }
      })

    /**
     * Once before the first append, whoever made the file: a process that died between making it and flushing its entry would
     * otherwise leave a file that a power cut takes away, with everything that was acknowledged in it.
     */
    const flushEntry = ({ flushEntries }: OpenedFile): Effect.Effect<void, StoreError> =>
      isEntryDurable
        ? Effect.void
        : Effect.mapError(flushEntries, unavailable).pipe(
            Effect.tap(
              Effect.sync(() => {
                isEntryDurable = true
              }),
            ),
          )

    const open = (create: boolean): Effect.Effect<Opened | undefined, StoreError> =>
      Effect.gen(function* () {
        if (opened !== undefined) {
          if (create) yield* flushEntry(opened)
          return opened
        }
        const scope = yield* Scope.make()
        const result = yield* Effect.exit(Scope.provide(openAll(create), scope))
        if (Exit.isSuccess(result)) {
          opened = { ...result.value, scope }
          if (create) yield* flushEntry(opened)
          return opened
        }
        yield* Scope.close(scope, result)
        return yield* Effect.catchIf(
          Effect.failCause(result.cause),
          (error): error is FileError => error instanceof FileError,
          (error) => (error.code === "ENOENT" && !create ? Effect.succeed(undefined) : Effect.fail(unavailable(error))),
        )
      })

    return {
      where,
      open,
      close,
      current: () => opened,
      io: (run) => Effect.mapError(run, (cause) => unavailable(cause)),
    }
  })
