/**
 * Scripted agents: each run is a process of its own on the machine, which outlives whoever started it and dies with the power.
 *
 * @module
 */
import { DataPlane, layerDataPlane } from "@waybill/data-plane"
import {
  Agent,
  AgentError,
  type AgentReceipt,
  type AgentService,
  type SubmitRequest,
  type SubmitSpec,
} from "@waybill/runtime"
import type { JsonObject } from "@waybill/ledger"
import { Effect, Layer } from "effect"
import type { Loop } from "./Loop.ts"
import type { Machine } from "./Machine.ts"
import type { Process } from "./Process.ts"
import type { Random } from "./Random.ts"
import { script } from "./work.ts"

interface Run {
  starts: number
  process: Process | undefined
  receipt: AgentReceipt | undefined
}

export interface AgentsOptions {
  readonly loop: Loop
  readonly machine: Machine
  readonly random: Random
  readonly dataRoot: string
  readonly spawn: (name: string) => Process
}

/** What the agent was given: its job's payload. */
const inputOf = ({ input }: SubmitSpec): JsonObject =>
  typeof input === "object" && input !== null ? (input as JsonObject) : {}

const look_ms = 40
const work_ms_max = 1_500

export const makeAgents = ({ dataRoot, loop, machine, random, spawn }: AgentsOptions) => {
  const runs = new Map<string, Run>()
  let isPowerCut = false

  const receiptOf = (key: string, reason?: "interrupted"): AgentReceipt =>
    reason === undefined
      ? { submitRunId: `run_${key}`, ok: true, diagnostics: {} }
      : { submitRunId: `run_${key}`, ok: false, reason, diagnostics: {} }

  const work = ({ attempt, candidatePath, key, runId, spec }: SubmitRequest): Run => {
    const process = spawn(`agent ${key}`)
    const run: Run = { starts: (runs.get(key)?.starts ?? 0) + 1, process, receipt: undefined }
    runs.set(key, run)
    const wait_ms = random.unit() * work_ms_max
    const layer = layerDataPlane({ root: dataRoot }).pipe(Layer.provide(machine.hostOf(process, false)))
    process.run(
      Effect.gen(function* () {
        yield* Effect.sleep(wait_ms)
        const plane = yield* DataPlane
        yield* plane.writeSeed(runId, candidatePath, new TextEncoder().encode(script(inputOf(spec), attempt)))
      }).pipe(Effect.provide(layer), Effect.orDie),
      (exit) => {
        run.receipt = exit._tag === "Success" ? receiptOf(key) : receiptOf(key, "interrupted")
        loop.tell(process.name, `ends: ${exit._tag}`)
        process.kill()
      },
    )
    return run
  }

  const submit: AgentService["submit"] = (request, register) =>
    Effect.gen(function* () {
      const { key } = request
      const before = runs.get(key)
      if (before?.receipt !== undefined) return before.receipt
      if (before === undefined) {
        // A wrapper that outlived its runner has shown that nothing began; one that went down with the machine has not.
        if (register?.begun !== undefined && isPowerCut)
          return yield* new AgentError({ code: "run_missing", key, detail: "it left no trace" })
        if (register?.begun === undefined) yield* register?.begin({ submitRunId: `run_${key}` }) ?? Effect.void
        if (runs.get(key) === undefined) work(request)
      }
      for (;;) {
        const run = runs.get(key)
        if (run?.receipt !== undefined) return run.receipt
        if (run?.process?.isAlive !== true) {
          const receipt = receiptOf(key, "interrupted")
          runs.set(key, { starts: run?.starts ?? 0, process: undefined, receipt })
          return receipt
        }
        yield* Effect.sleep(look_ms)
      }
    })

  const cancel: AgentService["cancel"] = (key) =>
    Effect.sync(() => {
      const run = runs.get(key)
      if (run?.receipt !== undefined) return run.receipt
      run?.process?.kill()
      const receipt = receiptOf(key, "interrupted")
      runs.set(key, { starts: run?.starts ?? 0, process: undefined, receipt })
      return receipt
    })

  return {
    runs: runs as ReadonlyMap<string, Run>,
    layer: () => Layer.succeed(Agent, { submit, cancel, find: (key) => Effect.sync(() => runs.get(key)?.receipt) }),
    cutPower: () => {
      isPowerCut = true
      for (const run of runs.values()) run.process?.kill()
    },
  }
}

export type Agents = ReturnType<typeof makeAgents>
