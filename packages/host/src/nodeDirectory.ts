/**
 * An open directory of this machine.
 *
 * @module
 */
import { Effect, Exit, type Scope } from "effect"
import {
  type BigIntStats,
  existsSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from "node:fs"
import * as fs from "node:fs/promises"
import { andThenAtOnce, atOnce, immediate, inTurn } from "./atOnce.ts"
import { below, type Below } from "./below.ts"
import type { Directory, FileError, FileInfo, FileLock, FileOperation, OpenFile, OpenOptions } from "./Files.ts"
import { accessFlags, bigLstat, infoOf, nothingThrown, openFileOf, slow, small_file_bytes_max } from "./nodeFile.ts"
import { flushingOf, type Paces } from "./nodeFlush.ts"
import { lockDomainOf, lockOf, openLock } from "./nodeLocks.ts"
import { OpenDescriptor } from "./OpenDescriptor.ts"
import { OpenDirectory } from "./OpenDirectory.ts"
import { attempt, attemptNow, codeOf, refuse, unless } from "./refusals.ts"

export const canResolveByHandle = process.platform === "linux" && existsSync("/proc/self/fd")

/** Names come from data. Anything but one plain segment is refused before it reaches the system. */
const isSegment = (name: string): boolean =>
  name !== "" && name !== "." && name !== ".." && !name.includes("/") && !name.includes("\0") && name.isWellFormed()

const nameIn = (folder: string, name: string): string => (folder === "/" ? `/${name}` : `${folder}/${name}`)

/** A folder that is no longer than this holds few names: they lie in one block. */
const list_now_bytes_max = 4096

/** An open file, and what has to be closed of it. */
interface Opened {
  readonly descriptor: OpenDescriptor
  readonly file: OpenFile
}

const scopedFile = (open: Effect.Effect<Opened, FileError>): Effect.Effect<OpenFile, FileError, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(open, ({ descriptor }) => Effect.sync(() => descriptor.release())),
    ({ file }) => file,
  )

/** Open until the scope ends. */
export const scopedDirectory = (
  open: Effect.Effect<NodeDirectory, FileError>,
): Effect.Effect<NodeDirectory, FileError, Scope.Scope> =>
  Effect.acquireRelease(open, (directory) => Effect.sync(() => directory.close()))

/** Closes the directory once `run` has ended, however it ends. */
const closing = <A>(directory: NodeDirectory, run: Effect.Effect<A, FileError>): Effect.Effect<A, FileError> =>
  immediate(() => {
    const done = atOnce(run)
    if (!Exit.isExit(done))
      return Effect.ensuring(
        done,
        Effect.sync(() => directory.close()),
      )
    directory.close()
    return done
  })

const refuseUnlessTaken = (cause: unknown): void => {
  if (codeOf(cause) !== "EEXIST") throw cause
}

export class NodeDirectory implements Directory {
  readonly path: string
  readonly #open: OpenDirectory
  readonly #paces: Paces

  constructor(open: OpenDirectory, path: string, paces: Paces) {
    this.#open = open
    this.path = path
    this.#paces = paces
  }

  /** Runs `run` on the path of an entry, which leads through the open directory and not through its name. */
  #at<A>(operation: FileOperation, name: string, run: (path: string) => Promise<A>): Effect.Effect<A, FileError> {
    const shown = nameIn(this.path, name)
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

