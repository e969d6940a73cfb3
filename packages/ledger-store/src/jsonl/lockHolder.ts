/**
 * Who holds the append lock. The kernel knows; on Linux it tells.
 *
 * @module
 */
import type { Directory, Files, OpenFile } from "@waybill/host"
import { Effect } from "effect"
import { lock_name } from "./Layout.ts"

/** A file of `/proc` has no length; it is read until nothing comes. */
const readAll = (file: OpenFile) =>
  Effect.gen(function* () {
    const parts: Array<Uint8Array> = []
    for (let offset = 0; ;) {
      const part = new Uint8Array(65_536)
      const got = yield* file.read(part, offset)
      if (got === 0) return Buffer.concat(parts).toString("latin1")
      parts.push(part.subarray(0, got))
      offset += got
    }
  })

const readProc = (files: Files["Service"], folder: string, name: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const directory = yield* files.openDirectory(folder)
      return yield* readAll(yield* directory.openFile(name, { access: "read" }))
    }),
  ).pipe(Effect.orElseSucceed(() => ""))

/** The process that holds a write lock on the lock file: `process 4711 (node)`. `undefined` where nobody does, or nobody tells. */
export const lockHolder = (files: Files["Service"], directory: Directory): Effect.Effect<string | undefined> =>
  Effect.gen(function* () {
    const info = yield* Effect.orElseSucceed(directory.info(lock_name), () => undefined)
    if (info === undefined) return undefined
    const locks = yield* readProc(files, "/proc", "locks")
    const pids = locks.split("\n").flatMap((line) => {
      // 1: POSIX  ADVISORY  WRITE 4711 fd:01:1048 1073741824 1073742335
      const [, , , kind, pid, file] = line.trim().split(/\s+/u)
      return kind === "WRITE" && file?.split(":")[2] === String(info.inode) ? [Number(pid)] : []
    })
    const pid = pids.find((number) => number > 0)
    if (pid === undefined) return undefined
    const name = (yield* readProc(files, `/proc/${pid}`, "comm")).trim()
    return name === "" ? `process ${pid}` : `process ${pid} (${name})`
  })
