/**
 * Locks that the kernel drops when their process dies. Node has no `flock`; an exclusive transaction on an empty database
 * file holds a byte-range lock.
 *
 * @module
 */
import { type Effect, Exit } from "effect"
import { createHash } from "node:crypto"
import { closeSync, constants, openSync } from "node:fs"
import * as fs from "node:fs/promises"
import { hostname } from "node:os"
import { DatabaseSync, type StatementSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import { immediate } from "./atOnce.ts"
import { FileError, type FileLock } from "./Files.ts"
import { isLocalType } from "./OpenDirectory.ts"
import { codeOf, refuse } from "./refusals.ts"

/**
 * Makes a lock's file, because the database library would make it readable for everyone. One that is there is never opened
 * here, and a new one is closed before anything else of this thread can take its lock: closing any descriptor of a file
 * drops every lock that this process holds on it (POSIX fcntl).
 */
const makeLockFile = (path: string): void => {
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600))
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause
  }
}

const sqlite_busy = 5
const sqlite_cannot_open = 14
/** What the library says in codes of its own that the system has words for. */
const refusals: ReadonlyMap<number | undefined, string> = new Map([
  [8, "EROFS"],
  [10, "EIO"],
  [11, "EUCLEAN"],
  [13, "ENOSPC"],
  [26, "EUCLEAN"],
])
const errcodeOf = (cause: unknown) => (cause as { readonly errcode?: number } | null)?.errcode
const lockCodeOf = (cause: unknown): string => refusals.get(errcodeOf(cause)) ?? codeOf(cause)

/** Opens a lock's file at `path`; messages name it `shown`. */
export const openLock = async (path: string, shown: string, create: boolean): Promise<DatabaseSync> => {
  if (create) makeLockFile(path)
  const stats = await fs.lstat(path)
  if (stats.isSymbolicLink()) throw refuse("lock", shown, "ELOOP")
  if (!stats.isFile()) throw refuse("lock", shown, stats.isDirectory() ? "EISDIR" : "EINVAL")
  const url = pathToFileURL(path)
  // The library makes what is missing unless it is told not to; meanwhile somebody may have taken the file away.
  url.searchParams.set("mode", "rw")
  try {
    return new DatabaseSync(url, { timeout: 0 })
  } catch (cause) {
    throw errcodeOf(cause) === sqlite_cannot_open ? refuse("lock", shown, "ENOENT") : cause
  }
}

export const lockOf = (database: DatabaseSync, path: string): FileLock => {
  let isHeld = false
  let statements: { readonly begin: StatementSync; readonly end: StatementSync } | undefined
  const prepare = () => {
    // Otherwise each time it is taken a journal is made next to the file, and one that dies leaves it there.
    database.exec("PRAGMA journal_mode = MEMORY")
    return { begin: database.prepare("BEGIN EXCLUSIVE"), end: database.prepare("ROLLBACK") }
  }
  const attemptLock = <A>(run: () => A): Effect.Effect<A, FileError> =>
    immediate(() => {
      try {
        return Exit.succeed(run())
      } catch (cause) {
        return Exit.fail(new FileError({ operation: "lock", path, code: lockCodeOf(cause), cause }))
      }
    })
  return {
    tryAcquire: attemptLock(() => {
      if (isHeld) return false
      try {
        statements ??= prepare()
        statements.begin.run()
      } catch (cause) {
        if (errcodeOf(cause) === sqlite_busy) return false
        throw cause
      }
      isHeld = true
      return true
    }),
    release: attemptLock(() => {
      if (!isHeld) return
      isHeld = false
      statements?.end.run()
    }),
  }
}

/** Names this run of this machine's kernel. It is the same in all containers, and another after each start. */
const readKernelRun = async (): Promise<string> => {
  try {
    return `boot-${(await fs.readFile("/proc/sys/kernel/random/boot_id", "latin1")).trim()}`
  } catch {
    // No Linux: the machine's name is the best there is.
    return `host-${createHash("sha256").update(hostname()).digest("hex").slice(0, 32)}`
  }
}

export const lockDomainOf = async (path: string): Promise<string> =>
  isLocalType((await fs.statfs(path)).type) ? "local" : await readKernelRun()
