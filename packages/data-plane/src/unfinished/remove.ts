import type { Directory, FileError } from "@waybill/host"
import { Effect } from "effect"

/** How much was removed. */
export interface Removed {
  readonly files: number
  readonly bytes: number
}

/** Removes what bears a name, a folder with all that is in it. Of a link only the link goes. */
export const remove = (directory: Directory, name: string): Effect.Effect<Removed, FileError> =>
  Effect.gen(function* () {
    const info = yield* directory.info(name)
    if (info.kind !== "directory") {
      yield* directory.unlink(name)
      return { files: 1, bytes: info.bytes }
    }
    let [files, bytes] = [0, 0]
    yield* Effect.scoped(
      Effect.gen(function* () {
        const inner = yield* directory.openDirectory(name)
        for (const below of yield* inner.list) {
          const removed = yield* remove(inner, below)
          files += removed.files
          bytes += removed.bytes
        }
      }),
    )
    yield* directory.remove(name)
    return { files, bytes }
  })
