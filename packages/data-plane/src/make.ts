/**
 * The data plane over a file system.
 *
 * @module
 */
import { Entropy, Files, type OpenFile } from "@waybill/host"
import { pathSegments } from "@waybill/workspace-job"
import { Effect, Layer, type Scope } from "effect"
import { basename, dirname, join } from "node:path"
import { chunk_bytes, copyInto, digestOf, ownCopyOf } from "./Bytes.ts"
import { untilAborted, within } from "./Call.ts"
import { DataPlane, type Destination, type StoredArtifact } from "./DataPlane.ts"
import {
  ArtifactMissing,
  BytesDiffer,
  CandidateMissing,
  type Digest,
  type Hop,
  PathRefused,
  StorageFailed,
} from "./Errors.ts"
import { artifactRef, type AttemptKey, folderName, openBelow, sealedAt } from "./Layout.ts"
import {
  checkFile,
  checkPath,
  compare,
  holds,
  isFileError,
  notPlainFile,
  opened,
  place,
  storage,
  streamOf,
  sweep,
  temporary,
} from "./places.ts"
import { capture, release } from "./transfer.ts"

export interface DataPlaneOptions {
  /** Host path of the folder that holds everything; made on first use. */
  readonly root: string
  /** 8 GiB by default. */
  readonly bytes_max?: number
  /** How long a call may take unless it says so itself; ten minutes by default. */
  readonly deadline_ms?: number
}

