/**
 * What the wrapper does: it runs one agent and writes the receipt, and goes on when the runner is gone.
 *
 * It dies by SIGKILL at any line below without harm:
 * before `started.json` nothing has run; after it nothing will run a second time; the lock ends with the process, so
 * whoever takes it and finds no receipt knows that this wrapper is dead, and ends what it left.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, constants, openSync, writeSync } from "node:fs"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { setTimeout as delay } from "node:timers/promises"
import type { ProcessExit } from "@waybill/host"
import { explainErrno } from "@waybill/host/errno"
import { identify } from "@waybill/host/process-tree"
import { errnoOf, type ProgramEnd, supervise } from "@waybill/host/supervise"
import {
  flushFile,
  hasRecord,
  type HeldLock,
  type Launch,
  type OutputRecord,
  publish,
  publishOnce,
  type ReceiptRecord,
  recordNames,
  runMarker,
  takeLock,
} from "./runFolder.ts"

/** The points between which a wrapper can die; a test stops it at each of them. */
export type WrapperStep =
  | "launched"
  | "locked"
  | "started"
  | "prepared"
  | "spawned"
  | "recorded"
  | "ended"
  | "cleaned"
  | "receipted"

/** How a wrapper ends: it ran the agent, somebody else did, or the lock could not be had. */
export type WrapperResult = "ran" | "superseded" | "locked_out"

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

/** Keeps the first bytes of a stream in a file. A disk that is full costs the output, not the run. */
const keep = (stream: Readable | null, path: string, bytes_max: number): (() => OutputRecord) => {
  const descriptor = openSync(path, "w", 0o600)
  let bytes = 0
  let dropped_bytes = 0
  let room = bytes_max
  stream?.on("data", (chunk: Uint8Array) => {
    let written = 0
    try {
      while (room > 0 && written < chunk.length) {
        const count = writeSync(descriptor, chunk, written, Math.min(room, chunk.length - written))
        written += count
        room -= count
      }
    } catch {
      room = 0
    }
    bytes += written
    dropped_bytes += chunk.length - written
  })
  return () => {
    closeSync(descriptor)
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
  publish(folder, recordNames.input, launch.input ?? null)
  at("prepared")
  let child: ChildProcess
  try {
    child = startAgent(launch)
  } catch (cause) {
    // Some refusals of the kernel (E2BIG …) come at once, and not as an event.
    const { key, submitRunId } = launch
    const endedAt = new Date().toISOString()
    const ending = endingOf({ kind: "refused", code: errnoOf(cause) }, undefined, launch)
    publish(folder, recordNames.receipt, { key, submitRunId, ...ending, startedAt, endedAt } satisfies ReceiptRecord)
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
  const stdout = keep(child.stdout, join(folder, recordNames.stdout), launch.outputBytes_max)
  const stderr = keep(child.stderr, join(folder, recordNames.stderr), launch.outputBytes_max)
  if (identity !== undefined) publish(folder, recordNames.agent, { leader: identity })
  at("recorded")
  const { cut, end, family } = await done
  // The receipt says the work is there, so the work is made durable first.
  flushFile(launch.candidate, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  at("cleaned")
  const leader = identity?.pid
  const receipt: ReceiptRecord = {
    key: launch.key,
    submitRunId: launch.submitRunId,
    ...endingOf(end, cut, launch),
    startedAt,
    endedAt: new Date().toISOString(),
    stdout: stdout(),
    stderr: stderr(),
    leftovers: {
      ended: family.ended.filter((one) => one.pid !== leader).length,
      remaining: family.remaining.map((one) => one.pid),
    },
  }
  publish(folder, recordNames.receipt, receipt)
  at("receipted")
}

/**
 * Runs one agent under the protocol. SIGTERM, SIGINT and SIGHUP end the agent's group and give an `interrupted` receipt.
 *
 * @param at called at every step, for tests that stop the wrapper there
 */
export const runWrapped = async (
  launch: Launch,
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
    const startedAt = new Date().toISOString()
    const wrapper = identify(process.pid)
    const record = { key, submitRunId, startedAt, grace_ms: launch.grace_ms, ...(wrapper && { wrapper }) }
    if (hasRecord(folder, recordNames.receipt) || !publishOnce(folder, recordNames.started, record)) return "superseded"
    at("started")
    await runAgent(launch, startedAt, cancelled, at)
    return "ran"
  } finally {
    lock.release()
  }
}
