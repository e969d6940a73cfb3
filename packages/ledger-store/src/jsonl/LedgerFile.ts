/**
 * The ledger's file, its folder and its lock, opened when they are first needed.
 *
 * @module
 */
import { type Directory, FileError, Files, type FileLock, type OpenFile } from "@waybill/host"
import { type StoreError, StoreRefused, StoreUnavailable } from "@waybill/ledger"
import { Effect, Exit, Scope, Semaphore } from "effect"
import { join } from "node:path"

export interface Reading {
  readonly directory: Directory
  readonly file: OpenFile
}
export interface Writing extends Reading {
  readonly lock: FileLock
}

export interface LedgerFile {
  /** For messages. */
  readonly where: string
  /** The file, opened for reading alone; `undefined` while there is none. Makes nothing. */
  readonly reading: Effect.Effect<Reading | undefined, StoreError>
  /** The file and its lock, opened for appending; made, with its folders, and durable, where there is none. */
  readonly writing: Effect.Effect<Writing, StoreError>
  /** Whether the file that is open still bears the ledger's name: version control replaces files, and people do. */
  readonly isCurrent: (writing: Writing) => Effect.Effect<boolean, StoreError>
  /** Closes what is open for appending; with `both`, also what is open for reading. */
  readonly close: (what: "writing" | "both") => Effect.Effect<void>
  /** Says a file error in the store's words. */
  readonly io: <A, R>(run: Effect.Effect<A, FileError, R>) => Effect.Effect<A, StoreError, R>
}

interface Closeable {
  readonly scope: Scope.Closeable
}

const file_name = "ledger.jsonl"
const lock_name = "ledger.lock"
const archive = /^ledger\..+\.jsonl(\.gz)?$/u

/** Opens nothing yet. What is opened later is closed with the scope. */
export const makeLedgerFile = (root: string): Effect.Effect<LedgerFile, never, Files | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* Files
    const where = join(root, ".agents", "daemon", file_name)
    const opening = yield* Semaphore.make(1)
    let read: (Reading & Closeable) | undefined
    let written: (Writing & Closeable) | undefined
    const unavailable = (cause: FileError) => new StoreUnavailable({ where, cause })
    const io: LedgerFile["io"] = (run) => Effect.mapError(run, unavailable)

    const close: LedgerFile["close"] = (what) =>
      Effect.suspend(() => {
        const scopes = [written?.scope, what === "both" ? read?.scope : undefined]
        written = undefined
        if (what === "both") read = undefined
        return Effect.forEach(scopes, (scope) => (scope === undefined ? Effect.void : Scope.close(scope, Exit.void)), {
          discard: true,
        })
      })
    yield* Effect.addFinalizer(() => close("both"))

    const openDirectory = (create: boolean) =>
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
        return directory
      })

    const openReading = Effect.gen(function* () {
      const directory = yield* openDirectory(false)
      return { directory, file: yield* directory.openFile(file_name, { access: "read" }) }
    })

    const openWriting = Effect.gen(function* () {
      const directory = yield* openDirectory(true)
      const file = yield* directory.openFile(file_name, { access: "write", create: "missing" })
      const lock = yield* directory.lock(lock_name)
      // Whoever made the file may have died before its name was durable.
      yield* file.flush
      yield* directory.flush
      return { directory, file, lock }
    })

    /** Opens in a scope of its own, which is closed again where that fails. */
    const inScope = <A, E>(open: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A & Closeable, E> =>
      Effect.uninterruptible(
        Effect.gen(function* () {
          const scope = yield* Scope.make()
          const result = yield* Effect.exit(Scope.provide(open, scope))
          if (Exit.isSuccess(result)) return { ...result.value, scope }
          yield* Scope.close(scope, result)
          return yield* Effect.failCause(result.cause)
        }),
      )

    const inWords = (error: FileError | StoreRefused) => (error instanceof FileError ? unavailable(error) : error)

    return {
      where,
      io,
      close,
      reading: opening.withPermits(1)(
        Effect.suspend(() =>
          read !== undefined
            ? Effect.succeed(read)
            : Effect.matchEffect(inScope(openReading), {
                onSuccess: (opened) => Effect.sync(() => (read = opened)),
                onFailure: (error) =>
                  error instanceof FileError && error.code === "ENOENT"
                    ? Effect.succeed(undefined)
                    : Effect.fail(inWords(error)),
              }),
        ),
      ),
      writing: opening.withPermits(1)(
        Effect.suspend(() =>
          written !== undefined
            ? Effect.succeed(written)
            : Effect.map(Effect.mapError(inScope(openWriting), inWords), (opened) => (written = opened)),
        ),
      ),
      isCurrent: ({ directory, file }) =>
        Effect.gen(function* () {
          const ours = yield* io(file.info)
          const named = yield* Effect.catch(directory.info(file_name), (error) =>
            error.code === "ENOENT" ? Effect.succeed(undefined) : Effect.fail(unavailable(error)),
          )
          const isSame = named !== undefined && named.inode === ours.inode && named.device === ours.device
          const seen = read === undefined ? ours : yield* io(read.file.info)
          return isSame && seen.inode === ours.inode && seen.device === ours.device
        }),
    }
  })
