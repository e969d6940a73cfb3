/**
 * Seeing a program through to its end: its own, its time's or somebody's word; and the end of all that it started.
 *
 * Plain functions without Effect, so that a small helper program can use them and start fast.
 *
 * @module
 */
import type { ChildProcess } from "node:child_process"
import { setTimeout as delay } from "node:timers/promises"
import type { ProcessExit } from "./Processes.ts"
import { endStarted, type FamilyEnd, type FamilyMarker, identify, type ProcessIdentity } from "./ProcessTree.ts"

/** Output that is in the pipe when the whole group is gone is read at once; longer means somebody else holds the pipe. */
export const drain_ms = 1_000
const nobody: FamilyEnd = { ended: [], remaining: [] }

/** The program ended, or the kernel refused to start it; `code` is the errno name. */
export type ProgramEnd = ProcessExit | { readonly kind: "refused"; readonly code: string }

export interface Supervision<Cut extends string> {
  readonly end: ProgramEnd
  /** Why the program was ended, if it did not end by itself. */
  readonly cut: "time" | Cut | undefined
  /** What became of the processes that were still there. */
  readonly family: FamilyEnd
}

export interface SupervisionOptions<Cut extends string> {
  /** Time between SIGTERM and SIGKILL. */
  readonly grace_ms: number
  readonly timeLimit_ms?: number | undefined
  /** How those who left the group are known. */
  readonly marker?: FamilyMarker | undefined
  /** Ends the program when it settles. */
  readonly cut?: Promise<Cut>
  /** Called when the program has ended or is about to be ended, before anybody else is. */
  readonly onEnding?: () => void
}

export interface Supervised<Cut extends string> {
  /** Who leads the group; undefined where there is no `/proc`, or when the program never started. */
  readonly identity: ProcessIdentity | undefined
  /** Settles when everybody is gone and what they said has been read; never rejects. */
  readonly done: Promise<Supervision<Cut>>
}

/** The errno name of what the system refused. */
export const errnoOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "UNKNOWN"

const exitOf = (code: number | null, signal: string | null): ProcessExit =>
  signal === null ? { kind: "code", code: code ?? 0 } : { kind: "signal", signal }

/** How a child ends, also when it has already. A refusal to start is an end as well. */
export const endOf = (child: ChildProcess): Promise<ProgramEnd> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(exitOf(child.exitCode, child.signalCode))
    : new Promise((resolve) => {
        child.once("exit", (code, signal) => resolve(exitOf(code, signal)))
        child.once("error", (cause) => {
          if (child.pid === undefined) resolve({ kind: "refused", code: errnoOf(cause) })
        })
      })

/** Takes care of a child that leads a group of its own (`detached`). To be called in the same turn as it was started. */
export const supervise = <Cut extends string = never>(
  child: ChildProcess,
  { cut, grace_ms, marker, onEnding, timeLimit_ms }: SupervisionOptions<Cut>,
): Supervised<Cut> => {
  const ended = endOf(child)
  const identity = child.pid === undefined ? undefined : identify(child.pid)
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()))
  const finish = async (): Promise<Supervision<Cut>> => {
    let timer: NodeJS.Timeout | undefined
    const ends: Array<Promise<"time" | Cut | undefined>> = [ended.then(() => undefined)]
    if (cut !== undefined) ends.push(cut)
    if (timeLimit_ms !== undefined)
      ends.push(
        new Promise((resolve) => {
          timer = setTimeout(() => resolve("time"), timeLimit_ms)
        }),
      )
    const why = await Promise.race(ends)
    clearTimeout(timer)
    onEnding?.()
    let family = nobody
    if (child.pid !== undefined) {
      const hasExited = () => child.exitCode !== null || child.signalCode !== null
      family = await endStarted({ pid: child.pid, identity, exited: ended, hasExited }, grace_ms, marker)
    }
    const end = await ended
    await Promise.race([closed, delay(drain_ms, undefined, { ref: false })])
    child.stdout?.destroy()
    child.stderr?.destroy()
    return { end, cut: why, family }
  }
  return { identity, done: finish() }
}
