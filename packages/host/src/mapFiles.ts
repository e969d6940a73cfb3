/**
 * Files that are watched, counted or changed on their way through, with everything around them left as it is.
 *
 * @module
 */
import { Effect, Layer } from "effect"
import { type Directory, Files, type OpenFile } from "./Files.ts"

/** The same files, each passed through `change` when it is opened, in whichever directory. */
export const mapFiles = <E, R>(
  files: Layer.Layer<Files, E, R>,
  change: (file: OpenFile) => OpenFile,
): Layer.Layer<Files, E, R> => {
  /** What lies below: a directory that is named as a destination has to be the implementation's own. */
  const below = new WeakMap<Directory, Directory>()
  const inner = (directory: Directory | undefined) =>
    directory === undefined ? undefined : (below.get(directory) ?? directory)
  const wrap = (directory: Directory): Directory => {
    const wrapped: Directory = {
      path: directory.path,
      openFile: (name, options) => Effect.map(directory.openFile(name, options), change),
      openDirectory: (name, options) => Effect.map(directory.openDirectory(name, options), wrap),
      info: (name) => directory.info(name),
      find: (name) => directory.find(name),
      list: directory.list,
      rename: (name, to, into) => directory.rename(name, to, inner(into)),
      link: (name, to, into) => directory.link(name, to, inner(into)),
      unlink: (name) => directory.unlink(name),
      remove: (name) => directory.remove(name),
      flush: directory.flush,
      lock: (name, options) => directory.lock(name, options),
      lockDomain: directory.lockDomain,
      realPath: directory.realPath,
    }
    below.set(wrapped, directory)
    return wrapped
  }
  return Layer.effect(
    Files,
    Effect.map(Files, (real) => ({
      openDirectory: (path: string, options?: { readonly create?: boolean }) =>
        Effect.map(real.openDirectory(path, options), wrap),
    })),
  ).pipe(Layer.provide(files))
}
