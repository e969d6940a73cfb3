/**
 * What the kernel tells in `/proc`. Where there is none, it tells nothing.
 *
 * @module
 */
import type { Files, OpenFile } from "@waybill/host"
import { Effect } from "effect"

const part_bytes = 65_536

/** A file of `/proc` has no length; it is read until nothing comes. */
const readAll = (file: OpenFile) =>
  Effect.gen(function* () {
    const parts: Array<Uint8Array> = []
    for (let offset = 0; ;) {
      const part = new Uint8Array(part_bytes)
      const got = yield* file.read(part, offset)
      if (got === 0) return Buffer.concat(parts).toString("latin1")
      parts.push(part.subarray(0, got))
      offset += got
    }
  })

/** The text of a file in `/proc`; empty where there is no such file. */
export const readProc = (files: Files["Service"], folder: string, name: string): Effect.Effect<string> =>
  Effect.scoped(
    Effect.gen(function* () {
      const directory = yield* files.openDirectory(folder)
      return yield* readAll(yield* directory.openFile(name, { access: "read" }))
    }),
  ).pipe(Effect.orElseSucceed(() => ""))
