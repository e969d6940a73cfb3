/**
 * A machine in memory: one disk, agents that outlive whoever started them, and runners that can be killed at any operation.
 *
 * Fault model. A runner dies at its n-th operation: that operation and everything after it is not performed (or, torn: a
 * few bytes of a write are); its locks are dropped, as a kernel does. With `power`, whatever was not flushed is lost as
 * well, and so are the agents that were at work. An agent that is at work when its runner dies goes on and leaves a receipt.
 */
import { DataPlane, layerDataPlane } from "@waybill/data-plane"
import {
  type Fault,
  type FaultPlan,
  type FileOperation,
  Killed,
  layerFaultyFiles,
  layerSeededEntropy,
  makeMemoryFiles,
} from "@waybill/host"
import { Ledger } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { Effect, type Exit, Layer } from "effect"
import {
  Agent,
  AgentError,
  type AgentReceipt,
  type AgentService,
  type JobDeclaration,
  layerFileHolds,
  type SettlementEvent,
  settlement_vocabularies,
} from "../../src/index.ts"

/** What a runner did, in order: operations, each with its number, and what its observer was told. */
export type Trace = Array<
  | { readonly kind: "operation"; readonly nth: number; readonly operation: string; readonly path: string }
  | { readonly kind: "event"; readonly nth: number; readonly event: SettlementEvent }
>

/** Where a runner dies: at its n-th operation (torn: a write leaves its first bytes), or once it is told of a fact. */
export interface Death {
  readonly nth?: number
  readonly isTorn?: boolean
  readonly behind?: string
}

export const root = "/job"
const torn_bytes = 7

/** What the agent leaves in an attempt. */
export type Leave = (attempt: number) => string

/** Another job than the plain one: what it declares differently, and how it may end (a status, or the reason of a failure). */
export interface Variant {
  readonly twist: Partial<JobDeclaration>
  readonly outcomes: ReadonlyArray<string>
}

