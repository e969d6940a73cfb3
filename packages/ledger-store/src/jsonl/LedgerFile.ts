/**
 * The ledger's folder, the file that is appended to, and the lock, opened when they are first needed.
 *
 * @module
 */
import {
  atOnce,
  type Directory,
  FileError,
  type FileInfo,
  Files,
  type FileLock,
  hasSucceeded,
  type OpenFile,
} from "@waybill/host"
import { type StoreError, StoreRefused, StoreUnavailable } from "@waybill/ledger"
import { Effect, Exit, Scope, Semaphore } from "effect"
import { join } from "node:path"
import { type LiveDaemon, makeLiveDaemon } from "./activation.ts"
import { refuseNewer } from "./format.ts"
import { activation_name, ledger_name, lock_name } from "./Layout.ts"
import { lockHolder } from "./lockHolder.ts"
import { unlessMissing } from "./unlessMissing.ts"
import { oddity } from "./unlessOdd.ts"

/** The folder, open. */
export interface Folder {
  readonly directory: Directory
}
/** What is open for appending. */
export interface Writing extends Folder {
  readonly file: OpenFile
  readonly info: FileInfo
  readonly lock: FileLock
}
/** What bears the ledger's name at this moment. */
export interface Sight extends Folder {
  /** The folder as it was seen. */
  readonly folder: FileInfo
  /** `undefined` while there is none: before the first append, and for a moment in a rotation. */
  readonly info: FileInfo | undefined
  /** The file in which somebody says to serve this ledger; `undefined` while there is none. */
  readonly activation: FileInfo | undefined
}

export interface LedgerFile {
  /** For messages. */
  readonly where: string
  /** Looks at the names themselves; `undefined` where there is no folder. Makes nothing. */
  readonly look: Effect.Effect<Sight | undefined, StoreError>
  /** The file that was seen, opened for reading alone; `undefined` when it has gone meanwhile. */
  readonly read: (sight: Sight) => Effect.Effect<OpenFile | undefined, StoreError>
  /** The file and its lock, opened for appending, the file that bears the name now; made, with its folders, and durable, where there is none. */
  readonly writing: Effect.Effect<Writing, StoreError>
  /** {@link LedgerFile.writing}, where it is open. */
  readonly opened: () => Writing | undefined
  /** Looks, and answers with an `Exit` where nothing had to be opened or waited for; else with what is to be run in its place. */
  readonly glance: () => Effect.Effect<Sight | undefined, StoreError>
  /** Closes the file that is appended to; or also its lock; or also what is open for reading. */
  readonly close: (what: "file" | "writing" | "both") => Effect.Effect<void>
  /** Who holds the lock at this moment, as far as the machine tells. */
  readonly holder: Effect.Effect<string | undefined>
  /** Who else serves this ledger, according to its activation file. */
  readonly daemon: LiveDaemon
  /** Says a file error in the store's words. */
  readonly io: <A, R>(run: Effect.Effect<A, FileError, R>) => Effect.Effect<A, StoreError, R>
}

interface Closeable {
  readonly scope: Scope.Closeable
}
interface Watched extends Folder, Closeable {
  readonly agents: Directory
  readonly info: FileInfo
}
interface Active extends Closeable {
  readonly file: OpenFile
  readonly info: FileInfo
}

/** Holds for as long as one of the two is open, or its folder: the number of a file that is gone is given to another one. */
export const isSameFile = (a: FileInfo | undefined, b: FileInfo | undefined): boolean =>
  a !== undefined && b !== undefined && a.inode === b.inode && a.device === b.device

export const isSameOrNone = (a: FileInfo | undefined, b: FileInfo | undefined): boolean =>
  (a === undefined && b === undefined) || isSameFile(a, b)

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

/** What bears the name of a folder or a file and is none. A link to a folder is told from a file by some systems only. */
const notOurs: Readonly<Record<string, string>> = {
  ELOOP: "is a symbolic link",
  ENOTDIR: "is a symbolic link or no directory",
}

const linkReason = ({ code, path }: FileError): string =>
  `${path} ${notOurs[code] ?? ""}, and a ledger follows none: move what it leads to in its place, or name the directory above the real .agents as root`

/** What must not be done, and is refused for as long as the folder is as it is. */
const denied: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS"])

/** Why the folder cannot be worked in as it is, and what to do; `undefined` for what may pass by itself. */
const refusalOf = (cause: FileError): string | undefined => {
  const { code, message, operation, path } = cause
  if (Object.hasOwn(notOurs, code)) return linkReason(cause)
  if (denied.has(code))
    return `${message}: give this user the right to read all that is in .agents/daemon, and to write it in order to append; whoever only reads needs no more than the first`
  if (operation === "lock" && (code === "EISDIR" || code === "EINVAL"))
    return `${path} is ${code === "EISDIR" ? "a directory" : "no regular file"}: remove it while nobody works here, and the lock is made anew`
  const odd = oddity(cause)
  return odd === undefined ? undefined : `${path} ${odd}: put the file itself in its place`
}

