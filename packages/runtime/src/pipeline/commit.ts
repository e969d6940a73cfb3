/**
 * Recording a fact, and telling whoever looks on.
 *
 * @module
 */
import { type InvalidFact, Ledger } from "@waybill/ledger"
import { type NewJobFact, recording } from "@waybill/workspace-job"
import { Clock, Effect, type Result } from "effect"
import type { Observer, SettlementEvent } from "./Observer.ts"

/** Host side of a settlement: what composition decides and a product cannot. */
export interface Composition {
  readonly actor: string
  readonly requestId: string
  /** Where the artifact lies within its attempt's own place. */
  readonly terminalPath: string
  readonly observe: Observer
}

type WithoutTime<T> = T extends unknown ? Omit<T, "at_ms"> : never

export const tell = (observe: Observer, event: WithoutTime<SettlementEvent>): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (at_ms) => observe({ ...event, at_ms } as SettlementEvent))

/** Records a fact; answers its recorded form. Being stale or settled means that another runner went on before us. */
export const record = <F extends NewJobFact>(made: Result.Result<F, InvalidFact>, composition: Composition) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const fact = yield* Effect.fromResult(made)
    const { actor, observe, requestId } = composition
    const [recorded] = yield* ledger.transact(recording, fact, { actor, requestId })
    if (recorded === undefined) return yield* Effect.die(new Error(`${fact.event_type} was not recorded`))
    yield* tell(observe, { kind: "recorded", fact: recorded })
    return recorded
  })
