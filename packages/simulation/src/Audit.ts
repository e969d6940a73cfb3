/**
 * What is there once everything is over: the ledger, read by somebody new, and all that anybody was told.
 *
 * @module
 */
import { layerDataPlane } from "@waybill/data-plane"
import { type Job, Jobs } from "@waybill/workspace-job"
import type { QueueJob } from "@waybill/jobspec"
import { type Fold, foldAll, Ledger, type RecordedEvent, type StoreHealth, type View } from "@waybill/ledger"
import { Cause, Effect, Exit, Layer, Stream } from "effect"
import { deliverJob } from "@waybill/runtime"
import type { Agents } from "./Agents.ts"
import type { Intent } from "./intents.ts"
import type { Plan } from "./Plan.ts"
import { drain } from "./drain.ts"
import { jobspec } from "./work.ts"
import { all_vocabularies, data_root, storeOf, type World } from "./World.ts"
import type { Witness } from "./Witness.ts"

/** What a process that lived to the end believed, at which position. */
export interface Belief {
  readonly who: string
  readonly position: number
  readonly state: unknown
}

export interface Audit {
  readonly plan: Plan
  /** Whether every client had seen its jobs end. */
  readonly isOver: boolean
  readonly intents: ReadonlyArray<Intent>
  readonly witness: Witness
  readonly agents: Agents["runs"]
  /** Every event of the ledger, after one more cut of the power. */
  readonly events: ReadonlyArray<RecordedEvent>
  readonly health: StoreHealth
  readonly queue: Fold<QueueJob>
  readonly runs: Fold<Job>
  readonly beliefs: ReadonlyArray<Belief>
  /** What was delivered of each run that is verified: the text, or why there was none. */
  readonly delivered: ReadonlyMap<string, string>
}

const projections = { ...jobspec.projections, runs: Jobs }

const stateOf = (views: Readonly<Record<string, Fold<unknown> | View<unknown>>>): unknown =>
  Object.entries(views).map(([name, view]) => ({
    name,
    position: view.position,
    events: view.events,
    skipped: view.skipped,
    entities: [...view.entries()],
    anomalies: [...view.anomalous()],
  }))

/** The folded state of some events, from zero. */
export const fromZero = (events: ReadonlyArray<RecordedEvent>): unknown =>
  stateOf({
    queue: foldAll(projections.queue, events),
    jobs: foldAll(projections.jobs, events),
    states: foldAll(projections.states, events),
    schedules: foldAll(projections.schedules, events),
    runs: foldAll(projections.runs, events),
  })

/** What every process that has the ledger open believes now. */
export const askBeliefs = (world: World): ReadonlyArray<Belief> => {
  const beliefs: Array<Belief> = []
  for (const { ledger, name, process } of world.residents) {
    if (ledger === undefined || process === undefined) continue
    const exit = drain(
      world.loop,
      process,
      ledger.queryAll(projections, (views) => ({ position: views.queue.position, state: stateOf({ ...views }) })),
    )
    if (Exit.isSuccess(exit)) beliefs.push({ who: name, ...exit.value })
    else world.witness.faults.push(`${name} could not be asked at the end: ${Cause.pretty(exit.cause)}`)
  }
  return beliefs
}

export const takeAudit = (plan: Plan, intents: ReadonlyArray<Intent>, world: World, isOver: boolean): Audit => {
  const beliefs = askBeliefs(world)
  world.close()
  world.cutPower()
  const { agents, loop, machine, witness } = world
  const auditor = world.spawn("auditor", machine.wall)
  const exit = drain(
    loop,
    auditor,
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const events = yield* Stream.runCollect(ledger.read())
      const runs = foldAll(Jobs, events)
      const delivered = new Map<string, string>()
      for (const [runId, job] of runs.entries()) {
        if (job.current.terminal?.kind !== "verified") continue
        const chunks: Array<Uint8Array> = []
        const delivery = yield* Effect.exit(
          deliverJob(runId, { sink: (chunk) => Effect.sync(() => void chunks.push(chunk.slice())) }),
        )
        delivered.set(
          runId,
          Exit.isSuccess(delivery) ? Buffer.concat(chunks).toString() : `none: ${Cause.pretty(delivery.cause)}`,
        )
      }
      const queue = foldAll(jobspec.projections.queue, events)
      return { events, health: yield* ledger.health, queue, runs, delivered }
    }).pipe(
      Effect.provide(
        Layer.mergeAll(Ledger.layer(storeOf(plan), all_vocabularies), layerDataPlane({ root: data_root })).pipe(
          Layer.provide(machine.hostOf(auditor, false)),
        ),
      ),
      Effect.scoped,
    ),
  )
  if (Exit.isFailure(exit)) throw new Error(`the ledger cannot be read at the end: ${Cause.pretty(exit.cause)}`)
  return { plan, intents, isOver, witness, agents: agents.runs, beliefs, ...exit.value }
}
