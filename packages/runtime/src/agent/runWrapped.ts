/**
 * What the wrapper does: it runs one agent and writes the receipt, and goes on when the runner is gone.
 *
 * It dies by SIGKILL at any line below without harm:
 * before `started.json` nothing has run; after it nothing will run a second time; the lock ends with the process, so
 * whoever takes it and finds no receipt knows that this wrapper is dead, and ends what it left.
 *
 * The agent is started when the runner says so, which it does once it is recorded elsewhere, out of the agent's reach, that
 * this run begins. A wrapper whose runner is gone before that withdraws: nothing has run.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, realpathSync, rmSync, writeSync } from "node:fs"
import { join, relative, sep } from "node:path"
import type { Readable } from "node:stream"
import { setTimeout as delay } from "node:timers/promises"
import type { ProcessExit, ProcessIdentity } from "@waybill/host"
import { explainErrno } from "@waybill/host/errno"
import { identify } from "@waybill/host/process-tree"
import { errnoOf, type ProgramEnd, supervise } from "@waybill/host/supervise"
import { hideInStream } from "../hideInStream.ts"
import { flushCandidate } from "./flushCandidate.ts"
import {
  codeOf,
  flushFolder,
  hasRecord,
  type Launch,
  type OutputRecord,
  publish,
  publishOnce,
  publishReceipt,
  type ReceiptRecord,
  recordNames,
  reserveReceipt,
  runMarker,
  sweepFolder,
} from "./runFolder.ts"
import { type HeldLock, takeLock } from "./runLock.ts"

/** The points between which a wrapper can die; a test stops it at each of them. */
export type WrapperStep =
  | "launched"
  | "locked"
  | "prepared"
  | "started"
  | "begun"
  | "spawned"
  | "recorded"
  | "ended"
  | "cleaned"
  | "receipted"

/**
 * How a wrapper ends: it ran the agent, somebody else did, its runner was gone before it began, the lock could not be had, or
 * there was no room for its records. But for the first, nothing has run.
 */
export type WrapperResult = "ran" | "superseded" | "withdrawn" | "locked_out" | "no_room"

const lockWait_ms = 10_000
const lockLook_ms = 20

const isTaken = (folder: string): boolean =>
  hasRecord(folder, recordNames.receipt) || hasRecord(folder, recordNames.started)

/** A runner that looks whether anybody is alive holds the lock for an instant, so a refusal is not final. */
const waitForLock = async (folder: string): Promise<HeldLock | undefined> => {
  const until_ms = performance.now() + lockWait_ms
  while (performance.now() < until_ms) {
    if (isTaken(folder)) return undefined
    const lock = takeLock(folder)
    if (lock !== undefined) return lock
    await delay(lockLook_ms)
  }
  return undefined
}

const openOutput = (path: string): number | undefined => {
  try {
    return openSync(path, "w", 0o600)
  } catch {
    return undefined
  }
}

/**
 * Keeps the first bytes of a stream in a file, without the values that the agent was given in its environment. A disk that is full
 * costs the output, not the run.
 */
const keep = (
  stream: Readable | null,
  path: string,
  { env, outputBytes_max }: Pick<Launch, "env" | "outputBytes_max">,
): (() => OutputRecord) => {
  const hiding = hideInStream(env)
  const descriptor = openOutput(path)
  let bytes = 0
  let dropped_bytes = 0
  let room = descriptor === undefined ? 0 : outputBytes_max
  const write = (chunk: Uint8Array): void => {
    let written = 0
    try {
      while (descriptor !== undefined && room > 0 && written < chunk.length) {
        const count = writeSync(descriptor, chunk, written, Math.min(room, chunk.length - written))
        written += count
        room -= count
      }
    } catch {
      room = 0
    }
    bytes += written
    dropped_bytes += chunk.length - written
  }
  stream?.on("data", (chunk: Uint8Array) => write(room > 0 ? hiding.take(chunk) : chunk))
  return () => {
    write(hiding.end())
    if (descriptor !== undefined) closeSync(descriptor)
    return { bytes, dropped_bytes }
  }
}

const environmentOf = (launch: Launch): Record<string, string> => {
  const path = process.env["PATH"]
  return {
    ...(path === undefined ? {} : { PATH: path }),
    ...launch.env,
    WAYBILL_RUN_ID: launch.runId,
    WAYBILL_ATTEMPT: String(launch.attempt),
    WAYBILL_CANDIDATE: launch.candidate,
    WAYBILL_INPUT: join(launch.folder, recordNames.input),
    [runMarker]: launch.submitRunId,
  }
}

type Ending = Pick<ReceiptRecord, "ok" | "reason" | "exit" | "note">

const endingOf = (end: ProgramEnd, cut: "time" | "cancelled" | undefined, launch: Launch): Ending => {
  if (end.kind === "refused")
    return {
      ok: false,
      reason: "tool_error",
      note: `${launch.command[0]} could not be started: ${explainErrno(end.code)}`,
    }
  const exit: ProcessExit = end
  if (cut === "time") return { ok: false, reason: "budget_time", exit }
  if (cut === "cancelled") return { ok: false, reason: "interrupted", exit, note: "cancelled" }
  if (exit.kind === "signal") return { ok: false, reason: "tool_error", exit }
  if (exit.code === 0) return { ok: true, exit }
  return { ok: false, reason: launch.exitReasons[String(exit.code)] ?? "tool_error", exit }
}

/** Who leads the agent's group is known by the marker as well: that it cannot be written down must not cost the run. */
const recordLeader = (folder: string, leader: ProcessIdentity): void => {
  try {
    publish(folder, recordNames.agent, { leader })
  } catch (cause) {
    console.error(cause)
  }
}

