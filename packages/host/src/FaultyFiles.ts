/**
 * Faults on top of any file system: the k-th operation fails, or never returns, as if the process had died there.
 *
 * Fault model. `fail` answers with an errno and leaves nothing behind. `short` writes a prefix of the bytes and then fails.
 * `die` performs nothing and ends the caller for good (a defect that no code of ours catches), like a kill before the
 * operation; `dieAfter` performs it first, like a kill right after. `hang` performs nothing and never answers, like a disk
 * that is gone. `wait` lets time pass first, then goes on or fails in another way, and lets time pass
 * before it says that it is done.
 *
 * @module
 */
import { Effect, Layer, type Scope } from "effect"
import { atOnce, immediate } from "./atOnce.ts"
import { type Directory, FileError, type FileLock, type FileOperation, Files, type OpenFile } from "./Files.ts"

/** Stands for the death of the process; see {@link Killed.is}. */
export class Killed extends Error {
  static is(cause: unknown): cause is Killed {
    return cause instanceof Killed
  }
}

export type Fault =
  | { readonly kind: "fail"; readonly code: string }
  | { readonly kind: "short"; readonly code: string; readonly bytes: number }
  | { readonly kind: "die" }
  | { readonly kind: "dieAfter" }
  | { readonly kind: "hang" }
  | {
      readonly kind: "wait"
      readonly until: Effect.Effect<void>
      readonly meets?: Fault
      readonly after?: Effect.Effect<void>
    }

/** Asked before each operation with its running number, counted from 1; `undefined` lets it pass. */
export type FaultPlan = (operation: FileOperation, path: string, nth: number) => Fault | undefined

/** Wraps a file system. The counter goes on over everything that is opened through the layer. */
export const layerFaultyFiles = <E, R>(inner: Layer.Layer<Files, E, R>, plan: FaultPlan): Layer.Layer<Files, E, R> =>
  Layer.effect(
    Files,
    Effect.map(Files, (files) => {
      let count = 0
      const guard = <A, Env>(
        operation: FileOperation,
        path: string,
        run: Effect.Effect<A, FileError, Env>,
        short?: (bytes: number) => Effect.Effect<void, FileError>,
      ): Effect.Effect<A, FileError, Env> =>
        immediate(() => {
          const nth = ++count
          return atOnce(meet(plan(operation, path, nth), operation, path, run, short))
        })
      const meet = <A, Env>(
        fault: Fault | undefined,
        operation: FileOperation,
        path: string,
        run: Effect.Effect<A, FileError, Env>,
        short?: (bytes: number) => Effect.Effect<void, FileError>,
      ): Effect.Effect<A, FileError, Env> => {
        if (fault === undefined) return run
        switch (fault.kind) {
          case "die":
            return Effect.die(new Killed(`${operation} ${path}`))
          case "dieAfter":
            return Effect.andThen(run, Effect.die(new Killed(`${operation} ${path}`)))
          case "hang":
            return Effect.never
          case "wait":
            return Effect.flatMap(fault.until, () => meet(fault.meets, operation, path, run, short)).pipe(
              Effect.tap(fault.after ?? Effect.void),
            )
          case "short":
          case "fail": {
            const error = Effect.fail(new FileError({ operation, path, code: fault.code }))
            return fault.kind === "short" && short !== undefined ? Effect.andThen(short(fault.bytes), error) : error
          }
        }
      }

      const file = (inner: OpenFile): OpenFile => ({
        path: inner.path,
        read: (into, offset) => guard("read", inner.path, inner.read(into, offset)),
        write: (bytes, offset) =>
          guard("write", inner.path, inner.write(bytes, offset), (some) =>
            inner.write(bytes.subarray(0, some), offset),
          ),
        truncate: (bytes) => guard("truncate", inner.path, inner.truncate(bytes)),
        flush: guard("flush", inner.path, inner.flush),
        info: guard("info", inner.path, inner.info),
        chmod: (mode) => guard("chmod", inner.path, inner.chmod(mode)),
      })
      const lock = (inner: FileLock, path: string): FileLock => ({
        tryAcquire: guard("lock", path, inner.tryAcquire),
        release: inner.release,
      })
      const wrapped = new WeakMap<Directory, Directory>()
      const bare = (directory: Directory): Directory => wrapped.get(directory) ?? directory
      const wrap = (inner: Directory): Directory => {
        const at = (name: string) => `${inner.path}/${name}`
        const outer: Directory = {
          path: inner.path,
          openFile: (name, options) => guard("open", at(name), Effect.map(inner.openFile(name, options), file)),
          openDirectory: (name, options) =>
            guard("open", at(name), Effect.map(inner.openDirectory(name, options), wrap)),
          info: (name) => guard("info", at(name), inner.info(name)),
          find: (name) => guard("info", at(name), inner.find(name)),
          list: guard("list", inner.path, inner.list),
          rename: (name, to, into = outer) => guard("rename", at(name), inner.rename(name, to, bare(into))),
          link: (name, to, into = outer) => guard("link", at(name), inner.link(name, to, bare(into))),
          unlink: (name) => guard("unlink", at(name), inner.unlink(name)),
          remove: (name) => guard("remove", at(name), inner.remove(name)),
          flush: guard("flush", inner.path, inner.flush),
          lock: (name, options): Effect.Effect<FileLock, FileError, Scope.Scope> =>
            guard(
              "lock",
              at(name),
              Effect.map(inner.lock(name, options), (made) => lock(made, at(name))),
            ),
          lockDomain: guard("info", inner.path, inner.lockDomain),
          realPath: guard("info", inner.path, inner.realPath),
        }
        wrapped.set(outer, inner)
        return outer
      }
      return {
        openDirectory: (path, options) => guard("open", path, Effect.map(files.openDirectory(path, options), wrap)),
      }
    }),
  ).pipe(Layer.provide(inner))
