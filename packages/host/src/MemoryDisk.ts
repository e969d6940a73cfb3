/**
 * What a test may do to a simulated disk behind everybody's back.
 *
 * @module
 */

import type { Layer } from "effect"
import type { Files } from "./Files.ts"

/** What a crash leaves of a file that was not flushed: `durable` is its content at its last flush, `content` what it was. */
export type Survival = (path: string, durable: Uint8Array, content: Uint8Array) => Uint8Array

/** One process's access to a simulated disk. */
export interface MemoryProcess {
  readonly layer: Layer.Layer<Files>
  /** Drops its locks, as a kernel does when a process dies. What the process does after that is nobody's business. */
  readonly kill: () => void
}

/** The disk behind the port, for tests that tamper with it. Paths are absolute, `/`-separated. */
export interface MemoryDisk {
  /**
   * Power is cut: all locks and handles are gone, and of what was not flushed nothing is left, or what `survives` says: a disk
   * may have written any part of it.
   */
  readonly crash: (survives?: Survival) => void
  /** The bytes of a file as they are now; `undefined` when there is no such file. */
  readonly bytes: (path: string) => Uint8Array | undefined
  /** Changes a file behind everybody's back, as a process with its own descriptor would. */
  readonly overwrite: (path: string, bytes: Uint8Array) => void
  /** Puts something in place of whatever bears the name. */
  readonly plant: (path: string, what: "link" | "fifo" | "directory" | Uint8Array) => void
  /** A second name for a file. */
  readonly hardLink: (path: string, to: string) => void
  readonly remove: (path: string) => void
  /** Every file below a folder, by path. */
  readonly files: (path: string) => ReadonlyArray<string>
}
