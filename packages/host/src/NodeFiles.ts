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
  existsSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  rmdirSync,
} from "node:fs"
import * as fs from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import {
  type Directory,
  type FileError,
  type FileInfo,
  type FileLock,
  type FileOperation,
  Files,
  type OpenFile,
  type OpenOptions,
} from "./Files.ts"
import { accessFlags, bigLstat, infoOf, nothingThrown, openFileOf, slow } from "./nodeFile.ts"
import { flushingOf, type Pace, unknownPace } from "./nodeFlush.ts"
import { lockDomainOf, lockOf, openLock } from "./nodeLocks.ts"
import { OpenDescriptor } from "./OpenDescriptor.ts"
import { OpenDirectory } from "./OpenDirectory.ts"
import { attempt, attemptNow, refuse, unless } from "./refusals.ts"

const canResolveByHandle = process.platform === "linux" && existsSync("/proc/self/fd")

/** Names come from data. Anything but one plain segment is refused before it reaches the system. */
const isSegment = (name: string): boolean =>
  name !== "" && name !== "." && name !== ".." && !name.includes("/") && !name.includes("\0") && name.isWellFormed()

class NodeDirectory implements Directory {
  readonly path: string
  readonly #open: OpenDirectory
  readonly #pace: Pace

  constructor(open: OpenDirectory, path: string, pace: Pace) {
    this.#open = open
    this.path = path
    this.#pace = pace
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

  /** Whether an entry can be looked at without another thread: its directory's file system is this machine's own. */
  #isNow(name: string): boolean {
    return canResolveByHandle && this.#open.isLocal && isSegment(name)
  }

  /** Like {@link #at}, without another thread where that takes longer than the operation. */
  #soon<A>(
    operation: FileOperation,
    name: string,
    now: (path: string) => A,
    later: (path: string) => Promise<A>,
  ): Effect.Effect<A, FileError> {
    if (!this.#isNow(name)) return this.#at(operation, name, later)
    return attemptNow(
      operation,
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
    const opened = this.#soon(
      "open",
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
      Effect.map((file) => openFileOf(file, join(this.path, name), isLocal, this.#pace)),
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
        this.#soon(
          "make",
          name,
          (path) => mkdirSync(path, 0o700),
          (path) => fs.mkdir(path, 0o700),
        ),
      ),
      this.flush,
    )
    const open = this.#soon(
      "open",
      name,
      (path) => OpenDirectory.openNow(path, { followLink: false }),
      (path) => OpenDirectory.open(path, { followLink: false }),
    )
    return Effect.acquireRelease(create ? Effect.andThen(make, open) : open, release).pipe(
      Effect.map((opened) => new NodeDirectory(opened, join(this.path, name), this.#pace)),
    )
  }

  info(name: string): Effect.Effect<FileInfo, FileError> {
    return Effect.flatMap(this.find(name), (info) =>
      info === undefined ? Effect.fail(refuse("info", join(this.path, name), "ENOENT")) : Effect.succeed(info),
    )
  }

  find(name: string): Effect.Effect<FileInfo | undefined, FileError> {
    if (!this.#isNow(name)) {
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
    const later = this.#into("rename", name, to, into)
    if (!(into instanceof NodeDirectory) || !this.#isNow(name) || !into.#isNow(to)) return later
    // What bore the name goes with it, and to free the room of a large file takes its time.
    return Effect.flatMap(into.find(to), (replaced) =>
      replaced === undefined
        ? attemptNow(
            "rename",
            () => join(this.path, name),
            () =>
              into.#open.useNow((target) =>
                this.#open.useNow((source) =>
                  renameSync(`/proc/self/fd/${source}/${name}`, `/proc/self/fd/${target}/${to}`),
                ),
              ),
          )
        : later,
    )
  }

  link(name: string, to: string, into: Directory = this): Effect.Effect<void, FileError> {
    return this.#into("link", name, to, into)
  }

  unlink(name: string): Effect.Effect<void, FileError> {
    return this.#at("unlink", name, fs.unlink)
  }

  remove(name: string): Effect.Effect<void, FileError> {
    return this.#soon("remove", name, rmdirSync, (path) => fs.rmdir(path))
  }

  get flush(): Effect.Effect<void, FileError> {
    const open = this.#open
    const handle = {
      get fd() {
        return open.isOpen ? open.descriptor : -1
      },
      datasync: () => open.flush(),
      datasyncNow: fsyncSync,
    }
    return flushingOf(handle, this.path, canResolveByHandle && open.isLocal, undefined, this.#pace).flush
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
    if (!canResolveByHandle) return this.#itself("info", (path) => fs.realpath(path))
    // The kernel tells where an open directory lies; no disk is asked.
    return attemptNow(
      "info",
      () => this.path,
      () => this.#open.useNow((descriptor) => readlinkSync(`/proc/self/fd/${descriptor}`)),
    )
  }
}

const release = (open: OpenDescriptor): Effect.Effect<void> => Effect.sync(() => open.release())

/** What is known of a host path from when it was opened last. */
interface Root {
  readonly pace: Pace
  isLocal: boolean
}
const roots = new Map<string, Root>()
const roots_max = 256

const rootAt = (path: string): Root => {
  const known = roots.get(path)
  if (known !== undefined) return known
  if (roots.size >= roots_max) roots.clear()
  const root = { pace: unknownPace(), isLocal: false }
  roots.set(path, root)
  return root
}

/**
 * Opens a host path. Links in it are followed: the host chose it. One that was local is opened by this thread; should another
 * machine's file system lie there now, it waits for that once.
 */
const openRoot = (path: string): Effect.Effect<OpenDirectory, FileError> =>
  Effect.suspend(() => {
    const root = rootAt(path)
    const opened = root.isLocal
      ? attemptNow(
          "open",
          () => path,
          () => OpenDirectory.openNow(path, { followLink: true }),
        )
      : attempt("open", path, () => OpenDirectory.open(path, { followLink: true }))
    return Effect.map(opened, (directory) => {
      root.isLocal = canResolveByHandle && directory.isLocal
      return directory
    })
  })

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
      Effect.map((opened) => new NodeDirectory(opened, absolute, rootAt(absolute).pace)),
    )
  },
})
