/**
 * One seed, from its first event to its verdict.
 *
 * @module
 */
import { takeAudit } from "./Audit.ts"
import { unleash } from "./chaos.ts"
import { drawIntents } from "./intents.ts"
import type { Law } from "./Law.ts"
import { type FaultKind, type Plan, planOf, type Reduction } from "./Plan.ts"
import type { TraceLine } from "./Trace.ts"
import { makeWorld } from "./World.ts"

/** How long clients and workers may take once everything works again, and how many events a world may have. */
const healing_ms_max = 240_000
const steps_max_default = 400_000
/** What is left to do when the clients are done, such as ending an attempt that was called off. */
const settling_ms = 3_000

export interface Broken {
  readonly law: string
  readonly fault: string
}

export interface Simulated {
  readonly seed: number
  readonly plan: Plan
  /** Two runs with the same hash went the same way. */
  readonly hash: string
  readonly jobs: number
  readonly events: number
  readonly steps: number
  /** Simulated time that passed. */
  readonly took_ms: number
  readonly broken: ReadonlyArray<Broken>
  /** How often each kind of fault was met. */
  readonly met: ReadonlyMap<FaultKind, number>
  /** How often each type of event was recorded. */
  readonly recorded: ReadonlyMap<string, number>
  /** Every line, where it was asked for. */
  readonly trace: ReadonlyArray<TraceLine>
}

export interface SimulateOptions {
  readonly laws: ReadonlyArray<Law>
  readonly reduction?: Reduction
  readonly isTraced?: boolean
  /** How many events the world may have; 400 000 by default. */
  readonly steps_max?: number
}

/** Runs a seed. The same seed, reduction and code go the same way, to the last event. */
export const simulate = (
  seed: number,
  { isTraced = false, laws, reduction, steps_max = steps_max_default }: SimulateOptions,
): Simulated => {
  // Errors are values here, by the thousand; where they were made says nothing that the trace does not.
  Error.stackTraceLimit = 0
  const plan = planOf(seed, reduction)
  const intents = drawIntents(plan)
  const world = makeWorld(plan, intents, isTraced)
  const { loop } = world
  unleash(plan, world)

  const clients = world.residents.filter(({ kind }) => kind === "client")
  const isLate = () => loop.now_ms > plan.chaos_ms + healing_ms_max || loop.steps > steps_max
  while (!(clients.every(({ isDone }) => isDone) && loop.now_ms > plan.chaos_ms) && !isLate() && loop.step());
  const isOver = clients.every(({ isDone }) => isDone)
  const until_ms = loop.now_ms + settling_ms
  while (loop.now_ms < until_ms && loop.steps <= steps_max && loop.step());

  const broken: Array<Broken> = []
  const recorded = new Map<string, number>()
  let events = 0
  try {
    const audit = takeAudit(plan, intents, world, isOver)
    events = audit.events.length
    for (const { event_id, event_type, position } of audit.events) {
      recorded.set(event_type, (recorded.get(event_type) ?? 0) + 1)
      loop.tell("ledger", `${position} ${event_id}`)
    }
    for (const law of laws) for (const fault of law.check(audit)) broken.push({ law: law.id, fault })
  } catch (cause) {
    broken.push({ law: "SIM-00", fault: cause instanceof Error ? cause.message : String(cause) })
  }
  for (const { fault, law } of broken) loop.tell("law", `${law}: ${fault}`)
  const { hash, lines } = loop.trace
  return {
    seed,
    plan,
    hash,
    jobs: plan.jobs,
    events,
    steps: loop.steps,
    took_ms: loop.now_ms,
    broken,
    met: loop.met,
    recorded,
    trace: lines,
  }
}
