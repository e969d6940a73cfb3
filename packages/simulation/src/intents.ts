/**
 * What the clients of a world want: jobs, some of them asked for twice, by two clients, or called off.
 *
 * @module
 */
import type { JsonObject } from "@waybill/ledger"
import type { Plan } from "./Plan.ts"
import { Random } from "./Random.ts"
import { drawPayload } from "./work.ts"

export interface Intent {
  /** `undefined`: the ledger names it. */
  readonly job_id: string | undefined
  readonly key: string
  readonly payload: JsonObject
  readonly max_attempts: number
  /** Who asks for it: one client, or two that do not know of each other. */
  readonly clients: ReadonlyArray<string>
  readonly at_ms: number
  /** How long after it was taken in it is called off; `undefined`: never. */
  readonly cancel_ms: number | undefined
}

export const drawIntents = (plan: Plan): ReadonlyArray<Intent> => {
  const random = Random.of(plan.seed, "intents")
  return Array.from({ length: plan.jobs }, (_, i): Intent => {
    const own = `client-${random.between(1, plan.clients)}`
    const other = `client-${random.between(1, plan.clients)}`
    return {
      job_id: random.chance(0.5) ? `job-${i + 1}` : undefined,
      key: `key-${i + 1}`,
      payload: drawPayload(random, `key-${i + 1}`, random.chance(plan.settlements)),
      max_attempts: random.pick([1, 3, 5, 20]),
      clients: random.chance(0.3) ? [...new Set([own, other])] : [own],
      at_ms: random.unit() * plan.chaos_ms * 0.8,
      cancel_ms: random.chance(plan.cancels) ? random.unit() * 3_000 : undefined,
    }
  })
}
