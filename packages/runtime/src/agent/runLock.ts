/**
 * The lock of a run's folder. The kernel drops it with its process; Node has no `flock`, so an exclusive transaction on an
 * empty database file holds a byte-range lock.
 *
 * @module
 */
import { lstatSync, truncateSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { explainErrno } from "@waybill/host/errno"
import { codeOf, recordNames } from "./runFolder.ts"

export interface HeldLock {
  readonly release: () => void
}

const sqlite = { busy: 5, readOnly: 8, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const
const errcodeOf = (cause: unknown): number | undefined =>
  cause instanceof Error && "errcode" in cause && typeof cause.errcode === "number" ? cause.errcode : undefined

/** Whether the file holds something that no lock's file holds; who says so has found nobody's lock on it. */
const isGarbage = (cause: unknown): boolean => {
  const errcode = errcodeOf(cause)
  return errcode === sqlite.notADatabase || errcode === sqlite.corrupt || errcode === sqlite.readOnly
}

/** Takes the lock, or answers `undefined` where somebody has it. */
const take = (path: string): HeldLock | undefined => {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec("BEGIN EXCLUSIVE")
  } catch (cause) {
    database.close()
    if (errcodeOf(cause) === sqlite.busy) return undefined
    throw cause
  }
  return { release: () => database.close() }
}

const refused = (path: string, cause: unknown): Error => {
  const errcode = errcodeOf(cause)
  const code = errcode === sqlite.full ? "ENOSPC" : errcode === undefined ? codeOf(cause) : undefined
  const words = code === undefined ? (cause instanceof Error ? cause.message : String(cause)) : explainErrno(code)
  return Object.assign(new Error(`the lock ${path} could not be taken: ${words}`, { cause }), { code })
}

/**
 * Takes the lock of a run's folder if nobody has it. Never waits. Throws `SyntaxError` where its file is no plain file.
 *
 * What somebody wrote into the file is thrown away: the database library looks for locks before it looks at the content, so
 * that it saw the content means that nobody holds this file's lock.
 */
export const takeLock = (folder: string): HeldLock | undefined => {
  const path = join(folder, recordNames.lock)
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats !== undefined && !stats.isFile()) throw new SyntaxError(`${path} is no file`)
    try {
      return take(path)
    } catch (cause) {
      if (!isGarbage(cause)) throw cause
      truncateSync(path, 0)
      return take(path)
    }
  } catch (cause) {
    throw cause instanceof SyntaxError ? cause : refused(path, cause)
  }
}
