/**
 * Letting verified bytes out.
 *
 * @module
 */
import type { OpenFile } from "@waybill/host"
import { Effect } from "effect"
import { basename, dirname } from "node:path"
import { chunk_bytes, digestOf, ownCopyOf } from "../Bytes.ts"
import type { Call } from "../Call.ts"
import type { DataPlane, Destination, StoredArtifact } from "../DataPlane.ts"
import type { Digest } from "../Errors.ts"
import { compare, place, storing } from "../places.ts"
import type { Room } from "../Room.ts"
import { release } from "../transfer.ts"

export const deliverHops = (room: Room): Pick<DataPlane["Service"], "deliver"> => {
  const toFile = (target: string, artifact: Digest, sealed: OpenFile, onProgress?: (bytes: number) => void) =>
    Effect.gen(function* () {
      const directory = yield* room.files.openDirectory(dirname(target), { create: true })
      yield* place(
        "deliver",
        yield* room.unfinished.fileIn(directory, { folder: directory.path }, 0o600),
        { directory, name: basename(target), mode: 0o644 },
        (file) => release(sealed, artifact, (chunk, at) => file.write(chunk, at), onProgress),
        // The receipt speaks for the file: what the disk took is read again before it gets its name.
        (_, file) =>
          Effect.flatMap(digestOf(file), (stored) => compare("deliver", artifact, stored)).pipe(storing("deliver")),
      )
    })

  return {
    deliver: <E, R>(artifact: StoredArtifact, destination: Destination<E, R>, call?: Call) =>
      room.bounded(
        "deliver",
        call,
        Effect.gen(function* () {
          const sealed = yield* room.openSealed("deliver", artifact)
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
        }).pipe(storing("deliver")),
      ),
  }
}
