/**
 * Letting verified bytes out.
 *
 * @module
 */
import type { FileInfo, OpenFile } from "@waybill/host"
import { Effect } from "effect"
import { join } from "node:path"
import { chunk_bytes, copyToKeep, digestOf, during } from "../Bytes.ts"
import type { Call } from "../Call.ts"
import type { DataPlane, Destination, StoredArtifact } from "../DataPlane.ts"
import { ArtifactMissing, BytesDiffer } from "../Errors.ts"
import { own_folders, sealedAt } from "../Layout.ts"
import { compare, place, storing } from "../places.ts"
import type { Room } from "../Room.ts"
import { release } from "../transfer.ts"
import { openTarget, type Reserved, type Target } from "./destination.ts"

/** Says which sealed artifact it is that is gone or has changed. */
const naming = (room: Room, { artifactRef, sha256 }: StoredArtifact) => {
  const [folders, name] = sealedAt(sha256)
  const sealed = { artifactRef, sha256, at: join(room.root, ...folders, name) }
  return <E>(error: E): E | BytesDiffer | ArtifactMissing => {
    if (error instanceof BytesDiffer)
      return new BytesDiffer({ hop: error.hop, expected: error.expected, actual: error.actual, sealed })
    if (error instanceof ArtifactMissing) return new ArtifactMissing({ hop: error.hop, path: error.path, sealed })
    return error
  }
}

/** What looking for a folder anew meets when it was moved, replaced or closed to us. */
const isElsewhere: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EACCES"])

const isSameFile = (a: FileInfo, b: FileInfo): boolean => a.inode === b.inode && a.device === b.device

const isUntouched = (a: FileInfo, b: FileInfo): boolean =>
  isSameFile(a, b) && a.bytes === b.bytes && a.modified_ms === b.modified_ms

export const deliverHops = (room: Room): Pick<DataPlane["Service"], "deliver"> => {
  const own: Reserved = { folder: room.root, below: own_folders }
  const others = (reserved: ReadonlyArray<string> = []) =>
    reserved.map((folder): Reserved => ({ folder, below: ["."] }))
  /** Releases the sealed bytes into `sink`, once they are what they should be. */
  const releaseTo = <E, R>(
    artifact: StoredArtifact,
    sealed: OpenFile,
    sink: (chunk: Uint8Array, at: number) => Effect.Effect<void, E, R>,
    call: Call | undefined,
  ) => {
    const { bytes, sha256 } = artifact
    return Effect.mapError(release(sealed, { sha256, bytes }, sink, call?.onProgress), naming(room, artifact))
  }

  const toFile = (
    { checkPlace, directory, name, reopen }: Target,
    artifact: StoredArtifact,
    sealed: OpenFile,
    call: Call | undefined,
  ) =>
    Effect.gen(function* () {
      const { bytes, sha256 } = artifact
      const draft = yield* room.unfinished.fileIn(directory, { folder: directory.path }, 0o600)
      const meddled = (found: FileInfo) =>
        new BytesDiffer({
          hop: "deliver",
          expected: { sha256, bytes },
          actual: { bytes: found.bytes },
          meddledWith: join(directory.path, name),
        })
      let asRead: FileInfo | undefined
      yield* place("deliver", draft, { directory, name }, (file) =>
        Effect.gen(function* () {
          const released = yield* releaseTo(artifact, sealed, (chunk, at) => file.write(chunk, at), call)
          yield* file.chmod(0o644)
          // The receipt speaks for the file: what the disk took is read again, while it is flushed, before it gets its name.
          const [before, found] = yield* during(file.flush, Effect.all([file.info, digestOf(file)]))
          yield* compare("deliver", artifact, found)
          const now = yield* draft.directory.info(draft.name)
          if (!isSameFile(before, now) || before.changed_ns !== now.changed_ns) return yield* meddled(now)
          asRead = before
          yield* checkPlace
          return released
        }).pipe(storing("deliver")),
      )
      // Getting a name moves `changed_ns` too, so from here on the length and the time of the last write have to tell.
      const named = yield* directory.info(name)
      // By its path, as whoever was promised it comes to it: the folder that took it may lie elsewhere by now.
      const found = yield* Effect.scoped(Effect.flatMap(reopen, (folder) => folder.info(name))).pipe(
        Effect.catch((error) => (isElsewhere.has(error.code) ? Effect.succeed(undefined) : Effect.fail(error))),
      )
      const isThere = found !== undefined && isSameFile(named, found)
      if (asRead === undefined || (isThere && isUntouched(asRead, named))) return
      // What somebody else put there since may be the good file of another delivery: only ours is taken away.
      if (isSameFile(asRead, named)) yield* Effect.andThen(directory.unlink(name), directory.flush)
      return yield* meddled(named)
    })

  return {
    deliver: <E, R>(artifact: StoredArtifact, destination: Destination<E, R>, call?: Call) =>
      room.bounded(
        "deliver",
        call,
        Effect.gen(function* () {
          const target =
            "file" in destination
              ? yield* openTarget(room.files, destination.file, [own, ...others(destination.reserved)])
              : undefined
          const sealed = yield* Effect.mapError(room.openSealed("deliver", artifact), naming(room, artifact))
          const { artifactRef, bytes, sha256 } = artifact
          if (target !== undefined) yield* toFile(target, artifact, sealed, call)
          else if ("sink" in destination)
            yield* releaseTo(artifact, sealed, (chunk) => destination.sink(copyToKeep(chunk)), call)
          return {
            artifactRef,
            sha256,
            bytes,
            chunks: Math.ceil(bytes / chunk_bytes),
            destination: "file" in destination ? destination.file : "sink",
          }
        }).pipe(storing("deliver")),
      ),
  }
}