const make = (options: DataPlaneOptions) =>
  Effect.gen(function* () {
    const files = yield* Files
    const entropy = yield* Entropy
    const { bytes_max = 8 * 1024 ** 3, deadline_ms = 600_000, root } = options
    const openRoot = files.openDirectory(root, { create: true })
    const temporaryName = Effect.map(entropy.hex(8), (hex) => `${temporary}${hex}`)

    const bounded = <A, E, R>(
      hop: Hop,
      call: Parameters<typeof within>[1],
      run: Effect.Effect<A, E, R | Scope.Scope>,
    ) => within(hop, call, deadline_ms, Effect.scoped(run))

    const folder = (area: string, segments: ReadonlyArray<string>, create: boolean) =>
      Effect.flatMap(openRoot, (directory) => openBelow(directory, [area, ...segments], { create }))

    const attemptFolder = (area: string, { attempt, runId }: AttemptKey) => [area, folderName(runId), String(attempt)]

    const openStored = (hop: Hop, attempt: AttemptKey, path: string) =>
      Effect.gen(function* () {
        const [folders, name] = yield* checkPath(hop, path)
        const missing = () => new ArtifactMissing({ hop, path })
        return yield* folder("artifacts", [...attemptFolder("", attempt).slice(1), ...folders], false).pipe(
          Effect.flatMap((directory) => directory.openFile(name, { access: "read" })),
          Effect.mapError(opened(hop, path, missing)),
        )
      })

    const openSealed = (hop: Hop, { path, sha256 }: { readonly sha256: string; readonly path: string }) => {
      const [[area = "", ...folders], name] = sealedAt(sha256)
      return folder(area, folders, false).pipe(
        Effect.flatMap((directory) => directory.openFile(name, { access: "read" })),
        Effect.mapError((cause) =>
          cause.code === "ENOENT" || notPlainFile.has(cause.code)
            ? new ArtifactMissing({ hop, path })
            : new StorageFailed({ hop, cause }),
        ),
      )
    }

    const toFile = (target: string, artifact: Digest, sealed: OpenFile, onProgress?: (bytes: number) => void) =>
      Effect.gen(function* () {
        const directory = yield* Effect.mapError(
          files.openDirectory(dirname(target), { create: true }),
          storage("deliver"),
        )
        yield* place(
          yield* temporaryName,
          "deliver",
          directory,
          basename(target),
          (file) => release(sealed, artifact, (chunk, at) => file.write(chunk, at), onProgress),
          (written) => compare("deliver", artifact, written),
          0o644,
        )
      })

    return DataPlane.of({
      workspace: (runId, call) =>
        bounded(
          "seed",
          call,
          Effect.map(Effect.mapError(folder("workspaces", [folderName(runId)], true), storage("seed")), () =>
            join(root, "workspaces", folderName(runId)),
          ),
        ),

      writeSeed: (runId, path, content, call) =>
        bounded(
          "seed",
          call,
          Effect.gen(function* () {
            const [folders, name] = yield* checkPath("seed", path)
            const own = ownCopyOf(content)
            const directory = yield* folder("workspaces", [folderName(runId), ...folders], true).pipe(
              Effect.mapError(opened("seed", path, () => new PathRefused({ hop: "seed", path, reason: "it is gone" }))),
            )
            const kind = yield* directory.info(name).pipe(
              Effect.map((info) => info.kind),
              Effect.catch((cause) =>
                cause.code === "ENOENT" ? Effect.succeed("nothing" as const) : Effect.fail(storage("seed")(cause)),
              ),
            )
            if (kind !== "nothing" && kind !== "file")
              return yield* new PathRefused({ hop: "seed", path, reason: `there is a ${kind} in its place` })
            const isThere =
              kind === "file" &&
              (yield* Effect.scoped(holds(directory, name, own)).pipe(Effect.mapError(storage("seed"))))
            if (isThere) return yield* Effect.mapError(directory.flush, storage("seed"))
            yield* place(
              yield* temporaryName,
              "seed",
              directory,
              name,
              (file) =>
                Effect.gen(function* () {
                  yield* file.write(own, 0)
                  yield* file.flush
                  return yield* digestOf(file)
                }),
              () => Effect.void,
              0o644,
            ).pipe(Effect.catchTag("FileError", (cause) => Effect.fail(storage("seed")(cause))))
          }),
        ),

      candidate: (runId, path, call) =>
        within(
          "collect",
          call,
          deadline_ms,
          Effect.gen(function* () {
            const [folders, name] = yield* checkPath("collect", path)
            const file = yield* folder("workspaces", [folderName(runId), ...folders], false).pipe(
              Effect.flatMap((directory) => directory.openFile(name, { access: "read" })),
              Effect.mapError(opened("collect", path, () => new CandidateMissing({ path }))),
            )
            const { bytes } = yield* Effect.mapError(file.info, storage("collect"))
            return { bytes, stream: streamOf("collect", file) }
          }),
        ),

      build: (attempt, given, call) =>
        Effect.suspend(() => {
          // Taken before anything is waited for: from here on the builder may do with its buffer what it likes.
          const source = given instanceof Uint8Array ? ownCopyOf(given) : given
          return bounded(
            "build",
            call,
            Effect.gen(function* () {
              const directory = yield* Effect.mapError(
                folder("staging", attemptFolder("", attempt).slice(1), true),
                storage("build"),
              )
              yield* Effect.mapError(sweep(directory), storage("build"))
              return yield* place(
                yield* temporaryName,
                "build",
                directory,
                "built",
                (file) => capture(file, source, bytes_max, call?.onProgress),
                () => Effect.void,
                0o600,
              ).pipe(Effect.catchIf(isFileError, (cause) => Effect.fail(storage("build")(cause))))
            }),
          )
        }),

      hasBuilt: (attempt, built, call) =>
        bounded(
          "build",
          call,
          folder("staging", attemptFolder("", attempt).slice(1), false).pipe(
            Effect.flatMap((directory) => directory.openFile("built", { access: "read" })),
            Effect.flatMap((file) => digestOf(file, call?.onProgress)),
            Effect.map(({ bytes, sha256 }) => bytes === built.bytes && sha256 === built.sha256),
            Effect.catch((cause) =>
              cause.code === "ENOENT" || notPlainFile.has(cause.code)
                ? Effect.succeed(false)
                : Effect.fail(storage("build")(cause)),
            ),
          ),
        ),

      write: (attempt, path, built, call) =>
        bounded(
          "write",
          call,
          Effect.gen(function* () {
            const [folders, name] = yield* checkPath("write", path)
            const source = yield* folder("staging", attemptFolder("", attempt).slice(1), false).pipe(
              Effect.flatMap((directory) => directory.openFile("built", { access: "read" })),
              Effect.mapError(opened("write", path, () => new ArtifactMissing({ hop: "write", path }))),
            )
            const directory = yield* folder(
              "artifacts",
              [...attemptFolder("", attempt).slice(1), ...folders],
              true,
            ).pipe(Effect.mapError(opened("write", path, () => new ArtifactMissing({ hop: "write", path }))))
            yield* Effect.mapError(sweep(directory), storage("write"))
            yield* place(
              yield* temporaryName,
              "write",
              directory,
              name,
              (file) => copyInto(source, file, call?.onProgress),
              (written) => compare("write", built, written),
              0o400,
            ).pipe(
              Effect.catchIf(isFileError, (cause) => Effect.fail(storage("write")(cause))),
              Effect.catchTag("StorageFailed", (error) =>
                // The one refusal that is about what bears the name and not about the disk.
                Effect.fail(
                  error.cause.operation === "rename" ? opened("write", path, () => error)(error.cause) : error,
                ),
              ),
            )
            const { bytes, sha256 } = built
            return { artifactRef: artifactRef(attempt, path), path, sha256, bytes }
          }),
        ),

      readBack: (attempt, written, call) =>
        bounded(
          "readback",
          call,
          Effect.gen(function* () {
            const { path } = written
            const file = yield* openStored("readback", attempt, path)
            const info = yield* checkFile("readback", file, written, call?.onProgress)
            if (info.links !== 1)
              return yield* new PathRefused({ hop: "readback", path, reason: `the file has ${info.links} names` })
            return { artifactRef: artifactRef(attempt, path), path, sha256: written.sha256, bytes: info.bytes }
          }),
        ),

      seal: (attempt, read, call) =>
        bounded(
          "seal",
          call,
          Effect.gen(function* () {
            const [[area = "", ...folders], name] = sealedAt(read.sha256)
            const directory = yield* Effect.mapError(folder(area, folders, true), storage("seal"))
            const isSealed = yield* Effect.scoped(
              openSealed("seal", read).pipe(
                Effect.flatMap((file) => checkFile("seal", file, read)),
                Effect.as(true),
                Effect.catchTags({
                  // A seal that is not there, or was damaged, is made again from bytes that are checked on the way.
                  ArtifactMissing: () => Effect.succeed(false),
                  BytesDiffer: () => Effect.succeed(false),
                }),
              ),
            )
            // Whoever made it may have died before its name was on stable storage.
            if (isSealed) return yield* Effect.mapError(directory.flush, storage("seal"))
            const file = yield* openStored("seal", attempt, read.path)
            yield* place(
              yield* temporaryName,
              "seal",
              directory,
              name,
              (to) => copyInto(file, to, call?.onProgress),
              (written) => compare("seal", read, written),
              0o400,
            ).pipe(Effect.catchIf(isFileError, (cause) => Effect.fail(storage("seal")(cause))))
          }),
        ),

      withSealed: (attempt, artifact, use, call) =>
        Effect.scoped(
          Effect.gen(function* () {
            const name = pathSegments(artifact.path).at(-1) ?? "artifact"
            const segments = attemptFolder("handed", attempt)
            const copy = yield* within(
              "verify",
              call,
              deadline_ms,
              Effect.gen(function* () {
                const sealed = yield* openSealed("verify", artifact)
                const directory = yield* Effect.mapError(folder("handed", segments.slice(1), true), storage("verify"))
                const discard = Effect.ignore(directory.unlink(name))
                yield* discard
                const copy = yield* Effect.acquireRelease(
                  Effect.mapError(
                    directory.openFile(name, { access: "write", create: "exclusive", mode: 0o400 }),
                    storage("verify"),
                  ),
                  () => discard,
                )
                const given = yield* Effect.mapError(copyInto(sealed, copy, call?.onProgress), storage("verify"))
                yield* compare("verify", artifact, given)
                return copy
              }),
            )
            const answer = yield* untilAborted(
              "verify",
              call,
              use({
                path: join(root, ...segments, name),
                sha256: artifact.sha256,
                bytes: artifact.bytes,
                stream: streamOf("verify", copy),
              }),
            )
            yield* within(
              "verify",
              call,
              deadline_ms,
              Effect.gen(function* () {
                const ours = yield* checkFile("verify", copy, artifact)
                const named = yield* Effect.scoped(
                  Effect.flatMap(folder("handed", segments.slice(1), false), (directory) => directory.info(name)),
                ).pipe(
                  Effect.mapError((cause) =>
                    cause.code === "ENOENT" || notPlainFile.has(cause.code)
                      ? new ArtifactMissing({ hop: "verify", path: artifact.path })
                      : new StorageFailed({ hop: "verify", cause }),
                  ),
                )
                // Another file under the name may be what the verifier read.
                if (named.inode !== ours.inode || named.device !== ours.device)
                  return yield* new BytesDiffer({
                    hop: "verify",
                    expected: { sha256: artifact.sha256, bytes: artifact.bytes },
                    actual: { bytes: named.bytes },
                  })
                // By its name, anew: what is delivered later is what bears the name.
                yield* Effect.scoped(
                  Effect.flatMap(openSealed("verify", artifact), (file) => checkFile("verify", file, artifact)),
                )
              }),
            )
            return answer
          }),
        ),

      deliver: <E, R>(artifact: StoredArtifact, destination: Destination<E, R>, call?: Parameters<typeof within>[1]) =>
        bounded(
          "deliver",
          call,
          Effect.gen(function* () {
            const sealed = yield* openSealed("deliver", artifact)
            const { bytes, sha256 } = artifact
            const whole = { sha256, bytes }
            if ("file" in destination) yield* toFile(destination.file, whole, sealed, call?.onProgress)
            else yield* release(sealed, whole, (chunk) => destination.sink(ownCopyOf(chunk)), call?.onProgress)
            return {
              artifactRef: artifact.artifactRef,
              sha256,
              bytes,
              chunks: Math.ceil(bytes / chunk_bytes),
              destination: "file" in destination ? destination.file : "sink",
            }
          }).pipe(Effect.catchIf(isFileError, (cause) => Effect.fail(storage("deliver")(cause)))),
        ),
    })
  })

/** The data plane on whatever file system the layer is given. */
export const layerDataPlane = (options: DataPlaneOptions): Layer.Layer<DataPlane, never, Files | Entropy> =>
  Layer.effect(DataPlane, make(options))
