/**
 * The file system of this machine.
 *
 * On Linux a name is resolved through `/proc/self/fd/<directory>/<name>`, which is what `openat` does: a parent that is
 * moved or replaced meanwhile is of no consequence. Elsewhere the parent's identity is compared around each call, which
 * notices an exchange but cannot rule out one that is undone in between.
 *
 * @module
 */
import { Effect, Layer, type Scope } from "effect"
import {
  type BigIntStats,
  constants,
  existsSync,
  fchmod,
  fdatasync,
  fstat,
  fstatSync,
  ftruncate,
  lstatSync,
  open,
  openSync,
  read,
  readdir,
  readSync,
  write,
  writeSync,
} from "node:fs"
import * as fs from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { promisify } from "node:util"
import {
  type Directory,
  type FileError,
  type FileInfo,
  type FileKind,
  type FileLock,
  type FileOperation,
  Files,
  type OpenFile,
  type OpenOptions,
} from "./Files.ts"
import { flushingOf } from "./nodeFlush.ts"
import { lockDomainOf, lockOf, openLock } from "./nodeLocks.ts"
import { OpenDescriptor } from "./OpenDescriptor.ts"
import { OpenDirectory } from "./OpenDirectory.ts"
import { attempt, attemptNow, refuse, unless } from "./refusals.ts"

const canResolveByHandle = process.platform === "linux" && existsSync("/proc/self/fd")

/** Names come from data. Anything but one plain segment is refused before it reaches the system. */
const isSegment = (name: string): boolean =>
  name !== "" && name !== "." && name !== ".." && !name.includes("/") && !name.includes("\0") && name.isWellFormed()

const kinds: ReadonlyMap<number, FileKind> = new Map([
  [constants.S_IFREG, "file"],
  [constants.S_IFDIR, "directory"],
  [constants.S_IFLNK, "link"],
])

