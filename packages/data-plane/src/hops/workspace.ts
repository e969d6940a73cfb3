/**
 * The agent's side: its workspace, the seeds it finds there, and the candidate it leaves.
 *
 * @module
 */
import type { Directory } from "@waybill/host"
import { refuseFilePath } from "@waybill/workspace-job"
import { Effect } from "effect"
import { join } from "node:path"
import { digestOf, isBytes, ownCopyOf, streamOf } from "../Bytes.ts"
import type { DataPlane } from "../DataPlane.ts"
import { CandidateMissing, PathRefused } from "../Errors.ts"
import { folderName, refuseHostPath } from "../Layout.ts"
import { checkPath, holds, notPlainFile, opened, place, settling, storage, storing } from "../places.ts"
import type { Room } from "../Room.ts"

type Hops = Pick<DataPlane["Service"], "workspace" | "refusePlace" | "writeSeed" | "candidate">

/** What bears the name where a seed goes. */
const kindAt = (directory: Directory, name: string) =>
  Effect.map(directory.find(name), (info) => info?.kind ?? ("nothing" as const))

export const workspaceHops = (room: Room): Hops => {
  const below = (runId: string, folders: ReadonlyArray<string>) => [folderName(runId), ...folders]
  const open = (segments: ReadonlyArray<string>, create: boolean) =>
    room.folder(["workspaces", ...segments], { create })
  const workspaceAt = (runId: string): string => join(room.root, "workspaces", folderName(runId))
  return {
    refusePlace: (runId, path) => refuseFilePath(path) ?? refuseHostPath(join(workspaceAt(runId), path)),

    workspace: (runId, call) =>
      room.bounded(
        "seed",
        call,
        open(below(runId, []), true).pipe(
          Effect.mapError((cause) =>
            notPlainFile.has(cause.code)
              ? new PathRefused({ hop: "seed", path: "/", reason: `the workspace itself is no folder (${cause.code})` })
              : storage("seed")(cause),
          ),
          Effect.as(workspaceAt(runId)),
        ),
      ),

    writeSeed: (runId, path, content, call) =>
      Effect.suspend(() => {
        if (!isBytes(content))
          return Effect.fail(new PathRefused({ hop: "seed", path, reason: "its content is no bytes any more" }))
        const own = ownCopyOf(content)
        return room.bounded(
          "seed",
          call,
          Effect.gen(function* () {
            const [folders, name] = yield* checkPath("seed", path)
            const workspace = below(runId, folders)
            const refused = opened("seed", path, () => new PathRefused({ hop: "seed", path, reason: "it is gone" }))
            const directory = yield* Effect.mapError(open(workspace, true), refused)
            const kind = yield* Effect.mapError(kindAt(directory, name), refused)
            if (kind !== "nothing" && kind !== "file")
              return yield* new PathRefused({ hop: "seed", path, reason: `there is a ${kind} in its place` })
            const isThere = kind === "file" && (yield* Effect.scoped(holds(directory, name, own)))
            if (isThere) return yield* directory.flush
            yield* place(
              "seed",
              yield* room.unfinished.fileIn(directory, { workspace }, 0o644),
              { directory, name },
              (file) => Effect.tap(Effect.andThen(file.write(own, 0), digestOf(file)), settling(file, 0o644)),
            )
          }).pipe(storing("seed")),
        )
      }),

    candidate: (runId, path, call) =>
      room.within(
        "collect",
        call,
        Effect.gen(function* () {
          const [folders, name] = yield* checkPath("collect", path)
          const file = yield* Effect.mapError(
            room.file(["workspaces", ...below(runId, folders)], name),
            opened("collect", path, () => new CandidateMissing({ path })),
          )
          const { bytes } = yield* Effect.mapError(file.info, storage("collect"))
          return { bytes, stream: streamOf("collect", file) }
        }),
      ),
  }
}
