/**
 * The process that Node started.
 *
 * @module
 */
import { fstatSync, writeSync } from "node:fs"
import type { Host } from "./Host.ts"

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

/** Writes as much as goes at once; answers how much, or that nobody reads. */
const writeNow = (bytes: Uint8Array): number | "closed" => {
  let at = 0
  while (at < bytes.length) {
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      if (codeOf(error) === "EPIPE") return "closed"
      return at
    }
  }
  return at
}

/** Without a listener a broken pipe would be thrown at the process; each write hears of it by itself. */
const ignore = (): void => undefined

const writeLater = (bytes: Uint8Array): Promise<"written" | "closed"> =>
  new Promise((resolve) => {
    const { stdout } = process
    if (!stdout.listeners("error").includes(ignore)) stdout.on("error", ignore)
    // Not the stream's own `write`: while a handler runs in this process, what it prints is taken there.
    const own = Object.getPrototypeOf(stdout) as typeof stdout
    const taken = (error?: Error | null) => resolve(error === null || error === undefined ? "written" : "closed")
    own.write.call(stdout, bytes, undefined, taken)
  })

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
    write: async (chunk) => {
      const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk
      if (bytes.length > direct_bytes_max) return writeLater(bytes)
      const written = writeNow(bytes)
      if (written === "closed") return "closed"
      return written === bytes.length ? "written" : writeLater(bytes.subarray(written))
    },
    stream: writeLater,
  },
  stderr: {
    get isTTY() {
      return isTerminal(2)
    },
    get columns() {
      return widthOf(2)
    },
    write: (text) => {
      const bytes = Buffer.from(text)
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
    const heard = (["SIGTERM", "SIGINT"] as const).map((signal) => {
      const listen = () => listener(signal)
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
