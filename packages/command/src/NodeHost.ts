/**
 * The process that Node started.
 *
 * @module
 */
import { constants, fstatSync, openSync, writeSync } from "node:fs"
import type { Host, WriteFault, Written } from "./Host.ts"

/** Up to this size bytes are written at once: a stalled reader of so little can hold nothing up for long. */
const direct_bytes_max = 32_768

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined)

/** Without loading the terminal's module for what is a file or a pipe anyway. */
const isTerminal = (fd: 1 | 2): boolean => {
  try {
    return fstatSync(fd).isCharacterDevice() && (fd === 1 ? process.stdout : process.stderr).isTTY === true
  } catch {
    return false
  }
}

const default_columns = 80

/** Some pseudo-terminals say that they have no columns. */
const widthOf = (fd: 1 | 2): number => {
  const columns = isTerminal(fd) ? (fd === 1 ? process.stdout : process.stderr).columns : 0
  return columns > 0 ? columns : default_columns
}

/** A file takes what it is given or says why not; a pipe and a terminal may keep the writer waiting. */
const isFile = (): boolean => {
  try {
    const kind = fstatSync(1)
    return !kind.isFIFO() && !kind.isSocket() && !isTerminal(1)
  } catch {
    return false
  }
}

/** A socket whose reader leaves with something unread is reset; everything else here is the output's own fault. */
const left_codes: ReadonlySet<unknown> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"])

const missed = (error: unknown, written_bytes: number): "closed" | WriteFault => {
  const code = codeOf(error)
  if (left_codes.has(code)) return "closed"
  const message = error instanceof Error ? error.message : String(error)
  return { code: typeof code === "string" ? code : "EIO", message, written_bytes }
}

let unblocked: number | undefined

/**
 * The pipe of stdout, opened once more so that a full one says so: a write that waits in the system would keep the process
 * from hearing any signal. Where the system has no such way, it is the descriptor itself.
 */
const unblockedStdout = (): number => {
  if (unblocked !== undefined) return unblocked
  unblocked = 1
  try {
    if (fstatSync(1).isFIFO()) unblocked = openSync("/proc/self/fd/1", constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    // No /proc, a pipe of another user, or nobody who reads: the write itself will tell.
  }
  return unblocked
}

/** Writes as much as goes at once; answers how much, or why no more goes. */
const writeNow = (bytes: Uint8Array): number | "closed" | WriteFault => {
  const fd = unblockedStdout()
  let at = 0
  while (at < bytes.length) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      // The reader is slow: the rest is for the stream.
      return codeOf(error) === "EAGAIN" ? at : missed(error, at)
    }
  }
  return at
}

/** Without a listener a broken pipe would be thrown at the process; each write hears of it by itself. */
const ignore = (): void => undefined

const writeLater = (bytes: Uint8Array): Promise<Written> =>
  new Promise((resolve) => {
    const { stdout } = process
    if (!stdout.listeners("error").includes(ignore)) stdout.on("error", ignore)
    // Not the stream's own `write`: while a handler runs in this process, what it prints is taken there.
    const own = Object.getPrototypeOf(stdout) as typeof stdout
    const taken = (error?: Error | null) =>
      resolve(error === null || error === undefined ? "written" : missed(error, 0))
    own.write.call(stdout, bytes, undefined, taken)
  })

const writeAll = async (bytes: Uint8Array): Promise<Written> => {
  const written = writeNow(bytes)
  if (typeof written !== "number") return written
  return written === bytes.length ? "written" : writeLater(bytes.subarray(written))
}

/** The stream that Node makes for a file takes a short write for a whole one, so a file is written here. */
const makeWrite = () => {
  let toFile: boolean | undefined
  return (bytes: Uint8Array, direct_max: number): Promise<Written> =>
    bytes.length <= direct_max || (toFile ??= isFile()) ? writeAll(bytes) : writeLater(bytes)
}

const write = makeWrite()

export const nodeHost = (): Host => ({
  words: process.argv.slice(2),
  env: process.env,
  stdout: {
    get isTTY() {
      return isTerminal(1)
    },
    get columns() {
      return widthOf(1)
    },
    write: (chunk) => write(typeof chunk === "string" ? Buffer.from(chunk) : chunk, direct_bytes_max),
    stream: (chunk) => write(chunk, 0),
  },
  stderr: {
    get isTTY() {
      return isTerminal(2)
    },
    get columns() {
      return widthOf(2)
    },
    write: (text) => {
      const bytes = typeof text === "string" ? Buffer.from(text) : text
      try {
        for (let at = 0; at < bytes.length;) at += writeSync(2, bytes, at)
      } catch {
        // Nobody listens on stderr; the answer on stdout does not depend on it.
      }
    },
  },
  now_ms: Date.now,
  monotonic_ms: () => performance.now(),
  // Ids must differ and are no secrets; the engine seeds this from the system's entropy, and loading `crypto` costs more
  // than everything else here.
  random: (bytes) => Uint8Array.from({ length: bytes }, () => Math.floor(Math.random() * 256)),
  onSignal: (listener) => {
    // A terminal that is closed ends what runs in it as anybody else does: whoever is to clean up, does.
    const heard = (["SIGTERM", "SIGINT", "SIGHUP"] as const).map((signal) => {
      const listen = () => (signal === "SIGHUP" ? listener("SIGTERM", signal) : listener(signal))
      process.on(signal, listen)
      return () => process.off(signal, listen)
    })
    return () => {
      for (const stop of heard) stop()
    }
  },
  onAccident: (listener) => {
    const onException = (error: unknown) => listener(error, "UNHANDLED_EXCEPTION")
    const onRejection = (reason: unknown) => listener(reason, "UNHANDLED_REJECTION")
    process.on("uncaughtException", onException)
    process.on("unhandledRejection", onRejection)
    return () => {
      process.off("uncaughtException", onException)
      process.off("unhandledRejection", onRejection)
    }
  },
  after: (delay_ms, call) => {
    const timer = setTimeout(call, delay_ms)
    return () => clearTimeout(timer)
  },
  program: process.argv[1],
})
