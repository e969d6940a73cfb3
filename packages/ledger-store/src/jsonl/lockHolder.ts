/**
 * Who holds the append lock. The kernel knows; on Linux it tells.
 *
 * @module
 */
import type { Directory, Files } from "@waybill/host"
import { Effect } from "effect"
import { lock_name } from "./Layout.ts"
import { readProc } from "./proc.ts"

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
