/**
 * Workers in the server's own process, on its own ledger.
 *
 * @module
 */
import { layerDataPlane } from "@waybill/data-plane"
import { layerNodeEntropy, layerNodeFiles, layerNodeProcesses } from "@waybill/host"
import type { JobSpec } from "@waybill/jobspec"
import { Ledger, type LedgerShape } from "@waybill/ledger"
import {
  allOf,
  commandExecutor,
  commandVerifier,
  type Executor,
  type InvalidDeclaration,
  layerCommandAgent,
  layerFileHolds,
  layerLedgerQueue,
  type QueuedDeclaration,
  runWorker,
  settlementExecutor,
  settlementOnly,
  type Verifier,
  type WorkerEvent,
} from "@waybill/runtime"
import { Cause, Effect, Fiber, Layer, type Scope } from "effect"
import { join } from "node:path"
import type { Log } from "../Log.ts"
import type { Metrics } from "../Metrics.ts"
import type { WorkersOptions } from "./WorkersOptions.ts"
import type { TypeWork } from "./WorkPlan.ts"

export interface Workers {
  /** Claims no more; lets running work end, or hands it back. */
  readonly drain: Effect.Effect<void>
}

/** The server that they are part of. */
export interface Surroundings {
  readonly ledger: LedgerShape
  readonly jobspec: JobSpec.JobSpec
  readonly log: Log
  readonly metrics: Metrics
}

const longest_ms = 86_400_000

const variables = (
  names: ReadonlyArray<string>,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    names.flatMap((each) => {
      const mark = each.indexOf("=")
      const name = mark < 0 ? each : each.slice(0, mark)
      const value = mark < 0 ? env[name] : each.slice(mark + 1)
      return value === undefined ? [] : [[name, value] as const]
    }),
  )

type Declare = (payload: unknown, job_type: string) => QueuedDeclaration

const declaring = (
  { limit_ms = longest_ms, settle }: TypeWork,
  env: Readonly<Record<string, string>>,
  folder: string,
) =>
  Effect.gen(function* () {
    if (settle === undefined) return undefined
    const verifiers = yield* Effect.forEach(settle.verify, (command) =>
      // As with `waybill settle --verify`: `grep -q` and its like reject without a word.
      commandVerifier({ command, cwd: folder, env, silentRejection: true }),
    )
    const [first, ...others] = verifiers
    if (first === undefined) return undefined
    const verifier: Verifier = others.length === 0 ? first : allOf([first, ...others])
    const declare: Declare = (payload, job_type) => ({
      requestedBy: job_type,
      terminalSchemaId: settle.schema,
      seeds: [{ path: "payload.json", content: new TextEncoder().encode(JSON.stringify(payload)) }],
      candidatePath: settle.candidate,
      submit: () => ({ command: settle.agent, env, timeLimit_ms: limit_ms }),
      verifier,
      ...(settle.verifyLimit_ms === undefined ? {} : { verifierDeadline_ms: settle.verifyLimit_ms }),
    })
    return declare
  })

/** What the plan comes to: an executor for each type, and how those that are settled are declared. */
const executorsOf = ({ env: surrounding = {}, folder, plan }: WorkersOptions) =>
  Effect.gen(function* () {
    const executors: Record<string, Executor> = {}
    const declarations = new Map<string, Declare>()
    for (const [name, work] of Object.entries(plan.types)) {
      const env = variables(work.env, surrounding)
      executors[name] =
        work.command === undefined
          ? settlementOnly
          : yield* commandExecutor({
              command: work.command,
              root: join(folder, "work"),
              env,
              ...(work.limit_ms === undefined ? {} : { timeLimit_ms: work.limit_ms }),
            })
      const declare = yield* declaring(work, env, plan.folder)
      if (declare !== undefined) declarations.set(name, declare)
    }
    return { declarations, executors }
  })

const counted = "waybill_worker_events_total"
const counted_help = "What the workers of this process have told: jobs claimed, completed, failed, lost, released."

/** Says each event, and counts it. The message of a failure is the executor's, which shows no value of a variable. */
const observing =
  ({ log, metrics }: Surroundings) =>
  (event: WorkerEvent): void => {
    if (event.kind === "unavailable") {
      metrics.count(counted, counted_help, { event: event.kind, job_type: "" })
      return log("warn", "the workers cannot ask the queue", { error: event.error.message, pause_ms: event.pause_ms })
    }
    const { attempt, job_id, job_type } = event.job
    metrics.count(counted, counted_help, { event: event.kind, job_type })
    const said = { job_id, job_type, attempt }
    if (event.kind === "failed") return log("warn", "a job failed", { ...said, failure: { ...event.failure } })
    if (event.kind === "lost") return log("warn", "a job was given up", { ...said, reason: event.reason })
    log("info", `a job is ${event.kind}`, said)
  }

/** Starts them; fails where the plan names what cannot be started at all, before anything is claimed. */
export const startWorkers = (
  options: WorkersOptions,
  surroundings: Surroundings,
): Effect.Effect<Workers, InvalidDeclaration, Scope.Scope> =>
  Effect.gen(function* () {
    const { count, drain_ms, folder, lease_ms } = options
    const { jobspec, ledger, log } = surroundings
    const host = Layer.mergeAll(layerNodeFiles, layerNodeProcesses, layerNodeEntropy)
    const { declarations, executors } = yield* Effect.provide(executorsOf(options), host)
    const settlement = settlementExecutor((job) => {
      const declare = declarations.get(job.job_type)
      if (declare === undefined) throw new TypeError(`the plan does not settle ${job.job_type}`)
      return declare(job.payload, job.job_type)
    })
    const worker = runWorker({
      executors,
      slots: count,
      lease_ms,
      heartbeat_ms: Math.max(1, Math.floor(lease_ms / 4)),
      drain_ms,
      observe: observing(surroundings),
      ...(declarations.size === 0 ? {} : { settlement }),
    })
    const place = Layer.mergeAll(
      layerLedgerQueue({ jobspec }),
      layerDataPlane({ root: join(folder, "data") }),
      layerCommandAgent({ root: join(folder, "agent-runs") }),
      layerFileHolds({ root: join(folder, "holds") }),
    ).pipe(Layer.provideMerge(Layer.succeed(Ledger, ledger)), Layer.provideMerge(host))
    const fiber = yield* Effect.forkScoped(
      Effect.provide(worker, place).pipe(
        Effect.tapCause((cause) =>
          Effect.sync(() => {
            if (!Cause.hasInterruptsOnly(cause)) log("error", "the workers ended", { error: Cause.pretty(cause) })
          }),
        ),
      ),
    )
    log("info", "working", { workers: count, job_types: Object.keys(executors) })
    return { drain: Effect.asVoid(Fiber.interrupt(fiber)) }
  })
