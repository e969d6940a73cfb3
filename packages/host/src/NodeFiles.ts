/**
 * The file system of this machine.
 *
 * On Linux a name is resolved through `/proc/self/fd/<directory>/<name>`, which is what `openat` does: a parent that is
 * moved or replaced meanwhile is of no consequence. Elsewhere the parent's identity is compared around each call, which
 * notices an exchange but cannot rule out one that is undone in between.
 *
 * @module
 */
import { Effect, Exit, Layer } from "effect"
import { basename, dirname, resolve } from "node:path"
import { andThenAtOnce, atOnce, immediate } from "./atOnce.ts"
import { type FileError, Files } from "./Files.ts"
import { NodeDirectory, scopedDirectory } from "./nodeDirectory.ts"
import { type Paces, unknownPaces } from "./nodeFlush.ts"
import { OpenDirectory } from "./OpenDirectory.ts"
import { attempt, attemptNow } from "./refusals.ts"

/** What is known of a host path from when it was opened last. */
interface Root {
  readonly paces: Paces
  isLocal: boolean
}
const roots = new Map<string, Root>()
const roots_max = 256

const rootAt = (path: string): Root => {
  const known = roots.get(path)
  if (known !== undefined) return known
  if (roots.size >= roots_max) roots.clear()
  const root = { paces: unknownPaces(), isLocal: false }
  roots.set(path, root)
  return root
}

/**
 * Opens a host path. Links in it are followed: the host chose it. One that was local is opened by this thread; should another
 * machine's file system lie there now, it waits for that once.
 */
const openRoot = (path: string): Effect.Effect<NodeDirectory, FileError> =>
  immediate(() => {
    const root = rootAt(path)
    const opened = root.isLocal
      ? attemptNow(
          "open",
          () => path,
          () => OpenDirectory.openNow(path, { followLink: true }),
        )
      : attempt("open", path, () => OpenDirectory.open(path, { followLink: true }))
    return atOnce(
      andThenAtOnce(opened, (open) => {
        const directory = new NodeDirectory(open, path, root.paces)
        root.isLocal = directory.isLocal
        return Exit.succeed(directory)
      }),
    )
  })

/** Opens a host path that may have to be made, with its missing parents: the topmost first, flushing the entry of each. */
const openOrMake = (path: string): Effect.Effect<NodeDirectory, FileError> =>
  Effect.catchIf(
    openRoot(path),
    ({ code }) => code === "ENOENT" && dirname(path) !== path,
    () =>
      Effect.scoped(
        Effect.flatMap(scopedDirectory(openOrMake(dirname(path))), (parent) => parent.makeDirectory(basename(path))),
      ).pipe(Effect.andThen(openRoot(path))),
  )

/** The {@link Files} port on the real file system. */
export const layerNodeFiles: Layer.Layer<Files> = Layer.succeed(Files, {
  openDirectory: (path, { create = false } = {}) => {
    const absolute = resolve(path)
    return scopedDirectory(create ? openOrMake(absolute) : openRoot(absolute))
  },
})
