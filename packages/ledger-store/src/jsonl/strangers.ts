/**
 * Archives of somebody else's that no seal gives a position: those that held no record when the past was sealed, and those
 * that appeared since.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import { Effect } from "effect"
import type { ArchiveDamaged, Archives } from "./Archives.ts"
import { isBlank } from "./LineReader.ts"

const read_bytes = 1_048_576
/** No record is at this position, so that no other archive's member index is taken for this one's. */
const no_position = 0

/** What is wrong with an archive of the reference daemon's whose positions are not known. */
export const no_seal_names =
  "no seal names it: it appeared after the ledger was sealed, or its seal is gone; it is not read"

/** What is wrong with one that held no record, or none that could be read, when positions were given. */
export const filled_since =
  "it held no record that could be read when the ledger was sealed, and does now; it is not read"

/** Whether it holds nothing but blank lines. */
export const isEmpty = (
  archives: Archives,
  directory: Directory,
  name: string,
): Effect.Effect<boolean, FileError | ArchiveDamaged> =>
  Effect.gen(function* () {
    const archive = { name, first: no_position }
    const bytes = yield* archives.bytes(directory, archive)
    for (let at = 0; at < bytes; at += read_bytes) {
      const part = yield* archives.read(directory, archive, at, Math.min(read_bytes, bytes - at))
      if (!isBlank(part)) return false
    }
    return true
  })

/**
 * What is wrong with an archive that has no position; `undefined` where it holds no record, so that it needs none.
 * `passed`: the archives that a seal says to have held none.
 */
export const strangeness = (
  archives: Archives,
  directory: Directory,
  name: string,
  passed: ReadonlySet<string>,
): Effect.Effect<string | undefined, FileError> =>
  isEmpty(archives, directory, name).pipe(
    Effect.map((empty) => (empty ? undefined : passed.has(name) ? filled_since : no_seal_names)),
    // Nobody could read it when the ledger was sealed either: what a repair has acknowledged is still what is wrong.
    Effect.catchTag("ArchiveDamaged", ({ reason }) => Effect.succeed(passed.has(name) ? reason : no_seal_names)),
  )
