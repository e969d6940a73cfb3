/**
 * Starts the process of a handler and makes sure that nothing of it is left.
 *
 * The process leads a group of its own, so that what it starts ends with it, also what a blocking call started, and so
 * that a terminal's Ctrl-C reaches the supervisor alone.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process"
import type { Readable } from "node:stream"
import { type ProcessIdentity, endFamily, identify } from "@waybill/host/process-tree"
import type { FromRunner, RunRequest, ToRunner } from "./Protocol.ts"
import { makeRedactedStderr } from "./RedactedStderr.ts"
import { runner_variable, stream_fd } from "./RunnerNames.ts"

/** Every process below a run has this variable, with the run's id in its name: runs may be nested. */
const marker_prefix = "WAYBILL_COMMAND_RUN_"

export interface RunnerEvents {
  readonly message: (message: FromRunner) => void
  readonly stray: (chunk: Uint8Array) => void
  /** What the process says on stderr when it was given secrets, without them; otherwise it writes there itself. */
  readonly said: (chunk: Uint8Array) => void
  /** Output of a command that streams; settles when taken. */
  readonly stream: (chunk: Uint8Array) => Promise<unknown>
  readonly exited: (code: number | null, signal: string | null) => void
  readonly unstarted: (error: Error) => void
}

export interface RunnerHandle {
  readonly send: (message: ToRunner) => void
  /** Settles when the process is gone, or was never there. */
  readonly exited: Promise<void>
  /** Settles when all that it streamed has been taken; a slow reader may need long. */
  readonly drained: Promise<void>
  /**
   * Ends what is left. `kill` takes everything that the run ever started; `tidy`, after a run that ended by itself, only
   * the groups that it made; `leave` nothing.
   */
  readonly end: (how: "kill" | "tidy" | "leave") => Promise<void>
}

/** How long output is waited for that something else may hold open. */
const close_ms_max = 200

const inspected = /^--(?:inspect|watch|eval|print|test)(?:$|[-=])|^-[ep]$/

const isGone = (pid: number): boolean => {
  try {
    process.kill(-pid, 0)
    return false
  } catch {
    return true
  }
}

const killGroup = (pid: number): void => {
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // Its last member went first: that is what was wanted.
  }
}

const settleAfter = (limit_ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, limit_ms).unref()
  })

const pump = async (from: Readable | null | undefined, take: (chunk: Uint8Array) => unknown): Promise<void> => {
  if (from === null || from === undefined) return
  try {
    for await (const chunk of from) await take(chunk)
  } catch {
    // The other side is gone; what it wrote before has been taken.
  }
}

/** A terminal stays one for the handler, unless what it says has to be looked through. */
const stderrOf = ({ secrets, verbosity }: RunRequest): "ignore" | "inherit" | "pipe" =>
  verbosity === "quiet" ? "ignore" : secrets.length === 0 ? "inherit" : "pipe"

/** The child was started here, so its number is not given away before it has been waited for. */
const led = (leader: ProcessIdentity | undefined) =>
  leader === undefined ? {} : ({ leader, leaderJustEnded: true } as const)

/** @param program the file that is started again */
export const startRunner = (
  program: string,
  words: ReadonlyArray<string>,
  request: RunRequest,
  events: RunnerEvents,
): RunnerHandle => {
  const marker = { name: marker_prefix + request.request_id.replaceAll("-", "").toUpperCase(), value: "1" }
  const child: ChildProcess = spawn(
    process.execPath,
    [...process.execArgv.filter((option) => !inspected.test(option)), program, ...words],
    {
      detached: true,
      env: { ...process.env, [runner_variable]: "1", [marker.name]: marker.value },
      stdio: ["inherit", "pipe", stderrOf(request), "ipc", "pipe"],
    },
  )
  const { pid } = child
  const leader = pid === undefined ? undefined : identify(pid)
  const groups: Array<{ readonly pid: number; readonly identity: ProcessIdentity | undefined }> = []
  let hasExited = false
  child.on("error", events.unstarted)
  child.on("message", (message: FromRunner) => {
    if (message.type === "group") groups.push({ pid: message.pid, identity: identify(message.pid) })
    events.message(message)
  })
  child.on("exit", (code, signal) => {
    hasExited = true
    events.exited(code, signal)
  })
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve())
    child.once("error", () => resolve())
  })
  const extra = child.stdio[stream_fd]
  const streamed = pump(extra !== null && extra !== undefined && "read" in extra ? extra : undefined, events.stream)
  const strayed = pump(child.stdout, events.stray)
  const redacted = makeRedactedStderr(request.secrets)
  const said = pump(child.stderr, (chunk) => events.said(redacted.take(chunk)))
  const drained = exited
    // Prose that something else still holds open is not waited for; a stream is, to its last byte.
    .then(() => Promise.all([streamed, Promise.race([Promise.all([strayed, said]), settleAfter(close_ms_max)])]))
    .then(() => {
      child.stdout?.destroy()
      child.stderr?.destroy()
      events.said(redacted.end())
    })

  const endAll = async (alsoMarked: boolean): Promise<void> => {
    if (pid !== undefined && !hasExited) killGroup(pid)
    const marked = alsoMarked ? { marker } : {}
    await Promise.all([
      ...(leader === undefined && !alsoMarked ? [] : [endFamily({ ...led(leader), ...marked }, 0)]),
      ...groups.flatMap(({ identity }) => (identity === undefined ? [] : [endFamily({ leader: identity }, 0)])),
    ])
    if (leader !== undefined) return
    // Where there is no /proc, groups are all that can be reached, and nothing tells whether they are still ours.
    if (pid !== undefined) killGroup(pid)
    for (const group of groups) killGroup(group.pid)
  }
  return {
    send: (message) => {
      // The child may be gone already; its exit is told elsewhere.
      if (child.connected) child.send(message, () => undefined)
    },
    exited,
    drained,
    end: async (how) => {
      // What it started may stay; the process itself may not.
      if (how === "leave") return void (hasExited || child.kill("SIGKILL"))
      if (how === "kill") return endAll(true)
      const isTidy = (pid === undefined || isGone(pid)) && groups.every(({ pid: group }) => isGone(group))
      if (!isTidy) await endAll(false)
    },
  }
}
