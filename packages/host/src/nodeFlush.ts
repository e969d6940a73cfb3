/**
 * When a file or a directory is flushed by this thread, and when by another one.
 *
 * @module
 */
import type { Effect } from "effect"
import { fdatasyncSync } from "node:fs"
import type { FileError } from "./Files.ts"
import { atOnce, immediate } from "./atOnce.ts"
import { attempt, attemptNow, refuse } from "./refusals.ts"

/** To wake another thread, and be woken by it, takes about 0.1 ms; a disk that answers in this time is waited for. */
const flush_now_ms_max = 0.5
/** What is more may take longer than what was flushed before it, and there is work to do meanwhile. */
const flush_now_bytes_max = 65_536

export interface Flushing {
  readonly flush: Effect.Effect<void, FileError>
  /** Tells that so many bytes have been written. */
  readonly wrote: (bytes: number) => void
}

/** How long the last flush took of a file, or of all that lies below one root, which is mostly one disk. */
export interface Pace {
  took_ms: number
  /** The same of the last large piece that was read of a small file. */
  read_ms: number
}
export const unknownPace = (): Pace => ({ took_ms: Number.POSITIVE_INFINITY, read_ms: Number.POSITIVE_INFINITY })

/** What is flushed: an open descriptor (below 0 once it is closed), and how. */
export interface Flushed {
  readonly fd: number
  readonly datasync: () => Promise<void>
  /** The same by this thread; for a file, content and length: the time stamps that fsync adds are of no use after a crash. */
  readonly datasyncNow?: (fd: number) => void
}

/**
 * The first flush is never waited for, nor is the one after a slow one: a disk that begins to stall holds up this thread once.
 */
export const flushingOf = (
  handle: Flushed,
  path: string,
  isLocal: boolean,
  now_ms = () => performance.now(),
  pace = unknownPace(),
): Flushing => {
  let dirty_bytes = 0
  const measured = (since_ms: number) => {
    pace.took_ms = now_ms() - since_ms
  }
  const flushNow = () => {
    if (handle.fd < 0) throw refuse("flush", path, "EBADF")
    const since_ms = now_ms()
    dirty_bytes = 0
    ;(handle.datasyncNow ?? fdatasyncSync)(handle.fd)
    measured(since_ms)
  }
  const flushMeanwhile = async () => {
    const since_ms = now_ms()
    dirty_bytes = 0
    await handle.datasync()
    measured(since_ms)
  }
  const now = attemptNow("flush", () => path, flushNow)
  const meanwhile = attempt("flush", path, flushMeanwhile)
  return {
    flush: immediate(() =>
      isLocal && pace.took_ms <= flush_now_ms_max && dirty_bytes <= flush_now_bytes_max ? atOnce(now) : meanwhile,
    ),
    wrote: (bytes) => {
      dirty_bytes += bytes
    },
  }
}
