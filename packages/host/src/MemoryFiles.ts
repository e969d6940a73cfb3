/**
 * A simulated disk.
 *
 * Fault model. What was not flushed is lost in a crash: a file falls back to its content at its last flush (to nothing if
 * there was none), a directory to its entries at its last flush. Locks and open handles die with the crash; a handle from
 * before it answers `ESTALE`. Nothing is torn or reordered here beyond that; `FaultyFiles` adds failing operations.
 *
 * @module
 */
import { Effect, Exit, Layer, type Scope } from "effect"
import { immediate } from "./atOnce.ts"
import {
  type Directory,
  FileError,
  type FileInfo,
  type FileLock,
  type FileOperation,
  Files,
  type OpenFile,
  type OpenOptions,
} from "./Files.ts"
import type { MemoryDisk, MemoryProcess } from "./MemoryDisk.ts"
import {
  byBytes,
  crashed,
  directory,
  type DirectoryNode,
  type FileNode,
  filesBelow,
  isSegment,
  type Node,
} from "./memoryNodes.ts"

/** An errno on its way to `attempt`, which adds the operation and the path. */
class Refusal extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

/** Makes an empty disk and the port onto it; `process` is the port as one more process has it. */
export const makeMemoryFiles = (): {
  readonly layer: Layer.Layer<Files>
  readonly disk: MemoryDisk
  readonly process: () => MemoryProcess
} => {
  let inodes = 1n
  let era = 0
  const root = directory(inodes++)
  /** Who holds which lock. */
  const held = new Map<Node, object>()

  const file = (content: Uint8Array, mode: number): FileNode => ({
    kind: "file",
    inode: inodes++,
    content,
    durable: new Uint8Array(),
    mode,
    links: 1,
    modified_ms: 0,
    changed_ns: 0n,
  })

  const attempt = <A>(
    operation: FileOperation,
    path: string,
    born: number,
    run: () => A,
  ): Effect.Effect<A, FileError> =>
    immediate(() => {
      if (born !== era) return Exit.fail(new FileError({ operation, path, code: "ESTALE" }))
      try {
        return Exit.succeed(run())
      } catch (cause) {
        if (cause instanceof Refusal) return Exit.fail(new FileError({ operation, path, code: cause.code }))
        throw cause
      }
    })
  const no: (code: string) => never = (code) => {
    throw new Refusal(code)
  }

  const relink = (node: FileNode, by: 1 | -1): void => {
    node.links += by
    node.changed_ns++
  }

  const infoOf = (node: Node): FileInfo => ({
    kind: node.kind,
    bytes: node.kind === "file" ? node.content.byteLength : 0,
    links: node.kind === "file" ? node.links : 1,
    device: 1n,
    inode: node.inode,
    mode: node.kind === "file" ? node.mode : 0o700,
    modified_ms: node.kind === "file" ? node.modified_ms : 0,
    changed_ns: node.kind === "file" ? node.changed_ns : node.kind === "directory" ? node.entries.changes : 0n,
  })

  const openFileOf = (node: FileNode, path: string, isWritable: boolean): OpenFile => {
    const born = era
    const resize = (bytes: number) => {
      node.changed_ns++
      const content = new Uint8Array(bytes)
      content.set(node.content.subarray(0, bytes))
      node.content = content
    }
    return {
      path,
      read: (into, offset) =>
        attempt("read", path, born, () => {
          const part = node.content.subarray(offset, offset + into.byteLength)
          into.set(part)
          return part.byteLength
        }),
      write: (bytes, offset) =>
        attempt("write", path, born, () => {
          if (!isWritable) no("EBADF")
          // A copy, so that what was flushed stays what it was.
          resize(Math.max(node.content.byteLength, offset + bytes.byteLength))
          node.content.set(bytes, offset)
          node.modified_ms++
        }),
      truncate: (bytes) =>
        attempt("truncate", path, born, () => {
          if (!isWritable) no("EINVAL")
          resize(bytes)
        }),
      flush: attempt("flush", path, born, () => {
        node.durable = node.content
        // The next write copies, so sharing the buffer is safe.
      }),
      info: attempt("info", path, born, () => infoOf(node)),
      chmod: (mode) =>
        attempt("chmod", path, born, () => {
          node.mode = mode
          node.changed_ns++
        }),
    }
  }

  class MemoryDirectory implements Directory {
    readonly path: string
    readonly node: DirectoryNode
    readonly #born = era
    readonly #owner: object

    constructor(node: DirectoryNode, path: string, owner: object) {
      this.node = node
      this.path = path
      this.#owner = owner
    }

    #at<A>(operation: FileOperation, name: string, run: () => A): Effect.Effect<A, FileError> {
      return attempt(operation, `${this.path}/${name}`, this.#born, () => (isSegment(name) ? run() : no("EINVAL")))
    }
    #find(name: string): Node {
      return this.node.entries.get(name) ?? no("ENOENT")
    }

    openFile(name: string, options: OpenOptions): Effect.Effect<OpenFile, FileError, Scope.Scope> {
      return this.#at("open", name, () => {
        const { access, create = "never", mode = 0o600 } = options
        const found = this.node.entries.get(name)
        if (found !== undefined && create === "exclusive") return no("EEXIST")
        if (found === undefined && create === "never") return no("ENOENT")
        const node = found ?? file(new Uint8Array(), mode)
        if (node.kind !== "file")
          return no(node.kind === "directory" ? "EISDIR" : node.kind === "link" ? "ELOOP" : "EINVAL")
        this.node.entries.set(name, node)
        return openFileOf(node, `${this.path}/${name}`, access === "write")
      })
    }

    openDirectory(
      name: string,
      { create = false }: { readonly create?: boolean } = {},
    ): Effect.Effect<Directory, FileError, Scope.Scope> {
      return this.#at("open", name, () => {
        let node = this.node.entries.get(name)
        if (node === undefined && create) {
          node = directory(inodes++)
          this.node.entries.set(name, node)
        }
        if (create && node?.kind === "directory") this.node.durable = new Map(this.node.entries)
        if (node === undefined) return no("ENOENT")
        if (node.kind !== "directory") return no(node.kind === "link" ? "ELOOP" : "ENOTDIR")
        return new MemoryDirectory(node, `${this.path}/${name}`, this.#owner)
      })
    }

    info(name: string) {
      return this.#at("info", name, () => infoOf(this.#find(name)))
    }
    find(name: string) {
      return this.#at("info", name, () => (this.node.entries.has(name) ? infoOf(this.#find(name)) : undefined))
    }
    get list(): Effect.Effect<ReadonlyArray<string>, FileError> {
      return attempt("list", this.path, this.#born, () => [...this.node.entries.keys()].sort(byBytes))
    }

    rename(name: string, to: string, into: Directory = this) {
      return this.#at("rename", name, () => {
        const node = this.#find(name)
        if (!(into instanceof MemoryDirectory)) return no("EXDEV")
        if (!isSegment(to)) return no("EINVAL")
        const replaced = into.node.entries.get(to)
        if (replaced === node) return
        if (replaced?.kind === "directory") return no("EISDIR")
        if (replaced?.kind === "file") relink(replaced, -1)
        if (node.kind === "file") node.changed_ns++
        into.node.entries.set(to, node)
        this.node.entries.delete(name)
      })
    }
    link(name: string, to: string, into: Directory = this) {
      return this.#at("link", name, () => {
        const node = this.#find(name)
        if (!(into instanceof MemoryDirectory)) return no("EXDEV")
        if (!isSegment(to)) return no("EINVAL")
        if (node.kind !== "file") return no("EPERM")
        if (into.node.entries.has(to)) return no("EEXIST")
        relink(node, 1)
        into.node.entries.set(to, node)
      })
    }
    unlink(name: string) {
      return this.#at("unlink", name, () => {
        const node = this.#find(name)
        if (node.kind === "directory") return no("EISDIR")
        if (node.kind === "file") relink(node, -1)
        this.node.entries.delete(name)
      })
    }
    remove(name: string) {
      return this.#at("remove", name, () => {
        const node = this.#find(name)
        if (node.kind !== "directory") return no("ENOTDIR")
        if (node.entries.size > 0) return no("ENOTEMPTY")
        this.node.entries.delete(name)
      })
    }
    get flush(): Effect.Effect<void, FileError> {
      return attempt("flush", this.path, this.#born, () => {
        this.node.durable = new Map(this.node.entries)
      })
    }
    lock(name: string, { create = true }: { readonly create?: boolean } = {}) {
      const born = this.#born
      const path = `${this.path}/${name}`
      const make = this.#at("lock", name, () => {
        const node = this.node.entries.get(name) ?? (create ? file(new Uint8Array(), 0o600) : no("ENOENT"))
        this.node.entries.set(name, node)
        let isHeld = false
        const lock: FileLock = {
          tryAcquire: attempt("lock", path, born, () => {
            if (held.has(node)) return false
            held.set(node, this.#owner)
            isHeld = true
            return true
          }),
          release: immediate(() => {
            if (isHeld && born === era && held.get(node) === this.#owner) held.delete(node)
            isHeld = false
            return Exit.void
          }),
        }
        return lock
      })
      return Effect.acquireRelease(make, (lock) => Effect.ignore(lock.release))
    }
    get lockDomain() {
      return attempt("info", this.path, this.#born, () => "local")
    }
    get realPath() {
      return attempt("info", this.path, this.#born, () => this.path)
    }
  }

  const segments = (path: string) => path.split("/").filter((segment) => segment !== "")
  const walk = (path: ReadonlyArray<string>): Node | undefined => {
    let node: Node | undefined = root
    for (const segment of path) node = node?.kind === "directory" ? node.entries.get(segment) : undefined
    return node
  }
  const parentOf = (path: string): readonly [DirectoryNode, string] => {
    const names = segments(path)
    const name = names.pop() ?? no("EINVAL")
    const parent = walk(names)
    return parent?.kind === "directory" ? [parent, name] : no("ENOENT")
  }
  const disk: MemoryDisk = {
    crash: (survives = (_path, durable) => durable) => {
      era++
      held.clear()
      crashed(root, "", survives)
    },
    bytes: (path) => {
      const node = walk(segments(path))
      return node?.kind === "file" ? node.content.slice() : undefined
    },
    overwrite: (path, bytes) => {
      const node = walk(segments(path))
      if (node?.kind !== "file") return
      node.content = new Uint8Array(bytes)
      node.modified_ms++
      node.changed_ns++
    },
    plant: (path, what) => {
      const [parent, name] = parentOf(path)
      const made: Node =
        what === "link" || what === "fifo"
          ? { kind: what === "link" ? "link" : "other", inode: inodes++ }
          : what === "directory"
            ? directory(inodes++)
            : file(new Uint8Array(what), 0o600)
      parent.entries.set(name, made)
    },
    hardLink: (path, to) => {
      const node = walk(segments(path))
      const [parent, name] = parentOf(to)
      if (node?.kind !== "file") return
      relink(node, 1)
      parent.entries.set(name, node)
    },
    remove: (path) => {
      const [parent, name] = parentOf(path)
      const node = parent.entries.get(name)
      // Whoever has the directory open finds it empty.
      if (node?.kind === "directory") node.entries = node.entries.replacedBy([])
      parent.entries.delete(name)
    },
    files: (path) =>
      filesBelow(
        walk(segments(path)),
        segments(path)
          .map((segment) => `/${segment}`)
          .join(""),
      ),
  }

  const layerOf = (owner: object) =>
    Layer.succeed(Files, {
      openDirectory: (path, { create = false } = {}) => {
        const names = segments(path)
        return attempt("open", path, era, () => {
          let node = root
          for (const name of names) {
            let next = node.entries.get(name)
            if (next === undefined && create) {
              next = directory(inodes++)
              node.entries.set(name, next)
              node.durable.set(name, next)
            }
            if (next === undefined) return no("ENOENT")
            if (next.kind !== "directory") return no("ENOTDIR")
            node = next
          }
          return new MemoryDirectory(node, `/${names.join("/")}`, owner)
        })
      },
    })
  const process = (): MemoryProcess => {
    const owner = {}
    return {
      layer: layerOf(owner),
      kill: () => {
        for (const [node, by] of held) if (by === owner) held.delete(node)
      },
    }
  }
  return { layer: layerOf({}), disk, process }
}
