/**
 * Files whose numbers are used again, as most file systems do: what is made under a name gets the number of what bore it
 * before, as soon as nobody has that open any more.
 */
import { type Directory, type FileInfo, Files, type OpenFile } from "@waybill/host"
import { Effect, Layer, type Scope } from "effect"

interface Numbered {
  readonly real: bigint
  readonly shown: bigint
}

export const layerReusedInodes = (files: Layer.Layer<Files>): Layer.Layer<Files> => {
  const byPath = new Map<string, Numbered>()
  const open = new Map<bigint, number>()
  const shownAs = (path: string, real: bigint): bigint => {
    const known = byPath.get(path)
    if (known?.real === real) return known.shown
    const shown = known !== undefined && (open.get(known.real) ?? 0) === 0 ? known.shown : real
    byPath.set(path, { real, shown })
    return shown
  }
  const show = (path: string, info: FileInfo): FileInfo => ({ ...info, inode: shownAs(path, info.inode) })

  /** Holds a number while it is open. */
  const hold = (real: bigint): Effect.Effect<void, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.sync(() => void open.set(real, (open.get(real) ?? 0) + 1)),
      () => Effect.sync(() => void open.set(real, (open.get(real) ?? 0) - 1)),
    )

  const wrap = (inner: Directory): Directory => ({
    path: inner.path,
    openFile: (name, options) =>
      Effect.gen(function* () {
        const file = yield* inner.openFile(name, options)
        const { inode } = yield* file.info
        yield* hold(inode)
        const path = `${inner.path}/${name}`
        return { ...file, info: Effect.map(file.info, (info) => show(path, info)) } satisfies OpenFile
      }),
    openDirectory: (name, options) =>
      Effect.gen(function* () {
        const directory = yield* inner.openDirectory(name, options)
        yield* hold((yield* inner.info(name)).inode)
        return wrap(directory)
      }),
    info: (name) => Effect.map(inner.info(name), (info) => show(`${inner.path}/${name}`, info)),
    find: (name) =>
      Effect.map(inner.find(name), (info) => (info === undefined ? info : show(`${inner.path}/${name}`, info))),
    list: inner.list,
    rename: (name, to) => inner.rename(name, to),
    link: (name, to) => inner.link(name, to),
    unlink: (name) => inner.unlink(name),
    remove: (name) => inner.remove(name),
    flush: inner.flush,
    lock: (name, options) => inner.lock(name, options),
    lockDomain: inner.lockDomain,
    realPath: inner.realPath,
  })
  return Layer.effect(
    Files,
    Effect.map(Files, (real) => ({
      openDirectory: (path: string, options?: { readonly create?: boolean }) =>
        Effect.map(real.openDirectory(path, options), wrap),
    })),
  ).pipe(Layer.provide(files))
}
