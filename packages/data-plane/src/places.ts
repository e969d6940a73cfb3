/**
 * Files under their names: refusing paths, putting a file in place whole, and comparing what is there.
 *
 * @module
 */
import type { Directory, FileError, OpenFile } from "@waybill/host"
import { pathSegments, refusePath } from "@waybill/workspace-job"
import { Effect, Stream } from "effect"
import { createHash } from "node:crypto"
import { chunk_bytes, digestOf } from "./Bytes.ts"
import { BytesDiffer, type Digest, type Hop, PathRefused, StorageFailed } from "./Errors.ts"

export const temporary = ".waybill-tmp-"
export const notPlainFile: ReadonlySet<string> = new Set([
  "ELOOP",
  "EISDIR",
  "ENOTDIR",
  "EINVAL",
  "ENXIO",
  "ENAMETOOLONG",
])

export const storage = (hop: Hop) => (cause: FileError) => new StorageFailed({ hop, cause })

/** Turns what opening a path can meet into what it means. */
export const opened =
  <M>(hop: Hop, path: string, missing: () => M) =>
  (cause: FileError): M | PathRefused | StorageFailed => {
    if (cause.code === "ENOENT") return missing()
    if (notPlainFile.has(cause.code))
      return new PathRefused({ hop, path, reason: `it leads to something that is no plain file (${cause.code})` })
    return new StorageFailed({ hop, cause })
  }

export const checkPath = (
  hop: Hop,
  path: string,
): Effect.Effect<readonly [ReadonlyArray<string>, string], PathRefused> => {
  const reason = refusePath(path)
  if (reason !== undefined) return Effect.fail(new PathRefused({ hop, path, reason: `it ${reason}` }))
  const segments = [...pathSegments(path)]
  const name = segments.pop() ?? ""
  return Effect.succeed([segments, name])
}

export const compare = (hop: Hop, expected: Digest, actual: Digest): Effect.Effect<void, BytesDiffer> =>
  expected.sha256 === actual.sha256 && expected.bytes === actual.bytes
    ? Effect.void
    : Effect.fail(new BytesDiffer({ hop, expected: { sha256: expected.sha256, bytes: expected.bytes }, actual }))

export const streamOf = (hop: Hop, file: OpenFile) =>
  Stream.unfold(0, (offset: number) =>
    Effect.gen(function* () {
      const buffer = new Uint8Array(chunk_bytes)
      const got = yield* file.read(buffer, offset)
      return got === 0 ? undefined : ([buffer.subarray(0, got), offset + got] as const)
    }),
  ).pipe(Stream.mapError(storage(hop)))

/** A temporary file that is gone unless `place` gave it its name. */
const temporaryIn = (directory: Directory, name: string) =>
  Effect.acquireRelease(directory.openFile(name, { access: "write", create: "exclusive" }), () =>
    // Gone already where it was renamed.
    Effect.ignore(directory.unlink(name)),
  )

const ours = new RegExp(`^${temporary.replace(".", "\\.")}[0-9a-f]{16}$`, "u")

/** Removes what a process that died left half written. An artifact may bear a name that only looks like one of ours. */
export const sweep = (directory: Directory): Effect.Effect<void, FileError> =>
  Effect.gen(function* () {
    for (const name of yield* directory.list)
      if (ours.test(name) && (yield* directory.info(name)).kind === "file") yield* directory.unlink(name)
  })

/** A length, then a digest, compared on one open file. */
export const checkFile = (hop: Hop, file: OpenFile, expected: Digest, onProgress?: (bytes: number) => void) =>
  Effect.gen(function* () {
    const info = yield* Effect.mapError(file.info, storage(hop))
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
    if (sha256 !== `sha256:${createHash("sha256").update(bytes).digest("hex")}`) return false
    yield* file.flush
    return true
  })

/** Writes a file under a temporary name and gives it its own once it is flushed and `check` agrees. */
export const place = <E, R>(
  as: string,
  hop: Hop,
  directory: Directory,
  name: string,
  fill: (file: OpenFile) => Effect.Effect<Digest, E | FileError, R>,
  check: (written: Digest) => Effect.Effect<void, E>,
  mode: number,
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* Effect.mapError(temporaryIn(directory, as), storage(hop))
      const written = yield* fill(file)
      yield* check(written)
      yield* Effect.mapError(
        Effect.gen(function* () {
          yield* file.chmod(mode)
          yield* file.flush
          yield* directory.rename(as, name)
          yield* directory.flush
          // Whoever gives up now must not leave with the renaming still under way.
        }).pipe(Effect.uninterruptible),
        storage(hop),
      )
      return written
    }),
  )

export const isFileError = (error: unknown): error is FileError =>
  typeof error === "object" && error !== null && (error as { readonly _tag?: unknown })._tag === "FileError"
