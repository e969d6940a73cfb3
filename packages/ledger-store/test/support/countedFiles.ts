/** A file system that counts the bytes that are read through it. */
import { type Directory, Files, type OpenFile } from "@waybill/host"
import { Effect, Layer } from "effect"

export interface Counted {
  readonly layer: Layer.Layer<Files>
  readonly bytes: () => number
}

export const countedFiles = (inner: Layer.Layer<Files>): Counted => {
  let total = 0
  const fileOf = (file: OpenFile): OpenFile => ({
    ...file,
    read: (into, offset) =>
      Effect.tap(file.read(into, offset), (got) =>
        Effect.sync(() => {
          total += got
        }),
      ),
  })
  const directoryOf = (directory: Directory): Directory => ({
    path: directory.path,
    lockDomain: directory.lockDomain,
    realPath: directory.realPath,
    openFile: (name, options) => Effect.map(directory.openFile(name, options), fileOf),
    openDirectory: (name, options) => Effect.map(directory.openDirectory(name, options), directoryOf),
    info: (name) => directory.info(name),
    list: directory.list,
    rename: (name, to) => directory.rename(name, to),
    link: (name, to) => directory.link(name, to),
    unlink: (name) => directory.unlink(name),
    remove: (name) => directory.remove(name),
    flush: directory.flush,
    lock: (name) => directory.lock(name),
  })
  const layer = Layer.effect(
    Files,
    Effect.map(Files, (files) => ({
      openDirectory: (path: string, options?: { readonly create?: boolean }) =>
        Effect.map(files.openDirectory(path, options), directoryOf),
    })),
  ).pipe(Layer.provide(inner))
  return { layer, bytes: () => total }
}
