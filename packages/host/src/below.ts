/**
 * Opening what lies several folders below an open one.
 *
 * Each name is resolved in the folder that was opened before it, as ever. Where the file system itself can do that for all of them, it
 * is one step instead of one for each folder, and the folders on the way are closed as soon as they are passed. What is put around
 * a directory hides that, and then it is done folder by folder: nothing is ever passed by.
 *
 * @module
 */
import { Effect, type Scope } from "effect"
import type { Directory, FileError, OpenFile, OpenOptions } from "./Files.ts"

export const below = Symbol("@waybill/host/below")

/** How a directory opens what lies below it in one step. */
export interface Below {
  readonly directory: (
    segments: ReadonlyArray<string>,
    options: { readonly create: boolean },
  ) => Effect.Effect<Directory, FileError, Scope.Scope>
  readonly file: (
    folders: ReadonlyArray<string>,
    name: string,
    options: OpenOptions,
  ) => Effect.Effect<OpenFile, FileError, Scope.Scope>
}

const belowOf = (directory: Directory): Below | undefined =>
  (directory as Directory & { readonly [below]?: Below })[below]

/** Opens a folder below another, name by name; `create` as for {@link Directory.openDirectory}. */
export const openBelow = (
  directory: Directory,
  segments: ReadonlyArray<string>,
  options: { readonly create: boolean },
): Effect.Effect<Directory, FileError, Scope.Scope> => {
  const [name, ...rest] = segments
  if (name === undefined) return Effect.succeed(directory)
  const inOne = belowOf(directory)
  if (inOne !== undefined) return inOne.directory(segments, options)
  return Effect.flatMap(directory.openDirectory(name, options), (next) => openBelow(next, rest, options))
}

/** Opens a file in a folder below another that is there. */
export const openFileBelow = (
  directory: Directory,
  folders: ReadonlyArray<string>,
  name: string,
  options: OpenOptions,
): Effect.Effect<OpenFile, FileError, Scope.Scope> => {
  const inOne = belowOf(directory)
  if (inOne !== undefined) return inOne.file(folders, name, options)
  return Effect.flatMap(openBelow(directory, folders, { create: false }), (folder) => folder.openFile(name, options))
}
