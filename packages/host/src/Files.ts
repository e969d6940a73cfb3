/**
 * The port to the file system.
 *
 * Everything hangs off an open {@link Directory}: a name is always one path segment, resolved inside a directory that is
 * already open, and a symbolic link is never followed. So containment is a property of handles, not of strings, and a
 * parent that is swapped for a link while we work cannot lead outside.
 *
 * @module
 */
import { Context, Data, type Effect, type Scope } from "effect"
import { explainErrno } from "./errno.ts"

/** What was being done when the file system refused. */
export type FileOperation =
  | "open"
  | "read"
  | "write"
  | "truncate"
  | "flush"
  | "info"
  | "chmod"
  | "list"
  | "make"
  | "rename"
  | "link"
  | "unlink"
  | "remove"
  | "lock"
  | "close"

/**
 * The file system refused. `code` is the errno name (`ENOENT`, `EEXIST`, `ELOOP`, `ENOSPC`, `EIO` …), or `EINVAL` when a
 * name is not a single segment.
 */
export class FileError extends Data.TaggedError("FileError")<{
  readonly operation: FileOperation
  readonly path: string
  readonly code: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `${this.operation} ${this.path}: ${explainErrno(this.code)}`
  }
}

export type FileKind = "file" | "directory" | "link" | "other"

/** What is known of a file. `bytes` is its length; `device` and `inode` together tell two files apart. */
export interface FileInfo {
  readonly kind: FileKind
  readonly bytes: number
  readonly links: number
  readonly device: bigint
  readonly inode: bigint
  /** Permission bits, such as 0o600. */
  readonly mode: number
  readonly modified_ms: number
  /**
   * Moves with every change of content, permissions or names, and unlike `modified_ms` nobody can set it. Its steps are as
   * coarse as the kernel's clock (some milliseconds): equal values do not exclude two changes in one step.
   */
  readonly changed_ns: bigint
}

/** An open regular file. It is closed with the scope that opened it. */
export interface OpenFile {
  /** For messages only: the name may since have been given to another file. */
  readonly path: string
  /** Reads at a byte offset into `into`; answers how many bytes came, 0 at the end. */
  readonly read: (into: Uint8Array, offset: number) => Effect.Effect<number, FileError>
  /** Writes every byte at a byte offset, or fails; a failure may leave a prefix behind. */
  readonly write: (bytes: Uint8Array, offset: number) => Effect.Effect<void, FileError>
  readonly truncate: (bytes: number) => Effect.Effect<void, FileError>
  /** Returns once content and length are on stable storage. Never retry a failed flush: reopen and re-read. */
  readonly flush: Effect.Effect<void, FileError>
  readonly info: Effect.Effect<FileInfo, FileError>
  readonly chmod: (mode: number) => Effect.Effect<void, FileError>
}

/** How to open a file. A link, a directory, a FIFO or a device is refused (`ELOOP`, `EISDIR`, `EINVAL`), never opened. */
export interface OpenOptions {
  readonly access: "read" | "write"
  /** `never` (default): must exist. `missing`: make it if it is not there. `exclusive`: must not exist. */
  readonly create?: "never" | "missing" | "exclusive"
  /** Permission bits of a new file; 0o600 by default. */
  readonly mode?: number
}

/** A lock that the kernel drops when its process dies. */
export interface FileLock {
  /** True when the lock is ours now; false when somebody else (also in this process) holds it. Never waits. */
  readonly tryAcquire: Effect.Effect<boolean, FileError>
  readonly release: Effect.Effect<void, FileError>
}

/** An open directory. It is closed with the scope that opened it. Every `name` is one path segment. */
export interface Directory {
  readonly path: string
  readonly openFile: (name: string, options: OpenOptions) => Effect.Effect<OpenFile, FileError, Scope.Scope>
  /**
   * Opens a sub-directory. With `create`, makes it (mode 0o700) when it is not there, and returns with its entry on stable
   * storage, whoever made it. A link is refused.
   */
  readonly openDirectory: (
    name: string,
    options?: { readonly create?: boolean },
  ) => Effect.Effect<Directory, FileError, Scope.Scope>
  /** About the entry itself; a link is not followed. */
  readonly info: (name: string) => Effect.Effect<FileInfo, FileError>
  /** Like `info`, where it is no failure that nothing bears the name: then it is `undefined`, which costs no error. */
  readonly find: (name: string) => Effect.Effect<FileInfo | undefined, FileError>
  /** The names of all entries, in byte order. */
  readonly list: Effect.Effect<ReadonlyArray<string>, FileError>
  /** Atomic; replaces what bears the new name. */
  readonly rename: (name: string, to: string, into?: Directory) => Effect.Effect<void, FileError>
  /** A second name for a file; `EEXIST` when the name is taken. */
  readonly link: (name: string, to: string, into?: Directory) => Effect.Effect<void, FileError>
  readonly unlink: (name: string) => Effect.Effect<void, FileError>
  /** Removes an empty directory. */
  readonly remove: (name: string) => Effect.Effect<void, FileError>
  /** Returns once the entries (made, renamed, unlinked) are on stable storage. */
  readonly flush: Effect.Effect<void, FileError>
  /**
   * Prepares the lock file `name`; nothing is held yet. A lock that is held is released with the scope. A missing file is
   * made, unless `create` is false: then it is `ENOENT`.
   */
  readonly lock: (
    name: string,
    options?: { readonly create?: boolean },
  ) => Effect.Effect<FileLock, FileError, Scope.Scope>
  /**
   * Names all those among whom a lock in this directory excludes for certain. Whoever took a lock under another name for it
   * may hold it although it looks free: a file system that other machines write to need not tell us of their locks.
   * Lower-case letters, digits and `-`.
   */
  readonly lockDomain: Effect.Effect<string, FileError>
  /** The host path of where the directory is now, with every link on the way resolved. For comparing places; open nothing by it. */
  readonly realPath: Effect.Effect<string, FileError>
}

/** The port itself: the only way in is to open a directory by its host path. */
export class Files extends Context.Service<
  Files,
  {
    /** Opens a host directory; with `create`, makes it and its missing parents (mode 0o700), flushing each new entry. */
    readonly openDirectory: (
      path: string,
      options?: { readonly create?: boolean },
    ) => Effect.Effect<Directory, FileError, Scope.Scope>
  }
>()("@waybill/host/Files") {}
