/**
 * Taking the built bytes in, and finding them again after a crash.
 *
 * @module
 */
import { Effect } from "effect"
import { digestOf } from "../Bytes.ts"
import type { DataPlane } from "../DataPlane.ts"
import { notPlainFile, place, settling, storage, storing } from "../places.ts"
import { attemptIn, type Room } from "../Room.ts"
import { capture, take } from "../transfer.ts"

export const buildHops = (room: Room): Pick<DataPlane["Service"], "build" | "hasBuilt"> => ({
  build: (attempt, given, call) =>
    Effect.suspend(() => {
      // Before anything is waited for.
      const source = take(given)
      return room.bounded(
        "build",
        call,
        Effect.gen(function* () {
          const directory = yield* room.folder(attemptIn("staging", attempt), { create: true })
          return yield* place("build", yield* room.unfinished.file(0o600), { directory, name: "built" }, (file) =>
            capture(file, settling(file, 0o600), source, room.bytes_max, call?.onProgress),
          )
        }).pipe(storing("build")),
      )
    }),

  hasBuilt: (attempt, built, call) =>
    room.bounded(
      "build",
      call,
      room.openBuilt(attempt).pipe(
        Effect.flatMap((file) => digestOf(file, call?.onProgress)),
        Effect.map(({ bytes, sha256 }) => bytes === built.bytes && sha256 === built.sha256),
        Effect.catch((cause) =>
          cause.code === "ENOENT" || notPlainFile.has(cause.code)
            ? Effect.succeed(false)
            : Effect.fail(storage("build")(cause)),
        ),
      ),
    ),
})
