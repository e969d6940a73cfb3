/**
 * What every hop works with: the folders under the root, the bounds of a call, and a place for what is unfinished.
 *
 * @module
 */
import {
  type Directory,
  type Entropy,
  type FileError,
  type Files,
  openBelow,
  type OpenFile,
  openFileBelow,
} from "@waybill/host"
import { Effect, type Scope } from "effect"
import { type Call, within } from "./Call.ts"
import { ArtifactMissing, type Hop, type HopError, type PathRefused, StorageFailed } from "./Errors.ts"
import { type AttemptKey, folderName, sealedAt } from "./Layout.ts"
import { checkPath, notPlainFile, opened } from "./places.ts"
import { makeUnfinished, type Unfinished } from "./unfinished/Unfinished.ts"

export interface DataPlaneOptions {
  /** Host path of the folder that holds everything; made on first use. */
  readonly root: string
  /** 8 GiB by default. */
  readonly bytes_max?: number
  /** How long a call may take unless it says so itself; ten minutes by default. */
  readonly deadline_ms?: number
}

export interface Room {
  readonly root: string
  readonly bytes_max: number
  readonly files: Files["Service"]
  readonly unfinished: Unfinished
  /** Runs within the bounds of a call. */
  readonly within: <A, E, R>(
    hop: Hop,
    call: Call | undefined,
    run: Effect.Effect<A, E, R>,
  ) => Effect.Effect<A, E | HopError, R>
  /** The same, and closes what was opened. */
  readonly bounded: <A, E, R>(
    hop: Hop,
    call: Call | undefined,
    run: Effect.Effect<A, E, R>,
  ) => Effect.Effect<A, E | HopError, Exclude<R, Scope.Scope>>
  /** Opens a folder below the root, segment by segment. */
  readonly folder: (
    segments: ReadonlyArray<string>,
    options: { readonly create: boolean },
  ) => Effect.Effect<Directory, FileError, Scope.Scope>
  /** Opens a file in a folder below the root, for reading. */
  readonly file: (folders: ReadonlyArray<string>, name: string) => Effect.Effect<OpenFile, FileError, Scope.Scope>
  /** Opens the private copy of an attempt's built bytes. */
  readonly openBuilt: (attempt: AttemptKey) => Effect.Effect<OpenFile, FileError, Scope.Scope>
  /** Opens what was written for an attempt. */
  readonly openStored: (
    hop: Hop,
    attempt: AttemptKey,
    path: string,
  ) => Effect.Effect<OpenFile, PathRefused | ArtifactMissing | StorageFailed, Scope.Scope>
  /** Opens the sealed copy by its name; `path` is for messages. What is no plain file there is as good as nothing. */
  readonly openSealed: (
    hop: Hop,
    artifact: { readonly sha256: string; readonly path: string },
  ) => Effect.Effect<OpenFile, ArtifactMissing | StorageFailed, Scope.Scope>
}

/** The folders of an attempt below one of the areas. */
export const attemptIn = (area: "staging" | "artifacts", { attempt, runId }: AttemptKey): ReadonlyArray<string> => [
  area,
  folderName(runId),
  String(attempt),
]

/** What opening one of our own places can meet: what is no plain file there is as good as nothing. */
export const missingOrBroken = (hop: Hop, path: string) => (cause: FileError) =>
  cause.code === "ENOENT" || notPlainFile.has(cause.code)
    ? new ArtifactMissing({ hop, path })
    : new StorageFailed({ hop, cause })

export const makeRoom = (
  files: Files["Service"],
  entropy: Entropy["Service"],
  { bytes_max = 8 * 1024 ** 3, deadline_ms = 600_000, root }: DataPlaneOptions,
): Effect.Effect<Room, never, Scope.Scope> =>
  Effect.gen(function* () {
    const top = files.openDirectory(root, { create: true })
    const folder: Room["folder"] = (segments, options) =>
      Effect.flatMap(top, (directory) => openBelow(directory, segments, options))
    const file: Room["file"] = (folders, name) =>
      Effect.flatMap(top, (directory) => openFileBelow(directory, folders, name, { access: "read" }))
    return {
      root,
      bytes_max,
      files,
      unfinished: yield* makeUnfinished(folder(["unfinished"], { create: true }), entropy),
      within: (hop, call, run) => within(hop, call, deadline_ms, run),
      bounded: (hop, call, run) => within(hop, call, deadline_ms, Effect.scoped(run)),
      folder,
      file,
      openBuilt: (attempt) => file(attemptIn("staging", attempt), "built"),
      openStored: (hop, attempt, path) =>
        Effect.flatMap(checkPath(hop, path), ([folders, name]) =>
          Effect.mapError(
            file([...attemptIn("artifacts", attempt), ...folders], name),
            opened(hop, path, () => new ArtifactMissing({ hop, path })),
          ),
        ),
      openSealed: (hop, { path, sha256 }) => Effect.mapError(file(...sealedAt(sha256)), missingOrBroken(hop, path)),
    }
  })