export const makeMachine = (leave: Leave, variant: Variant = { twist: {}, outcomes: ["verified"] }) => {
  const { disk, layer: files } = makeMemoryFiles()
  const runs = new Map<string, { starts: number; receipt: AgentReceipt | undefined; isAlive: boolean }>()
  const judged: Array<string> = []
  let isStartLost = false
  let isPowerCut = false
  let seed = 1
  /** A fresh one each time: layers that are one and the same are built once, and a process shares nothing. */
  const dataPlane = () => layerDataPlane({ root: `${root}/data` })

  /** The agent's own process: it works on the disk itself, whatever becomes of the runner. */
  const work = (key: string, runId: string, attempt: number, path: string) =>
    Effect.gen(function* () {
      const run = runs.get(key)
      if (run === undefined || !run.isAlive) return
      const data = yield* DataPlane
      yield* data.writeSeed(runId, path, new TextEncoder().encode(leave(attempt)))
      runs.set(key, { ...run, isAlive: false, receipt: { submitRunId: `run_${key}`, ok: true, diagnostics: {} } })
    }).pipe(
      Effect.provide(dataPlane().pipe(Layer.provide(Layer.mergeAll(files, layerSeededEntropy(seed++))))),
      Effect.orDie,
    )

  /**
   * A process that settles. Its layers are its memory: a new runner knows nothing but what is on the disk. `refuse` may let
   * the disk refuse an operation.
   */
  const makeRunner = (death?: Death, refuse?: FaultPlan) => {
    const trace: Trace = []
    let count = 0
    let isDead = false
    const pass = (operation: FileOperation | "point", path: string): Fault | undefined => {
      const nth = ++count
      if (isDead) return { kind: "die" }
      trace.push({ kind: "operation", nth, operation, path })
      if (nth !== death?.nth) return operation === "point" ? undefined : refuse?.(operation, path, nth)
      isDead = true
      return death.isTorn === true ? { kind: "short", code: "EIO", bytes: torn_bytes } : { kind: "die" }
    }
    const point = (name: string) =>
      Effect.suspend(() => (pass("point", name) === undefined ? Effect.void : Effect.die(new Killed(name))))

    const submit: AgentService["submit"] = ({ attempt, candidatePath, key, runId }, register) =>
      Effect.gen(function* () {
        yield* point("agent: is asked")
        const before = runs.get(key)
        if (before?.receipt !== undefined) return before.receipt
        if (before === undefined) {
          // A wrapper that outlived its runner has shown that nothing began; one that went down with the machine has not.
          if (register?.begun !== undefined && isPowerCut) {
            isStartLost = true
            return yield* new AgentError({ code: "run_missing", key, detail: "it left no trace" })
          }
          if (register?.begun === undefined) yield* register?.begin({ submitRunId: `run_${key}` }) ?? Effect.void
          yield* point("agent: may begin")
          runs.set(key, { starts: 1, receipt: undefined, isAlive: true })
        } else if (!before.isAlive) {
          // Started, and dead without a receipt: it is never run again.
          const receipt: AgentReceipt = { submitRunId: `run_${key}`, ok: false, reason: "interrupted", diagnostics: {} }
          runs.set(key, { ...before, receipt })
          return receipt
        }
        yield* point("agent: is at work")
        yield* work(key, runId, attempt, candidatePath)
        yield* point("agent: has a receipt")
        const receipt = runs.get(key)?.receipt
        return receipt ?? (yield* Effect.die(new Error("the run has no receipt")))
      })
    const agent = Layer.succeed(Agent, {
      folder: `${root}/agents`,
      submit,
      find: (key) =>
        Effect.andThen(
          point("agent: is looked for"),
          Effect.sync(() => runs.get(key)?.receipt),
        ),
      cancel: (key) =>
        Effect.sync(() => {
          const run = runs.get(key)
          const ended: AgentReceipt = { submitRunId: `run_${key}`, ok: false, reason: "interrupted", diagnostics: {} }
          const receipt = run?.receipt ?? ended
          if (run !== undefined) runs.set(key, { ...run, receipt, isAlive: false })
          return receipt
        }),
    })
    const host = Layer.mergeAll(layerFaultyFiles(files, pass), layerSeededEntropy(seed++))
    const layers = Layer.mergeAll(
      Ledger.layer(makeJsonlStore({ root }), settlement_vocabularies),
      dataPlane(),
      agent,
      layerFileHolds({ root: `${root}/holds` }),
    ).pipe(Layer.provideMerge(host))
    return {
      trace,
      point,
      isDead: () => isDead,
      observe: (event: SettlementEvent) => {
        if (isDead || (event.kind === "step" && event.state === "progress")) return
        trace.push({ kind: "event", nth: count + 1, event })
        if (event.kind !== "recorded") return
        pass("point", `recorded ${event.fact.event_type}`)
        if (event.fact.event_type === `workspace_job.${death?.behind}`) isDead = true
      },
      run: <A, E>(effect: Effect.Effect<A, E, Layer.Success<typeof layers>>): Promise<Exit.Exit<A, unknown>> =>
        Effect.runPromiseExit(Effect.provide(effect, layers)),
    }
  }

  return {
    disk,
    variant,
    /** The machine's file system, for programs that are not ours. */
    files,
    judged,
    makeRunner,
    /** How often an agent was started, per key of an attempt. */
    starts: () => [...runs].map(([key, { starts }]) => [key, starts] as const),
    /** Whether somebody asked for a run that was recorded as begun by a runner which died before it began. */
    isStartLost: () => isStartLost,
    isAnybodyAtWork: () => [...runs.values()].some(({ isAlive }) => isAlive),
    /** The power is cut: what was not flushed is gone, and agents die. */
    cutPower: () => {
      disk.crash()
      isPowerCut = true
      for (const [key, run] of runs) runs.set(key, { ...run, isAlive: false })
    },
  }
}

export type Machine = ReturnType<typeof makeMachine>
export type Runner = ReturnType<Machine["makeRunner"]>