const infoOf = (stats: BigIntStats): FileInfo => {
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

const nothingThrown = { bigint: true, throwIfNoEntry: false } as const
const bigLstat = (path: string) => fs.lstat(path, { bigint: true })

const slow = {
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

const openFileOf = (open: OpenDescriptor, path: string, isLocal: boolean): OpenFile => {
  const shown = () => path
  const handle = {
    get fd() {
      return open.isOpen ? open.descriptor : -1
    },
    datasync: () => open.use(slow.flush),
  }
  const flushing = flushingOf(handle, path, isLocal)
  const isNow = (bytes: Uint8Array) => isLocal && bytes.byteLength <= bytes_now_max
  const now = <A>(operation: "read" | "write" | "info", run: (descriptor: number) => A) =>
    attemptNow(operation, shown, () => open.useNow(run))
  const later = <A>(operation: FileOperation, run: (descriptor: number) => Promise<A>) =>
    attempt(operation, path, () => open.use(run))
  return {
    path,
    read: (into, offset) =>
      isNow(into)
        ? now("read", (descriptor) => readSync(descriptor, into, 0, into.byteLength, offset))
        : later("read", async (descriptor) => {
            const { bytesRead } = await slow.read(descriptor, into, 0, into.byteLength, offset)
            return bytesRead
          }),
    write: (bytes, offset) => {
      flushing.wrote(bytes.byteLength)
      return isNow(bytes)
        ? now("write", (descriptor) => writeAllNow(descriptor, path, bytes, offset))
        : later("write", (descriptor) => writeAll(descriptor, path, bytes, offset))
    },
    truncate: (bytes) => later("truncate", (descriptor) => slow.truncate(descriptor, bytes)),
    flush: flushing.flush,
    info: isLocal
      ? now("info", (descriptor) => infoOf(fstatSync(descriptor, { bigint: true })))
      : later("info", async (descriptor) => infoOf(await slow.info(descriptor))),
    chmod: (mode) => later("chmod", (descriptor) => slow.chmod(descriptor, mode)),
  }
}

const accessFlags = ({ access, create = "never" }: OpenOptions): number =>
  (access === "read" ? constants.O_RDONLY : constants.O_RDWR) |
  (create === "never" ? 0 : constants.O_CREAT) |
  (create === "exclusive" ? constants.O_EXCL : 0) |
  constants.O_NOFOLLOW |
  // A FIFO without a writer would block the open for ever; it is refused right after.
  constants.O_NONBLOCK

class NodeDirectory implements Directory {
  readonly path: string
  readonly #open: OpenDirectory

  constructor(open: OpenDirectory, path: string) {
    this.#open = open
    this.path = path
  }

  /** Runs `run` on the path of an entry, which leads through the open directory and not through its name. */
  #at<A>(operation: FileOperation, name: string, run: (path: string) => Promise<A>): Effect.Effect<A, FileError> {
    const shown = join(this.path, name)
    if (!isSegment(name)) return Effect.fail(refuse(operation, shown, "EINVAL"))
    return attempt(operation, shown, () =>
      this.#open.use(async (descriptor) => {
        if (canResolveByHandle) return run(`/proc/self/fd/${descriptor}/${name}`)
        await this.#stillHere(operation)
        const result = await run(shown)
        await this.#stillHere(operation)
        return result
      }),
    )
  }

  /** Runs `run` on a path of the open directory itself. */
  #itself<A>(operation: FileOperation, run: (path: string) => Promise<A>): Effect.Effect<A, FileError> {
    return attempt(operation, this.path, () =>
      this.#open.use((descriptor) => run(canResolveByHandle ? `/proc/self/fd/${descriptor}` : this.path)),
    )
  }

  async #stillHere(operation: FileOperation): Promise<void> {
    const [open, named] = await Promise.all([this.#open.info(), bigLstat(this.path)])
    if (open.ino !== named.ino || open.dev !== named.dev) throw refuse(operation, this.path, "ESTALE")
  }

  /** Like {@link #at}, without another thread where the directory's file system is this machine's own. */
  #opening<A>(
    name: string,
    now: (path: string) => A,
    later: (path: string) => Promise<A>,
  ): Effect.Effect<A, FileError> {
    if (!canResolveByHandle || !this.#open.isLocal || !isSegment(name)) return this.#at("open", name, later)
    return attemptNow(
      "open",
      () => join(this.path, name),
      () => this.#open.useNow((descriptor) => now(`/proc/self/fd/${descriptor}/${name}`)),
    )
  }

  openFile(name: string, options: OpenOptions): Effect.Effect<OpenFile, FileError, Scope.Scope> {
    const flags = accessFlags(options)
    const mode = options.mode ?? 0o600
    const { isLocal } = this.#open
    /** Anything but a file is closed again and refused. */
    const judge = (opened: OpenDescriptor, stats: BigIntStats): OpenDescriptor => {
      if (stats.isFile()) return opened
      opened.release()
      throw refuse("open", join(this.path, name), stats.isDirectory() ? "EISDIR" : "EINVAL")
    }
    const opened = this.#opening(
      name,
      (path) => {
        const file = new OpenDescriptor(openSync(path, flags, mode), !isLocal)
        return judge(file, fstatSync(file.descriptor, { bigint: true }))
      },
      async (path) => {
        const file = new OpenDescriptor(await slow.open(path, flags, mode), !isLocal)
        return judge(file, await slow.info(file.descriptor))
      },
    )
    return Effect.acquireRelease(opened, release).pipe(
      Effect.map((file) => openFileOf(file, join(this.path, name), isLocal)),
    )
  }

  openDirectory(
    name: string,
    { create = false }: { readonly create?: boolean } = {},
  ): Effect.Effect<Directory, FileError, Scope.Scope> {
    // Flushed also when it was there: whoever made it may have died before its own flush.
    const make = Effect.andThen(
      unless(
        "EEXIST",
        undefined,
        this.#at("make", name, (path) => fs.mkdir(path, 0o700)),
      ),
      this.flush,
    )
    const open = this.#opening(
      name,
      (path) => OpenDirectory.openNow(path),
      (path) => OpenDirectory.open(path, { followLink: false }),
    )
    return Effect.acquireRelease(create ? Effect.andThen(make, open) : open, release).pipe(
      Effect.map((opened) => new NodeDirectory(opened, join(this.path, name))),
    )
  }

  info(name: string): Effect.Effect<FileInfo, FileError> {
    return Effect.flatMap(this.find(name), (info) =>
      info === undefined ? Effect.fail(refuse("info", join(this.path, name), "ENOENT")) : Effect.succeed(info),
    )
  }

  find(name: string): Effect.Effect<FileInfo | undefined, FileError> {
    if (!canResolveByHandle || !this.#open.isLocal || !isSegment(name)) {
      const info = this.#at("info", name, async (path) => infoOf(await bigLstat(path)))
      return unless("ENOENT", undefined, info)
    }
    return attemptNow(
      "info",
      () => join(this.path, name),
      () =>
        this.#open.useNow((descriptor) => {
          const stats = lstatSync(`/proc/self/fd/${descriptor}/${name}`, nothingThrown)
          return stats === undefined ? undefined : infoOf(stats)
        }),
    )
  }

  get list(): Effect.Effect<ReadonlyArray<string>, FileError> {
    return this.#itself("list", async (path) => {
      const names = await slow.list(path, { encoding: "buffer" })
      return names.sort((a, b) => Buffer.compare(a, b)).map((name) => name.toString("utf8"))
    })
  }

  #into(operation: "rename" | "link", name: string, to: string, into: Directory) {
    const run = operation === "rename" ? fs.rename : fs.link
    if (!(into instanceof NodeDirectory)) return Effect.fail(refuse(operation, join(into.path, to), "EXDEV"))
    return this.#at(operation, name, async (from) => {
      if (!isSegment(to)) throw refuse(operation, join(into.path, to), "EINVAL")
      await into.#open.use((descriptor) =>
        run(from, canResolveByHandle ? `/proc/self/fd/${descriptor}/${to}` : join(into.path, to)),
      )
    })
  }

  rename(name: string, to: string, into: Directory = this): Effect.Effect<void, FileError> {
    return this.#into("rename", name, to, into)
  }

  link(name: string, to: string, into: Directory = this): Effect.Effect<void, FileError> {
    return this.#into("link", name, to, into)
  }

  unlink(name: string): Effect.Effect<void, FileError> {
    return this.#at("unlink", name, fs.unlink)
  }

  remove(name: string): Effect.Effect<void, FileError> {
    return this.#at("remove", name, (path) => fs.rmdir(path))
  }

  get flush(): Effect.Effect<void, FileError> {
    return attempt("flush", this.path, () => this.#open.flush())
  }

  lock(
    name: string,
    { create = true }: { readonly create?: boolean } = {},
  ): Effect.Effect<FileLock, FileError, Scope.Scope> {
    const shown = join(this.path, name)
    return Effect.acquireRelease(
      this.#at("lock", name, (path) => openLock(path, shown, create)),
      (database) => Effect.sync(() => database.close()),
    ).pipe(Effect.map((database) => lockOf(database, shown)))
  }

  get lockDomain(): Effect.Effect<string, FileError> {
    return this.#itself("info", lockDomainOf)
  }

  get realPath(): Effect.Effect<string, FileError> {
    return this.#itself("info", (path) => (canResolveByHandle ? fs.readlink(path) : fs.realpath(path)))
  }
}

