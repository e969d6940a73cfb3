/**
 * Removing what processes that died left half made.
 *
 * Only what a process had in its own folder, or noted there, is touched, and only under the lock that it held while it
 * lived. Where a lock proves nothing, because another machine may have taken it, nothing is touched.
 *
 * @module
 */
import { type Directory, type FileError, type Files, openBelow } from "@waybill/host"
import { Effect, type Scope } from "effect"
import { eachChunk } from "../Bytes.ts"
import { lock_name, places_name, temporaryOf } from "../Layout.ts"
import { decodeElsewheres, type Elsewhere } from "./Elsewhere.ts"
import { remove, type Removed } from "./remove.ts"

/** What a sweep did. */
export interface Swept extends Removed {
  /** Processes that may be making something now, this one among them. */
  readonly living: number
  /** Processes of which cannot be known here whether they live: their folder was taken on another machine. */
  readonly unknown: number
  /** What could not be removed, and why. The next sweep tries it again. */
  readonly left: ReadonlyArray<FileError>
}

interface Tally {
  files: number
  bytes: number
  living: number
  unknown: number
  readonly left: Array<FileError>
}

const count = ({ bytes, files }: Removed, tally: Tally): void => {
  tally.files += files
  tally.bytes += bytes
}

const isMissing = (error: FileError): boolean => error.code === "ENOENT"
/** Where a folder was there is none now: nothing of ours is left there. */
const isGone = ({ code }: FileError): boolean => code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP"

const readPlaces = (directory: Directory) =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* directory.openFile(places_name, { access: "read" })
      let text = ""
      const decoder = new TextDecoder()
      yield* eachChunk(file, (chunk) => Effect.sync(() => void (text += decoder.decode(chunk, { stream: true }))))
      return decodeElsewheres(text)
    }),
  ).pipe(Effect.catchIf(isMissing, (): Effect.Effect<ReadonlyArray<Elsewhere>> => Effect.succeed([])))

/** Removes the files whose names start with a dead process's id. */
const sweepElsewhere = (open: Effect.Effect<Directory, FileError, Scope.Scope>, id: string, tally: Tally) =>
  Effect.scoped(
    Effect.gen(function* () {
      const directory = yield* open
      let removed = 0
      for (const name of yield* directory.list) {
        if (temporaryOf(name) !== id) continue
        if ((yield* directory.info(name)).kind !== "file") continue
        count(yield* remove(directory, name), tally)
        removed++
      }
      // Else a power cut would bring them back when nobody knows of them any more.
      if (removed > 0) yield* directory.flush
    }),
  ).pipe(Effect.catchIf(isGone, () => Effect.void))

const sweepOne = (root: Directory, files: Files["Service"], all: Directory, name: string, tally: Tally) =>
  Effect.scoped(
    Effect.gen(function* () {
      const id = name.slice(name.indexOf(".") + 1)
      const directory = yield* all.openDirectory(name)
      const names = yield* directory.list
      if (!names.includes(lock_name)) {
        // Its process is just about to begin here, or died before it had begun: it will begin elsewhere.
        if (names.length === 0) yield* all.remove(name)
        return
      }
      const lock = yield* directory.lock(lock_name, { create: false })
      if (!(yield* lock.tryAcquire)) {
        tally.living++
        return
      }
      const failed = tally.left.length
      const trying = (run: Effect.Effect<void, FileError>) =>
        Effect.catch(run, (error) => Effect.sync(() => void tally.left.push(error)))
      for (const elsewhere of yield* readPlaces(directory))
        yield* trying(
          sweepElsewhere(
            "folder" in elsewhere
              ? files.openDirectory(elsewhere.folder)
              : openBelow(root, ["workspaces", ...elsewhere.workspace], { create: false }),
            id,
            tally,
          ),
        )
      for (const inner of yield* directory.list) {
        if (inner === lock_name || inner === places_name) continue
        yield* trying(Effect.map(remove(directory, inner), (removed) => count(removed, tally)))
      }
      if (tally.left.length > failed) return
      // The lock's name goes while the lock is held: whoever opened it before us finds it gone.
      for (const last of yield* directory.list) yield* directory.unlink(last)
      yield* all.remove(name)
    }),
    // Another sweep, or the process's own end, was faster.
  ).pipe(Effect.catchIf(isMissing, () => Effect.void))

/** Sweeps once. Never fails: what it could not do is in its answer. */
export const sweep = (
  openRoot: Effect.Effect<Directory, FileError, Scope.Scope>,
  files: Files["Service"],
): Effect.Effect<Swept> =>
  Effect.suspend(() => {
    const tally: Tally = { files: 0, bytes: 0, living: 0, unknown: 0, left: [] }
    const trying = <R>(run: Effect.Effect<void, FileError, R>) =>
      Effect.catch(run, (error) => Effect.sync(() => void tally.left.push(error)))
    const run = Effect.gen(function* () {
      const root = yield* openRoot
      const all = yield* root.openDirectory("unfinished")
      const domain = yield* all.lockDomain
      for (const name of yield* all.list) {
        if (name.startsWith(`${domain}.`)) yield* trying(sweepOne(root, files, all, name, tally))
        else tally.unknown++
      }
    }).pipe(
      Effect.catchIf(isMissing, () => Effect.void),
      Effect.scoped,
    )
    return Effect.as(trying(run), tally)
  })
