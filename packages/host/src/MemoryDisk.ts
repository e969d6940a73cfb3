/**
 * What a test may do to a simulated disk behind everybody's back.
 *
 * @module
 */

/** The disk behind the port, for tests that tamper with it. Paths are absolute, `/`-separated. */
export interface MemoryDisk {
  /** Power is cut: everything that was not flushed is gone, and so are all locks and handles. */
  readonly crash: () => void
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