/** Makes the work durable; says how the run has ended where the disk has no room for it. */
const keepWork = ({ candidate, workspace }: Launch, folder: string): Ending | undefined => {
  try {
    flushCandidate(folder, relative(workspace, candidate).split(sep))
    return undefined
  } catch (cause) {
    const why = explainErrno(codeOf(cause) ?? "EUNKNOWN")
    return { ok: false, reason: "tool_error", note: `its work ${candidate} could not be flushed: ${why}` }
  }
}

/** Where the workspace is before the agent can put a link in its place. */
const placeOf = (workspace: string): string => {
  try {
    return realpathSync(workspace)
  } catch {
    return workspace // the agent will not be started, and that is told
  }
}

const startAgent = (launch: Launch): ChildProcess => {
  const [program, ...args] = launch.command
  return spawn(program, args, {
    cwd: launch.workspace,
    env: environmentOf(launch),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  })
}

const runAgent = async (
  launch: Launch,
  startedAt: string,
  cancelled: Promise<"cancelled">,
  at: (step: WrapperStep) => void,
) => {
  const { folder } = launch
  const workspace = placeOf(launch.workspace)
  let child: ChildProcess
  try {
    child = startAgent(launch)
  } catch (cause) {
    // Some refusals of the kernel (E2BIG …) come at once, and not as an event.
    const { key, submitRunId } = launch
    const endedAt = new Date().toISOString()
    const ending = endingOf({ kind: "refused", code: errnoOf(cause) }, undefined, launch)
    publishReceipt(folder, { key, submitRunId, ...ending, startedAt, endedAt })
    at("receipted")
    return
  }
  const { done, identity } = supervise(child, {
    grace_ms: launch.grace_ms,
    timeLimit_ms: launch.timeLimit_ms,
    marker: { name: runMarker, value: launch.submitRunId },
    cut: cancelled,
    onEnding: () => at("ended"),
  })
  at("spawned")
  const stdout = keep(child.stdout, join(folder, recordNames.stdout), launch)
  const stderr = keep(child.stderr, join(folder, recordNames.stderr), launch)
  if (identity !== undefined) recordLeader(folder, identity)
  at("recorded")
  const { cut, end, family } = await done
  // The receipt says the work is there, so the work is made durable first.
  const lost = keepWork(launch, workspace)
  const ending = endingOf(end, cut, launch)
  at("cleaned")
  const leader = identity?.pid
  const receipt: ReceiptRecord = {
    key: launch.key,
    submitRunId: launch.submitRunId,
    ...(ending.ok && lost !== undefined ? { ...ending, ...lost } : ending),
    startedAt,
    endedAt: new Date().toISOString(),
    stdout: stdout(),
    stderr: stderr(),
    leftovers: {
      ended: family.ended.filter((one) => one.pid !== leader).length,
      remaining: family.remaining.map((one) => one.pid),
    },
  }
  publishReceipt(folder, receipt)
  at("receipted")
}

/** Sets aside what the run must not lack later. False where the disk is full: then nothing has begun. */
const prepare = ({ folder, input }: Launch): boolean => {
  try {
    sweepFolder(folder)
    reserveReceipt(folder)
    publish(folder, recordNames.input, input ?? null)
    return true
  } catch (cause) {
    if (codeOf(cause) === "ENOSPC" || codeOf(cause) === "EDQUOT") return false
    throw cause
  }
}

/**
 * For the wrapper that holds the lock and was not told to begin: as if it had never come. The runner may have recorded the start
 * before it died, so what shows that nothing began comes first.
 */
const withdraw = ({ folder, withdrawal }: Launch): void => {
  publish(folder, recordNames.withdrawn, { withdrawal })
  rmSync(join(folder, recordNames.started), { force: true })
  flushFolder(folder)
}

/**
 * Runs one agent under the protocol. SIGTERM, SIGINT and SIGHUP end the agent's group and give an `interrupted` receipt.
 *
 * @param go true once the runner says that the agent may begin, false when the runner is gone
 * @param at called at every step, for tests that stop the wrapper there
 */
export const runWrapped = async (
  launch: Launch,
  go: Promise<boolean>,
  at: (step: WrapperStep) => void = () => {},
): Promise<WrapperResult> => {
  const cancelled = new Promise<"cancelled">((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => resolve("cancelled"))
  })
  const { folder, key, submitRunId } = launch
  at("launched")
  const lock = await waitForLock(folder)
  if (lock === undefined) return isTaken(folder) ? "superseded" : "locked_out"
  try {
    at("locked")
    if (!prepare(launch)) return "no_room"
    at("prepared")
    const startedAt = new Date().toISOString()
    const wrapper = identify(process.pid)
    const record = { key, submitRunId, startedAt, ...(wrapper && { wrapper }) }
    if (hasRecord(folder, recordNames.receipt) || !publishOnce(folder, recordNames.started, record)) return "superseded"
    at("started")
    const said = await Promise.race([go, cancelled])
    if (said === "cancelled") {
      const note = "cancelled before it began"
      publishReceipt(folder, { key, submitRunId, ok: false, reason: "interrupted", startedAt, note })
      return "ran"
    }
    if (!said) {
      withdraw(launch)
      return "withdrawn"
    }
    // An agent that finds it could say that it never ran.
    rmSync(join(folder, recordNames.withdrawn), { force: true })
    flushFolder(folder)
    at("begun")
    await runAgent(launch, startedAt, cancelled, at)
    return "ran"
  } finally {
    lock.release()
  }
}
