/**
 * What bears the name of a file of the ledger's and cannot be opened as one: a link, a folder, a FIFO, a file that this user may
 * not read.
 *
 * @module
 */
import { FileError } from "@waybill/host"
import { Effect } from "effect"

const meanings: ReadonlyMap<string, string> = new Map([
  ["EISDIR", "is a directory"],
  ["ENOTDIR", "is no directory"],
  ["ELOOP", "is a symbolic link, which is never followed"],
  ["EINVAL", "is no regular file"],
  ["ENXIO", "is no regular file"],
  ["EACCES", "may not be opened by this user"],
  ["EPERM", "may not be opened by this user"],
])

/** Why something cannot be opened, where that is for what it is; `undefined` for every other failure. */
export const oddity = ({ code, operation }: FileError): string | undefined =>
  operation === "open" ? meanings.get(code) : undefined

/** These say it whatever was being done. */
const kinds: ReadonlySet<string> = new Set(["EISDIR", "ENOTDIR", "ELOOP"])
const isOdd = (error: FileError): boolean => kinds.has(error.code) || oddity(error) !== undefined

/** As if there were nothing, where what bears the name cannot be opened for what it is. */
export const unlessOdd = <A, E, R>(
  run: Effect.Effect<A, E | FileError, R>,
): Effect.Effect<A | undefined, E | FileError, R> =>
  Effect.catchIf(
    run,
    (error) => error instanceof FileError && isOdd(error),
    () => Effect.succeed(undefined),
  )
