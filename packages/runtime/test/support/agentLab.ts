/**
 * A room for real agents: a folder, a command that leaves traces, and layers whose wrapper may have an accident.
 */
import { layerNodeEntropy, layerNodeProcesses, Processes, type ProcessesService } from "@waybill/host"
import { Effect, Layer } from "effect"
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { layerCommandAgent, type SubmitRequest, type SubmitSpec } from "../../src/index.ts"

export const makeBase = (name: string): string => mkdtempSync(join(tmpdir(), `waybill-${name}-`))

/** An accident of the first wrapper; see `dyingWrapper.ts`. */
export interface Accident {
  readonly step: string
  readonly victims: "wrapper" | "runner" | "both" | "late"
  /** Happens to every wrapper, not just to the first. */
  readonly isEveryTime?: boolean
}

const dyingWrapper = fileURLToPath(new URL("./dyingWrapper.ts", import.meta.url))

const withAccident = (root: string, accident: Accident, processes: ProcessesService): ProcessesService => ({
  ...processes,
  spawnDetached: (request) => {
    const once = accident.isEveryTime === true ? "" : join(root, "accident")
    const wrapper = [dyingWrapper, accident.step, accident.victims, once]
    return processes.spawnDetached({
      ...request,
      argv: [processes.node, "--conditions=@waybill/source", ...wrapper],
    })
  },
})

/** The shipped agent in a folder, on real processes. */
export const agentIn = (root: string, accident?: Accident, options: { readonly overrun_ms?: number } = {}) => {
  const processes =
    accident === undefined
      ? layerNodeProcesses
      : Layer.effect(
          Processes,
          Processes.use((real) => Effect.succeed(withAccident(root, accident, real))),
        ).pipe(Layer.provide(layerNodeProcesses))
  return layerCommandAgent({ root: join(root, "agents"), ...options }).pipe(
    Layer.provideMerge(Layer.mergeAll(processes, layerNodeEntropy)),
  )
}

/** A request for a shell script in ROOT/work. Beside it lie the traces it leaves. */
export const requestFor = (root: string, script: string, more: Partial<SubmitSpec> = {}): SubmitRequest => {
  const workspace = join(root, "work")
  mkdirSync(workspace, { recursive: true })
  return {
    key: "key-1",
    runId: "run-1",
    attempt: 1,
    workspace,
    candidatePath: "out.txt",
    spec: { command: ["/bin/sh", "-c", script], timeLimit_ms: 20_000, grace_ms: 300, ...more },
  }
}

/** Counts itself in ../runs, leaves a child that outlives it in ../pids, and does its work. */
export const honestWork =
  'echo run >> ../runs; sleep 60 & echo $! >> ../pids; echo $$ >> ../pids; echo work > "$WAYBILL_CANDIDATE"'

const linesIn = (path: string): ReadonlyArray<string> =>
  existsSync(path) ? readFileSync(path, "utf8").trim().split("\n").filter(Boolean) : []

export const runsIn = (root: string): number => linesIn(join(root, "runs")).length

export const isAlive = (pid: number): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ")
  } catch {
    return false
  }
}

/** The processes that left their number in ROOT/pids and are still there. */
export const aliveIn = (root: string): ReadonlyArray<number> => linesIn(join(root, "pids")).map(Number).filter(isAlive)

/** Waits on the real clock until a program has left a sign that it has come that far. */
export const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.delay(until(condition), 5)))
