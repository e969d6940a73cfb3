/**
 * An open file of this machine.
 *
 * @module
 */
import {
  type BigIntStats,
  constants,
  fchmod,
  fchmodSync,
  fdatasync,
  fstat,
  fstatSync,
  ftruncate,
  open,
  read,
  readdir,
  readSync,
  write,
  writeSync,
} from "node:fs"
import * as fs from "node:fs/promises"
import { promisify } from "node:util"
import type { FileError, FileInfo, FileKind, FileOperation, OpenFile, OpenOptions } from "./Files.ts"
import { Effect } from "effect"
import { atOnce, immediate } from "./atOnce.ts"
import { flushingOf, type Pace, type Paces, unknownPaces } from "./nodeFlush.ts"
import type { OpenDescriptor } from "./OpenDescriptor.ts"
import { attempt, attemptNow, refuse } from "./refusals.ts"

const kinds: ReadonlyMap<number, FileKind> = new Map([
  [constants.S_IFREG, "file"],
  [constants.S_IFDIR, "directory"],
  [constants.S_IFLNK, "link"],
])

export const infoOf = (stats: BigIntStats): FileInfo => {
  const mode = Number(stats.mode)
  return {
    kind: kinds.get(mode & constants.S_IFMT) ?? "other",
    bytes: Number(stats.size),
    links: Number(stats.nlink),
    device: stats.dev,
    inode: stats.ino,
    mode: mode & 0o7777,
    modified_ms: Number(stats.mtimeMs),
    changed_ns: stats.ctimeNs,
  }
}

export const nothingThrown = { bigint: true, throwIfNoEntry: false } as const
export const bigLstat = (path: string) => fs.lstat(path, { bigint: true })

export const slow = {
  open: promisify(open),
  list: promisify(readdir),
  read: promisify(read),
  write: promisify(write),
  truncate: promisify(ftruncate),
  flush: promisify(fdatasync),
  chmod: promisify(fchmod),
  info: (descriptor: number) =>
    new Promise<BigIntStats>((done, fail) => {
      fstat(descriptor, { bigint: true }, (error, stats) => (error === null ? done(stats) : fail(error)))
    }),
}

/** What is read or written of a local file without another thread: copying so much takes less than waking one. */
const bytes_now_max = 65_536

/** A file that is read or written in one piece: nobody works on another piece of it meanwhile, so that another thread would only be waited for. */
export const small_file_bytes_max = 1_048_576
const isSmallFile = (descriptor: number): boolean => {
  try {
    return fstatSync(descriptor).size <= small_file_bytes_max
  } catch {
    // The reading that follows says what is wrong.
    return false
  }
}
/** A piece that came as fast as this the last time lies in memory, as what was just written does; so the next one probably does. */
const read_now_ms_max = 0.5
/** A piece that was taken as fast as this the last time was only copied, into memory that is new: it is as long as hashing it takes. */
const write_now_ms_max = 1

const writeAll = async (descriptor: number, path: string, bytes: Uint8Array, offset: number): Promise<void> => {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesWritten } = await slow.write(descriptor, bytes, done, bytes.byteLength - done, offset + done)
    if (bytesWritten === 0) throw refuse("write", path, "EIO")
    done += bytesWritten
  }
}

const writeAllNow = (descriptor: number, path: string, bytes: Uint8Array, offset: number): void => {
  for (let done = 0; done < bytes.byteLength;) {
    const written = writeSync(descriptor, bytes, done, bytes.byteLength - done, offset + done)
    if (written === 0) throw refuse("write", path, "EIO")
    done += written
  }
}

export const openFileOf = (
  open: OpenDescriptor,
  path: string,
  isLocal: boolean,
  paces: Paces = unknownPaces(),
): OpenFile => {
  const shown = () => path
  const handle = {
    get fd() {
      return open.isOpen ? open.descriptor : -1
    },
    datasync: () => open.use(slow.flush),
  }
  const flushing = flushingOf(handle, path, isLocal, undefined, paces.fileFlush)
  const isNow = (bytes: Uint8Array) => isLocal && bytes.byteLength <= bytes_now_max
  const now = <A>(operation: FileOperation, run: (descriptor: number) => A) =>
    attemptNow(operation, shown, () => open.useNow(run))
  const later = <A>(operation: FileOperation, run: (descriptor: number) => Promise<A>) =>
    attempt(operation, path, () => open.use(run))
  /** Does the one while it is fast, and else the other; either way its time is taken. */
  const paced = <A>(
    pace: Pace,
    now_ms_max: number,
    soon: Effect.Effect<A, FileError>,
    other: Effect.Effect<A, FileError>,
  ): Effect.Effect<A, FileError> => {
    const since_ms = performance.now()
    const take = () => {
      pace.took_ms = performance.now() - since_ms
    }
    if (pace.took_ms > now_ms_max) return Effect.tap(other, () => Effect.sync(take))
    const done = atOnce(soon)
    take()
    return done
  }
  const readNow = (into: Uint8Array, offset: number) =>
    now("read", (descriptor) => readSync(descriptor, into, 0, into.byteLength, offset))
  const readLater = (into: Uint8Array, offset: number) =>
    later("read", async (descriptor) => {
      const { bytesRead } = await slow.read(descriptor, into, 0, into.byteLength, offset)
      return bytesRead
    })
  const readPiece = (into: Uint8Array, offset: number) =>
    immediate(() =>
      isLocal && open.isOpen && isSmallFile(open.descriptor)
        ? paced(paces.read, read_now_ms_max, readNow(into, offset), readLater(into, offset))
        : readLater(into, offset),
    )
  const writeNow = (bytes: Uint8Array, offset: number) =>
    now("write", (descriptor) => writeAllNow(descriptor, path, bytes, offset))
  const writeLater = (bytes: Uint8Array, offset: number) =>
    later("write", (descriptor) => writeAll(descriptor, path, bytes, offset))
  const writePiece = (bytes: Uint8Array, offset: number) =>
    immediate(() =>
      isLocal && offset === 0 && bytes.byteLength <= small_file_bytes_max
        ? paced(paces.write, write_now_ms_max, writeNow(bytes, offset), writeLater(bytes, offset))
        : writeLater(bytes, offset),
    )
  return {
    path,
    read: (into, offset) => (isNow(into) ? readNow(into, offset) : readPiece(into, offset)),
    write: (bytes, offset) => {
      flushing.wrote(bytes.byteLength)
      return isNow(bytes) ? writeNow(bytes, offset) : writePiece(bytes, offset)
    },
    truncate: (bytes) => later("truncate", (descriptor) => slow.truncate(descriptor, bytes)),
    flush: flushing.flush,
    info: isLocal
      ? now("info", (descriptor) => infoOf(fstatSync(descriptor, { bigint: true })))
      : later("info", async (descriptor) => infoOf(await slow.info(descriptor))),
    chmod: (mode) =>
      isLocal
        ? now("chmod", (descriptor) => fchmodSync(descriptor, mode))
        : later("chmod", (descriptor) => slow.chmod(descriptor, mode)),
  }
}

export const accessFlags = ({ access, create = "never" }: OpenOptions): number =>
  (access === "read" ? constants.O_RDONLY : constants.O_RDWR) |
  (create === "never" ? 0 : constants.O_CREAT) |
  (create === "exclusive" ? constants.O_EXCL : 0) |
  constants.O_NOFOLLOW |
  // A FIFO without a writer would block the open for ever; it is refused right after.
  constants.O_NONBLOCK
