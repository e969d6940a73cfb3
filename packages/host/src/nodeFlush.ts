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
/** What a disk takes that is not slow: what more than a little takes within this tells nothing against it. */
const bytes_per_ms_min = 262_144

export interface Flushing {
  readonly flush: Effect.Effect<void, FileError>
  /** Tells that so many bytes have been written. */
  readonly wrote: (bytes: number) => void
}

/** How long something took the last time, done to a file or to any that lies below one root, which is mostly one disk. */
export interface Pace {
  took_ms: number
}
export const unknownPace = (): Pace => ({ took_ms: Number.POSITIVE_INFINITY })

/** What is known of a disk, one by one: a folder's flush may be fast where a file's is not. */
export interface Paces {
  readonly fileFlush: Pace
  readonly folderFlush: Pace
  /** Of a small file, read in one large piece. */
  readonly read: Pace
  /** Of a file's first piece. */
  readonly write: Pace
}
export const unknownPaces = (): Paces => ({
  fileFlush: unknownPace(),
  folderFlush: unknownPace(),
  read: unknownPace(),
  write: unknownPace(),
})

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
  /** What is flushed now, and since when. */
  const begin = () => {
    const begun = { bytes: dirty_bytes, since_ms: now_ms() }
    dirty_bytes = 0
    return begun
  }
  const end = ({ bytes, since_ms }: { readonly bytes: number; readonly since_ms: number }) => {
    const expected_ms = bytes <= flush_now_bytes_max ? 0 : bytes / bytes_per_ms_min
    pace.took_ms = Math.max(0, now_ms() - since_ms - expected_ms)
  }
  const flushNow = () => {
    if (handle.fd < 0) throw refuse("flush", path, "EBADF")
    const begun = begin()
    ;(handle.datasyncNow ?? fdatasyncSync)(handle.fd)
    end(begun)
  }
  const flushMeanwhile = async () => {
    const begun = begin()
    await handle.datasync()
    end(begun)
  }
  return {
    flush: immediate(() =>
      isLocal && pace.took_ms <= flush_now_ms_max && dirty_bytes <= flush_now_bytes_max
        ? atOnce(attemptNow("flush", () => path, flushNow))
        : attempt("flush", path, flushMeanwhile),
    ),
    wrote: (bytes) => {
      dirty_bytes += bytes
    },
  }
}
