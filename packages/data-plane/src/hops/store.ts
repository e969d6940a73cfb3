/**
 * Writing an attempt's artifact, reading it back, and sealing what was read.
 *
 * @module
 */
import { Effect } from "effect"
import { join } from "node:path"
import { copyInto } from "../Bytes.ts"
import type { DataPlane } from "../DataPlane.ts"
import { ArtifactMissing, PathRefused } from "../Errors.ts"
import { artifactRef, sealedAt } from "../Layout.ts"
import { checkFile, checkPath, compare, opened, place, placed, settling, storing } from "../places.ts"
import { attemptIn, missingOrBroken, type Room } from "../Room.ts"

export const storeHops = (room: Room): Pick<DataPlane["Service"], "write" | "readBack" | "seal"> => ({
  write: (attempt, path, built, call) =>
    room.bounded(
      "write",
      call,
      Effect.gen(function* () {
        const [folders, name] = yield* checkPath("write", path)
        const missing = () => new ArtifactMissing({ hop: "write", path })
        const source = yield* Effect.mapError(room.openBuilt(attempt), opened("write", path, missing))
        const directory = yield* Effect.mapError(
          room.folder([...attemptIn("artifacts", attempt), ...folders], { create: true }),
          opened("write", path, missing),
        )
        yield* place("write", yield* room.unfinished.file(0o600), { directory, name }, (to) =>
          Effect.tap(copyInto(source, to, settling(to, 0o400), call?.onProgress), (written) =>
            compare("write", built, written),
          ),
        ).pipe(placed("write", path))
        const { bytes, sha256 } = built
        return { artifactRef: artifactRef(attempt, path), path, sha256, bytes }
      }).pipe(storing("write")),
    ),

  readBack: (attempt, written, call) =>
    room.bounded(
      "readback",
      call,
      Effect.gen(function* () {
        const { path } = written
        const file = yield* room.openStored("readback", attempt, path)
        const info = yield* checkFile("readback", file, written, call?.onProgress)
        if (info.links !== 1)
          return yield* new PathRefused({ hop: "readback", path, reason: `the file has ${info.links} names` })
        return { artifactRef: artifactRef(attempt, path), path, sha256: written.sha256, bytes: info.bytes }
      }),
    ),

  seal: (attempt, read, call) =>
    room.bounded(
      "seal",
      call,
      Effect.gen(function* () {
        const [folders, name] = sealedAt(read.sha256)
        // No caller named this place: whoever has to make room there must be told where it is.
        const at = join(room.root, ...folders, name)
        const directory = yield* Effect.mapError(
          room.folder(folders, { create: true }),
          opened("seal", at, () => new ArtifactMissing({ hop: "seal", path: read.path })),
        )
        const isSealed = yield* Effect.scoped(
          directory.openFile(name, { access: "read" }).pipe(
            Effect.mapError(missingOrBroken("seal", read.path)),
            Effect.flatMap((file) => checkFile("seal", file, read)),
            // A second name, or a mode that lets somebody write, is somebody's hand on it.
            Effect.map(({ links, mode }) => links === 1 && (mode & 0o222) === 0),
            Effect.catchTags({
              // A seal that is not there, or was damaged, is made again from bytes that are checked on the way.
              ArtifactMissing: () => Effect.succeed(false),
              BytesDiffer: () => Effect.succeed(false),
            }),
          ),
        )
        // Whoever made it may have died before its name was on stable storage.
        if (isSealed) return yield* directory.flush
        const file = yield* room.openStored("seal", attempt, read.path)
        yield* place("seal", yield* room.unfinished.file(0o600), { directory, name }, (to) =>
          Effect.tap(copyInto(file, to, settling(to, 0o400), call?.onProgress), (written) =>
            compare("seal", read, written),
          ),
        ).pipe(placed("seal", at))
      }).pipe(storing("seal")),
    ),
})
