/**
 * Files under their names: refusing paths, putting a file in place whole, and comparing what is there.
 *
 * @module
 */
import { andThenAtOnce, atOnce, type Directory, type FileError, inTurn, type OpenFile } from "@waybill/host"
import { pathSegments, refuseFilePath } from "@waybill/workspace-job"
import { Effect } from "effect"
import { digestOf, sha256Of } from "./Bytes.ts"
import { BytesDiffer, type Digest, type Hop, PathRefused, StorageFailed } from "./Errors.ts"
import type { Draft } from "./unfinished/Unfinished.ts"

export const notPlainFile: ReadonlySet<string> = new Set([
  "ELOOP",
  "EISDIR",
  "ENOTDIR",
  "EINVAL",
  "ENXIO",
  "ENAMETOOLONG",
])

export const isFileError = (error: unknown): error is FileError =>
  typeof error === "object" && error !== null && (error as { readonly _tag?: unknown })._tag === "FileError"

export const storage = (hop: Hop) => (cause: FileError) => new StorageFailed({ hop, cause })

/** Turns what the disk refused into the hop's own error. */
export const storing =
  (hop: Hop) =>
  <A, E, R>(run: Effect.Effect<A, E, R>): Effect.Effect<A, Exclude<E, FileError> | StorageFailed, R> =>
    Effect.mapError(run, (error) => (isFileError(error) ? storage(hop)(error) : (error as Exclude<E, FileError>)))

/** Turns what opening a path can meet into what it means. */
export const opened =
  <M>(hop: Hop, path: string, missing: () => M) =>
  (cause: FileError): M | PathRefused | StorageFailed => {
    if (cause.code === "ENOENT") return missing()
    if (notPlainFile.has(cause.code))
      return new PathRefused({ hop, path, reason: `it leads to something that is no plain file (${cause.code})` })
    return new StorageFailed({ hop, cause })
  }

/** The one refusal of {@link place} that is not about the disk: what bears the name is nothing that a file replaces. */
export const placed =
  (hop: Hop, path: string) =>
  <A, E, R>(run: Effect.Effect<A, E, R>): Effect.Effect<A, E | PathRefused | StorageFailed, R> =>
    Effect.mapError(run, (error) =>
      error instanceof StorageFailed && error.cause.operation === "rename"
        ? opened(hop, path, () => error)(error.cause)
        : error,
    )

export const checkPath = (
  hop: Hop,
  path: string,
): Effect.Effect<readonly [ReadonlyArray<string>, string], PathRefused> => {
  const reason = refuseFilePath(path)
  if (reason !== undefined) return Effect.fail(new PathRefused({ hop, path, reason: `it ${reason}` }))
  const segments = [...pathSegments(path)]
  const name = segments.pop() ?? ""
  return Effect.succeed([segments, name])
}

export const compare = (hop: Hop, expected: Digest, actual: Digest): Effect.Effect<void, BytesDiffer> =>
  expected.sha256 === actual.sha256 && expected.bytes === actual.bytes
    ? Effect.void
    : Effect.fail(
        new BytesDiffer({
          hop,
          expected: { sha256: expected.sha256, bytes: expected.bytes },
          actual: { sha256: actual.sha256, bytes: actual.bytes },
        }),
      )

/** A length, then a digest, compared on one open file. */
export const checkFile = (hop: Hop, file: OpenFile, expected: Digest, onProgress?: (bytes: number) => void) =>
  Effect.gen(function* () {
    const info = yield* Effect.mapError(atOnce(file.info), storage(hop))
    if (info.bytes !== expected.bytes)
      return yield* new BytesDiffer({
        hop,
        expected: { sha256: expected.sha256, bytes: expected.bytes },
        actual: { bytes: info.bytes },
      })
    yield* compare(hop, expected, yield* Effect.mapError(digestOf(file, onProgress), storage(hop)))
    return info
  })

/** Whether a file has one name and these bytes, which are on stable storage then. */
export const holds = (directory: Directory, name: string, bytes: Uint8Array) =>
  Effect.gen(function* () {
    const file = yield* directory.openFile(name, { access: "read" })
    const info = yield* file.info
    if (info.links !== 1 || info.bytes !== bytes.byteLength) return false
    const { sha256 } = yield* digestOf(file)
    if (sha256 !== sha256Of(bytes)) return false
    yield* file.flush
    return true
  })

/** What a file gets when all of it is written: its mode, and to be flushed. */
export const settling = (file: OpenFile, mode: number): Effect.Effect<void, FileError> =>
  inTurn([file.chmod(mode)], file.flush)

/**
 * Gives a draft its place once `fill` has written, settled and checked it. What bore the name is replaced in one step; on failure it
 * stays.
 */
export const place = <E, R>(
  hop: Hop,
  { directory: from, file, name: as, placed: told }: Draft,
  into: { readonly directory: Directory; readonly name: string },
  fill: (file: OpenFile) => Effect.Effect<Digest, E, R>,
) =>
  Effect.gen(function* () {
    const written = yield* fill(file)
    yield* Effect.mapError(
      // Whoever gives up now must not leave with the renaming still under way.
      Effect.uninterruptible(
        andThenAtOnce(from.rename(as, into.name, into.directory), () => {
          told()
          return into.directory.flush
        }),
      ),
      storage(hop),
    )
    return written
  })