/** Opens nothing yet. What is opened later is closed with the scope. */
export const makeLedgerFile = (root: string): Effect.Effect<LedgerFile, never, Files | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* Files
    const where = join(root, ".agents", "daemon", ledger_name)
    const opening = yield* Semaphore.make(1)
    let watched: Watched | undefined
    let active: Active | undefined
    let locking: (Folder & { readonly lock: FileLock } & Closeable) | undefined
    let appended: Active | undefined
    /** What both of them are together. */
    let opened: Writing | undefined
    const unavailable = (cause: FileError) => {
      const reason = refusalOf(cause)
      return reason === undefined ? new StoreUnavailable({ where, cause }) : new StoreRefused({ where, reason })
    }
    const io: LedgerFile["io"] = (run) => Effect.mapError(run, unavailable)
    const inWords = (error: FileError | StoreRefused) => (error instanceof FileError ? unavailable(error) : error)

    const close: LedgerFile["close"] = (what) =>
      Effect.suspend(() => {
        const scopes = [appended?.scope]
        opened = undefined
        appended = undefined
        if (what !== "file") {
          scopes.push(locking?.scope)
          locking = undefined
        }
        if (what === "both") {
          scopes.push(active?.scope, watched?.scope)
          active = undefined
          watched = undefined
        }
        return Effect.forEach(scopes, (scope) => (scope === undefined ? Effect.void : Scope.close(scope, Exit.void)), {
          discard: true,
        })
      })
    yield* Effect.addFinalizer(() => close("both"))

    const openFolder = (create: boolean) =>
      Effect.gen(function* () {
        const base = yield* files.openDirectory(root, { create })
        const agents = yield* base.openDirectory(".agents", { create })
        const directory = yield* agents.openDirectory("daemon", { create })
        const info = yield* agents.info("daemon")
        yield* refuseNewer(directory, where)
        return { agents, directory, info }
      })

    const openLocking = Effect.gen(function* () {
      const { directory } = yield* openFolder(true)
      return { directory, lock: yield* directory.lock(lock_name) }
    })

    const openAppended = (directory: Directory) =>
      Effect.gen(function* () {
        const file = yield* directory.openFile(ledger_name, { access: "write", create: "missing" })
        // Whoever made the file may have died before its name was durable.
        yield* file.flush
        yield* directory.flush
        return { file, info: yield* file.info }
      })

    const openWatched = Effect.catchIf(
      inScope(openFolder(false)),
      (error) => error instanceof FileError && error.code === "ENOENT",
      () => Effect.succeed(undefined),
    )

    const lookClosely: LedgerFile["look"] = opening.withPermits(1)(
      Effect.gen(function* () {
        for (;;) {
          watched ??= yield* Effect.mapError(openWatched, inWords)
          if (watched === undefined) return undefined
          const { agents, directory, info } = watched
          const named = yield* io(directory.find(ledger_name))
          const activation = yield* io(directory.find(activation_name))
          // Last, so that what was seen was seen in a folder that had its name all the while.
          const folder = yield* io(agents.find("daemon"))
          if (folder !== undefined && isSameFile(folder, info)) return { directory, folder, info: named, activation }
          // The folder was taken away under us, and perhaps another one put in its place.
          yield* close("both")
        }
      }),
    )

    /** What is not done at once is run to its end, and then everything is looked at again. */
    const lookAfter = (pending: Effect.Effect<unknown, FileError>) => Effect.andThen(io(pending), lookClosely)

    const glance: LedgerFile["glance"] = () => {
      if (watched === undefined) return lookClosely
      const { agents, directory, info } = watched
      const named = atOnce(directory.find(ledger_name))
      if (!hasSucceeded(named)) return lookAfter(named)
      const activation = atOnce(directory.find(activation_name))
      if (!hasSucceeded(activation)) return lookAfter(activation)
      // Last, as in the closer look.
      const folder = atOnce(agents.find("daemon"))
      if (!hasSucceeded(folder)) return lookAfter(folder)
      return folder.value !== undefined && isSameFile(folder.value, info)
        ? Exit.succeed({ directory, folder: folder.value, info: named.value, activation: activation.value })
        : lookClosely
    }

    const read: LedgerFile["read"] = ({ directory, info }) =>
      opening.withPermits(1)(
        Effect.gen(function* () {
          if (active !== undefined && isSameFile(active.info, info)) return active.file
          if (active !== undefined) yield* Scope.close(active.scope, Exit.void)
          active = undefined
          const open = Effect.gen(function* () {
            const file = yield* directory.openFile(ledger_name, { access: "read" })
            return { file, info: yield* file.info }
          })
          active = yield* io(unlessMissing(inScope(open)))
          return isSameFile(active?.info, info) ? active?.file : undefined
        }),
      )

    return {
      where,
      io,
      close,
      daemon: makeLiveDaemon(files),
      holder: Effect.suspend(() =>
        watched === undefined ? Effect.succeed(undefined) : lockHolder(files, watched.directory),
      ),
      look: Effect.suspend(glance),
      glance,
      read,
      opened: () => opened,
      writing: opening.withPermits(1)(
        Effect.gen(function* () {
          if (opened !== undefined) return opened
          locking ??= yield* inScope(openLocking)
          const { directory, lock } = locking
          appended ??= yield* inScope(openAppended(directory))
          return (opened = { directory, lock, file: appended.file, info: appended.info })
        }).pipe(Effect.mapError(inWords)),
      ),
    }
  })
