/**
 * What is not the lines or their seals, the saved index, checkpoints and quarantine, may be anything: whatever bears one of its names and is not
 * what it should be is passed over and named, and keeps nobody from reading or appending.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import { Effect } from "effect"
import { checkpoints_name } from "./checkpoints.ts"
import { index_name } from "./IndexFile.ts"
import { quarantine_name } from "./Layout.ts"
import { Listings } from "./Listings.ts"

/** What bears a name of it and is not what it should be, below the ledger's folder. */
export const oddities = (
  directory: Directory,
  listings = new Listings(),
): Effect.Effect<ReadonlyArray<{ readonly file: string; readonly error: string }>, FileError> =>
  Effect.gen(function* () {
    const found: Array<{ file: string; error: string }> = []
    const kept = yield* directory.find(quarantine_name)
    if (kept !== undefined && kept.kind !== "directory")
      found.push({
        file: quarantine_name,
        error: "is no folder, so what a crash leaves cannot be kept there; move it away, and it is made when needed",
      })
    for (const folder of [index_name, checkpoints_name]) {
      const info = yield* directory.find(folder)
      if (info === undefined) continue
      if (info.kind !== "directory") {
        found.push({ file: folder, error: "is no folder, so nothing is kept in it; remove it, and it is made anew" })
        continue
      }
      // What an entry is changes with its folder.
      const look = Effect.scoped(
        Effect.gen(function* () {
          const opened = yield* directory.openDirectory(folder)
          const names = (yield* opened.list).filter((name) => name.endsWith(".json"))
          return yield* Effect.filter(names, (name) => Effect.map(opened.find(name), (each) => each?.kind !== "file"))
        }),
      )
      for (const name of yield* listings.of(folder, info, look))
        found.push({
          file: `${folder}/${name}`,
          error: "is no file, so it is passed over; remove it, and it is made anew",
        })
    }
    return found
  })
