/**
 * The port to the process that a program runs in: its words, its streams, its clock, its signals.
 *
 * @module
 */

export interface TextOutput {
  readonly isTTY: boolean
  readonly columns: number
}

/** The output cannot take what is written to it: a full disk, a limit on the size of files. */
export interface WriteFault {
  /** The system's name for it, such as `ENOSPC`. */
  readonly code: string
  readonly message: string
  /** How much of this write is out. */
  readonly written_bytes: number
}

/** `closed`: nobody reads any more, which is no failure of the writer. */
export type Written = "written" | "closed" | WriteFault

export interface Host {
  /** The words after the program. */
  readonly words: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: TextOutput & {
    /** Settles when the bytes are out, or when they cannot be. */
    readonly write: (chunk: string | Uint8Array) => Promise<Written>
    /** The same for one piece of many: a reader that is slow never holds up anything else. */
    readonly stream: (chunk: Uint8Array) => Promise<Written>
  }
  readonly stderr: TextOutput & {
    /** Faults are ignored: there is no one to tell. */
    readonly write: (text: string | Uint8Array) => void
  }
  /** Milliseconds since the epoch. */
  readonly now_ms: () => number
  /** Milliseconds that never go back. */
  readonly monotonic_ms: () => number
  /** For ids that must differ; not for secrets. */
  readonly random: (bytes: number) => Uint8Array
  /**
   * Hears SIGTERM and SIGINT until the returned function is called. SIGHUP, of a terminal that was closed, is told as a SIGTERM, and
   * beside it what was sent.
   */
  readonly onSignal: (listener: (signal: "SIGTERM" | "SIGINT", sent?: "SIGHUP") => void) => () => void
  /** Hears what nobody caught in this process, until the returned function is called. */
  readonly onAccident: (
    listener: (thrown: unknown, code: "UNHANDLED_EXCEPTION" | "UNHANDLED_REJECTION") => void,
  ) => () => void
  /** Calls back after a time; the returned function takes it back. */
  readonly after: (delay_ms: number, call: () => void) => () => void
  /** The program's own file, which is started again for the handler; undefined when there is none. */
  readonly program: string | undefined
}