  #itselfNow<A>(operation: FileOperation, run: (path: string) => A): Effect.Effect<A, FileError> {
    return attemptNow(
      operation,
      () => this.path,
      () => this.#open.useNow((descriptor) => run(`/proc/self/fd/${descriptor}`)),
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
      () => nameIn(this.path, name),
      () => this.#open.useNow((descriptor) => now(`/proc/self/fd/${descriptor}/${name}`)),
    )
  }

  close(): void {
    this.#open.release()
  }

  get isLocal(): boolean {
    return canResolveByHandle && this.#open.isLocal
  }

  /** Opens a file, for the caller to close. */
  #openFile(name: string, options: OpenOptions): Effect.Effect<Opened, FileError> {
    const flags = accessFlags(options)
    const mode = options.mode ?? 0o600
    const { isLocal } = this.#open
    const path = nameIn(this.path, name)
    /** Anything but a file is closed again and refused. */
    const judge = (descriptor: OpenDescriptor, stats: BigIntStats): Opened => {
      if (stats.isFile()) return { descriptor, file: openFileOf(descriptor, path, isLocal, this.#paces) }
      descriptor.release()
      throw refuse("open", path, stats.isDirectory() ? "EISDIR" : "EINVAL")
    }
    return this.#soon(
      "open",
      name,
      (at) => {
        const opened = new OpenDescriptor(openSync(at, flags, mode), !isLocal)
        return judge(opened, fstatSync(opened.descriptor, { bigint: true }))
      },
      async (at) => {
        const opened = new OpenDescriptor(await slow.open(at, flags, mode), !isLocal)
        return judge(opened, await slow.info(opened.descriptor))
      },
    )
  }

  openFile(name: string, options: OpenOptions): Effect.Effect<OpenFile, FileError, Scope.Scope> {
    return scopedFile(this.#openFile(name, options))
  }

  /** Makes a directory where none is, with its entry on stable storage: whoever made it may have died before its own flush. */
  makeDirectory(name: string): Effect.Effect<void, FileError> {
    const make = this.#soon(
      "make",
      name,
      (path) => {
        // Most are there, and a refusal takes ten times as long as a look.
        if (lstatSync(path, nothingThrown) !== undefined) return
        try {
          mkdirSync(path, 0o700)
        } catch (cause) {
          refuseUnlessTaken(cause)
        }
      },
      (path) => fs.mkdir(path, 0o700).catch(refuseUnlessTaken),
    )
    return inTurn([make], this.flush)
  }

  /** Opens a sub-directory, for the caller to close. */
  #openDirectory(name: string, create: boolean): Effect.Effect<NodeDirectory, FileError> {
    const made = (opened: OpenDirectory) => new NodeDirectory(opened, nameIn(this.path, name), this.#paces)
    const open = this.#soon(
      "open",
      name,
      (path) => made(OpenDirectory.openNow(path, { followLink: false })),
      async (path) => made(await OpenDirectory.open(path, { followLink: false })),
    )
    return create ? inTurn([this.makeDirectory(name)], open) : open
  }

  openDirectory(
    name: string,
    { create = false }: { readonly create?: boolean } = {},
  ): Effect.Effect<Directory, FileError, Scope.Scope> {
    return scopedDirectory(this.#openDirectory(name, create))
  }

  /** Opens what lies below, for the caller to close; what is on the way is closed as soon as it is passed. */
  #walk(
    name: string,
    [next, ...others]: ReadonlyArray<string>,
    create: boolean,
  ): Effect.Effect<NodeDirectory, FileError> {
    const opened = this.#openDirectory(name, create)
    return next === undefined
      ? opened
      : andThenAtOnce(opened, (passed) => closing(passed, passed.#walk(next, others, create)))
  }

  get [below](): Below {
    return {
      directory: ([first, ...others], { create }) =>
        first === undefined ? Effect.succeed(this) : scopedDirectory(this.#walk(first, others, create)),
      file: ([first, ...others], name, options) =>
        first === undefined
          ? this.openFile(name, options)
          : scopedFile(
              andThenAtOnce(this.#walk(first, others, false), (folder) =>
                closing(folder, folder.#openFile(name, options)),
              ),
            ),
    }
  }

  info(name: string): Effect.Effect<FileInfo, FileError> {
    return andThenAtOnce(this.find(name), (info) =>
      info === undefined ? Effect.fail(refuse("info", nameIn(this.path, name), "ENOENT")) : Effect.succeed(info),
    )
  }

  find(name: string): Effect.Effect<FileInfo | undefined, FileError> {
    if (!this.#isNow(name)) {
      const info = this.#at("info", name, async (path) => infoOf(await bigLstat(path)))
      return unless("ENOENT", undefined, info)
    }
    return attemptNow(
      "info",
      () => nameIn(this.path, name),
      () =>
        this.#open.useNow((descriptor) => {
          const stats = lstatSync(`/proc/self/fd/${descriptor}/${name}`, nothingThrown)
          return stats === undefined ? undefined : infoOf(stats)
        }),
    )
  }

  get list(): Effect.Effect<ReadonlyArray<string>, FileError> {
    const inOrder = (names: ReadonlyArray<Buffer>) =>
      names.toSorted((a, b) => Buffer.compare(a, b)).map((name) => name.toString("utf8"))
    const later = this.#itself("list", async (path) => inOrder(await slow.list(path, { encoding: "buffer" })))
    if (!this.isLocal) return later
    return immediate(() =>
      this.#open.isOpen && fstatSync(this.#open.descriptor).size <= list_now_bytes_max
        ? atOnce(this.#itselfNow("list", (path) => inOrder(readdirSync(path, { encoding: "buffer" }))))
        : later,
    )
  }

  #into(operation: "rename" | "link", name: string, to: string, into: Directory) {
    const run = operation === "rename" ? fs.rename : fs.link
    if (!(into instanceof NodeDirectory)) return Effect.fail(refuse(operation, nameIn(into.path, to), "EXDEV"))
    return this.#at(operation, name, async (from) => {
      if (!isSegment(to)) throw refuse(operation, nameIn(into.path, to), "EINVAL")
      await into.#open.use((descriptor) =>
        run(from, canResolveByHandle ? `/proc/self/fd/${descriptor}/${to}` : nameIn(into.path, to)),
      )
    })
  }

  rename(name: string, to: string, into: Directory = this): Effect.Effect<void, FileError> {
    const later = this.#into("rename", name, to, into)
    if (!(into instanceof NodeDirectory) || !this.#isNow(name) || !into.#isNow(to)) return later
    // What bore the name goes with it, and to free the room of a large file takes its time.
    return andThenAtOnce(into.find(to), (replaced) =>
      replaced === undefined || replaced.bytes <= small_file_bytes_max
        ? attemptNow(
            "rename",
            () => nameIn(this.path, name),
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
    const later = this.#at("unlink", name, fs.unlink)
    if (!this.#isNow(name)) return later
    // As with a file that is replaced.
    return andThenAtOnce(this.find(name), (found) =>
      found === undefined || found.bytes <= small_file_bytes_max
        ? this.#soon("unlink", name, unlinkSync, fs.unlink)
        : later,
    )
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
    return flushingOf(handle, this.path, canResolveByHandle && open.isLocal, undefined, this.#paces.folderFlush).flush
  }

  lock(
    name: string,
    { create = true }: { readonly create?: boolean } = {},
  ): Effect.Effect<FileLock, FileError, Scope.Scope> {
    const shown = nameIn(this.path, name)
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
    return this.#itselfNow("info", (path) => readlinkSync(path))
  }
}
