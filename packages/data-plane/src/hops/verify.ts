/**
 * Handing the sealed bytes to a verifier, and noticing when they were touched while it had them.
 *
 * @module
 */
import { pathSegments } from "@waybill/workspace-job"
import { Effect, Stream } from "effect"
import { join } from "node:path"
import { checkedStreamOf, chunkedDigestOf, copyInto } from "../Bytes.ts"
import { untilAborted } from "../Call.ts"
import type { DataPlane } from "../DataPlane.ts"
import { BytesDiffer, CopyTouched } from "../Errors.ts"
import { checkFile, compare, storing } from "../places.ts"
import { missingOrBroken, type Room } from "../Room.ts"

export const verifyHops = (room: Room): Pick<DataPlane["Service"], "withSealed"> => ({
  withSealed: (artifact, use, call) =>
    Effect.scoped(
      Effect.gen(function* () {
        const name = pathSegments(artifact.path).at(-1) ?? "artifact"
        const { before, copy, path, segments } = yield* room.within(
          "verify",
          call,
          Effect.gen(function* () {
            const sealed = yield* room.openSealed("verify", artifact)
            const { directory, segments } = yield* room.unfinished.folder
            const copy = yield* directory.openFile(name, { access: "write", create: "exclusive", mode: 0o400 })
            // Not flushed: after a crash nobody asks for it.
            yield* compare("verify", artifact, yield* copyInto(sealed, copy, Effect.void, call?.onProgress))
            return { before: yield* copy.info, copy, path: join(directory.path, name), segments }
          }).pipe(storing("verify")),
        )
        const answer = yield* untilAborted(
          "verify",
          call,
          use({
            path,
            sha256: artifact.sha256,
            bytes: artifact.bytes,
            stream: Stream.unwrap(
              Effect.gen(function* () {
                const chunked = yield* chunkedDigestOf(copy)
                yield* compare("verify", artifact, chunked)
                return checkedStreamOf("verify", copy, chunked)
              }).pipe(storing("verify")),
            ),
          }),
        )
        yield* room.within(
          "verify",
          call,
          Effect.gen(function* () {
            const ours = yield* checkFile("verify", copy, artifact)
            // From the root, as the verifier came to it.
            const found = Effect.flatMap(room.folder(segments, { create: false }), (directory) => directory.info(name))
            const named = yield* Effect.mapError(Effect.scoped(found), missingOrBroken("verify", artifact.path))
            // Another file under the name may be what the verifier read.
            if (named.inode !== ours.inode || named.device !== ours.device)
              return yield* new BytesDiffer({
                hop: "verify",
                expected: { sha256: artifact.sha256, bytes: artifact.bytes },
                actual: { bytes: named.bytes },
              })
            // Changed and changed back: it may have read other bytes in between.
            if (ours.changed_ns !== before.changed_ns) return yield* new CopyTouched({ path: artifact.path })
            // By its name, anew: what is delivered later is what bears the name.
            yield* Effect.scoped(
              Effect.flatMap(room.openSealed("verify", artifact), (file) => checkFile("verify", file, artifact)),
            )
          }),
        )
        return answer
      }),
    ),
})