const release = (open: OpenDescriptor): Effect.Effect<void> => Effect.sync(() => open.release())

/** Opens a host path. Links in it are followed: the host chose it. */
const openRoot = (path: string) => attempt("open", path, () => OpenDirectory.open(path, { followLink: true }))

/** Makes a directory and its missing parents, the topmost first, flushing the entry of each. */
const makeAll = (path: string): Effect.Effect<void, FileError> =>
  Effect.gen(function* () {
    const exists = yield* unless(
      "ENOENT",
      false,
      attempt("info", path, async () => (await fs.stat(path)).isDirectory()),
    )
    if (exists) return
    const parent = dirname(path)
    if (parent !== path) yield* makeAll(parent)
    yield* unless(
      "EEXIST",
      undefined,
      attempt("make", path, () => fs.mkdir(path, 0o700)),
    )
    yield* Effect.scoped(
      Effect.flatMap(Effect.acquireRelease(openRoot(parent), release), (open) =>
        attempt("flush", parent, () => open.flush()),
      ),
    )
  })

/** The {@link Files} port on the real file system. */
export const layerNodeFiles: Layer.Layer<Files> = Layer.succeed(Files, {
  openDirectory: (path, { create = false } = {}) => {
    const absolute = resolve(path)
    const open = openRoot(absolute)
    const made = Effect.catchIf(
      open,
      ({ code }) => code === "ENOENT",
      () => Effect.andThen(makeAll(absolute), open),
    )
    return Effect.acquireRelease(create ? made : open, release).pipe(
      Effect.map((opened) => new NodeDirectory(opened, absolute)),
    )
  },
})
