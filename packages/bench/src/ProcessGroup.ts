/**
 * Running Node in a process group of its own, which is ended whole: what a benchmark started does not outlive it.
 *
 * @module
 */
import { spawn } from "node:child_process"
import { chmodSync, mkdtempSync } from "node:fs"
import { rm } from "node:fs/promises"
import { constants, tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"

/** Somebody wants it to end: nothing further is measured, and everything that was begun is taken away. */
export class Interrupted extends Error {
  readonly signal: NodeJS.Signals

  constructor(signal: NodeJS.Signals) {
    super(`interrupted (${signal})`)
    this.signal = signal
  }

  /** What a shell answers for a program that ended by this signal. */
  get exitCode(): number {
    return 128 + constants.signals[this.signal]
  }
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/** A signal to the whole process group comes twice where whoever started this process passes it on. */
const same_ms = 1000

/** Aborted with {@link Interrupted} by the first signal that wants this process to end; another one later on ends it at once. */
export const heedSignals = (): AbortSignal => {
  const controller = new AbortController()
  let heard: number | undefined
  for (const signal of signals)
    process.on(signal, () => {
      const interrupted = new Interrupted(signal)
      if (heard !== undefined && performance.now() - heard > same_ms) process.exit(interrupted.exitCode)
      heard ??= performance.now()
      controller.abort(interrupted)
    })
  return controller.signal
}

/** How a process ended: by itself, because it took too long, or because somebody wanted it to. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly isLate: boolean
  readonly stdout: string
  readonly stderr: string
}

export interface GroupOptions {
  /** Where the process keeps its temporary files. */
  readonly scratch: string
  readonly abort: AbortSignal
  readonly limit_ms?: number
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Whether what it says is kept; else its stderr is ours, and its stdout nobody's. */
  readonly isHeard?: boolean
}

/** A server that was told to end may take this long about it. */
const grace_ms = 5000
const look_ms = 20

/** Whether there is anybody in the group whom a signal reaches; some systems refuse to signal those that only wait to be reaped. */
const signalGroup = (group: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-group, signal)
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && (cause.code === "ESRCH" || cause.code === "EPERM")) return false
    throw cause
  }
}

const endGroup = async (group: number): Promise<void> => {
  if (!signalGroup(group, "SIGTERM")) return
  for (let waited = 0; waited < grace_ms; waited += look_ms) {
    await pause(look_ms)
    if (!signalGroup(group, 0)) return
  }
  signalGroup(group, "SIGKILL")
}

/**
 * Runs Node with `args`. Whatever is left of its group when it ends is ended too. Rejects with {@link Interrupted} once all of
 * it is gone.
 */
export const runGroup = async (args: ReadonlyArray<string>, options: GroupOptions): Promise<Ended> => {
  const { abort, cwd, env, isHeard = false, limit_ms, scratch } = options
  abort.throwIfAborted()
  const child = spawn(process.execPath, [...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env, TMPDIR: scratch },
    stdio: isHeard ? ["ignore", "pipe", "pipe"] : ["ignore", "ignore", "inherit"],
    detached: true,
  })
  let [stdout, stderr] = ["", ""]
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text))
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text))
  const group = child.pid
  let isLate = false
  let ending: Promise<void> | undefined
  const end = (): Promise<void> => (ending ??= group === undefined ? Promise.resolve() : endGroup(group))
  const late = setTimeout(
    () => {
      isLate = true
      void end()
    },
    limit_ms ?? 2 ** 31 - 1,
  )
  const stop = () => void end()
  abort.addEventListener("abort", stop)
  try {
    const ended = await new Promise<Pick<Ended, "code" | "signal">>((done, fail) => {
      child.once("error", fail)
      // Its streams may be held open by what it started, so they are not waited for before that is ended.
      child.once("exit", (code, signal) => {
        const closed = new Promise<void>((resolve) => child.once("close", () => resolve()))
        void end().then(() => closed.then(() => done({ code, signal })))
      })
    })
    abort.throwIfAborted()
    return { ...ended, isLate, stdout, stderr }
  } finally {
    clearTimeout(late)
    abort.removeEventListener("abort", stop)
  }
}

/** A folder for temporary files, removed with all that is in it once `work` is done, however it ends. */
export const withScratch = async <A>(work: (folder: string) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), "waybill-bench-"))
  // A database that must not run as root finds its own folder in here.
  chmodSync(folder, 0o711)
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}
