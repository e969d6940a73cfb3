/**
 * Recording a fact, and telling whoever looks on.
 *
 * @module
 */
import { Decider, type InvalidFact, Ledger } from "@waybill/ledger"
import {
  type AttemptNumber,
  type NewJobFact,
  recording,
  type RecordRefusal,
  type TerminalArtifact,
} from "@waybill/workspace-job"
import { Clock, Effect, Result } from "effect"
import type { Observer, SettlementEvent } from "./Observer.ts"
import { endBy, type RunEnd } from "./RunEnd.ts"
import type { RunJob } from "./RunJob.ts"

/** Host side of a settlement: what composition decides and a product cannot. */
export interface Composition {
  readonly actor: string
  readonly requestId: string
  /** Where the artifact lies within its attempt's own place. */
  readonly terminalPath: string
  readonly observe: Observer
  /** The run's job: what ends the run ends it, too. */
  readonly job: RunJob
}

type WithoutTime<T> = T extends unknown ? Omit<T, "at_ms"> : never

export const tell = (observe: Observer, event: WithoutTime<SettlementEvent>): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (at_ms) => observe({ ...event, at_ms } as SettlementEvent))

/** Records a step; answers its recorded form. Being stale or settled means that another runner went on before us. */
export const record = <F extends NewJobFact>(
  made: Result.Result<F, InvalidFact>,
  composition: Omit<Composition, "job">,
) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const fact = yield* Effect.fromResult(made)
    const { actor, observe, requestId } = composition
    const [recorded] = yield* ledger.transact(recording, fact, { actor, requestId })
    if (recorded === undefined) return yield* Effect.die(new Error(`${fact.event_type} was not recorded`))
    yield* tell(observe, { kind: "recorded", fact: recorded })
    return recorded
  })

/** Records what `beside` answers, with `more` before it in one batch, again under a new hold where the old one was lost. */
const commitEnd = (
  more: ReadonlyArray<Decider.Step<RecordRefusal>>,
  end: RunEnd | undefined,
  { actor, job, observe, requestId }: Composition,
) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    for (;;) {
      const { retake, step } = yield* job.beside(end)
      const answer = yield* Effect.result(ledger.transactAll([...more, step], { actor, requestId }))
      if (Result.isSuccess(answer)) {
        for (const fact of answer.success.flat()) yield* tell(observe, { kind: "recorded", fact })
        return
      }
      const { failure } = answer
      if (failure._tag !== "LeaseMismatch" && failure._tag !== "LeaseExpired") return yield* Effect.fail(failure)
      yield* retake
    }
  })

/**
 * Records a fact that ends an attempt, in one batch with the job's end where the run ends by it. `artifact` is what a verdict is
 * about. Fails with `JobHasEnded` where the job has ended otherwise: then nothing was recorded.
 */
export const recordEnd = (
  made: Result.Result<NewJobFact, InvalidFact>,
  attempt: AttemptNumber,
  composition: Composition,
  artifact?: TerminalArtifact,
) =>
  Effect.flatMap(Effect.fromResult(made), (fact) =>
    commitEnd([Decider.step(recording, fact)], endBy(fact, attempt, artifact), composition),
  )

/** Records a step that must not happen once the job has ended: `JobHasEnded`. */
export const recordWhileOpen = (made: Result.Result<NewJobFact, InvalidFact>, composition: Composition) =>
  Effect.flatMap(Effect.fromResult(made), (fact) => commitEnd([Decider.step(recording, fact)], undefined, composition))

/** Ends the job of a run that has ended already: a worker had claimed it, and died between the verdict and the job's end. */
export const recordJobEnd = (end: RunEnd, composition: Composition) => commitEnd([], end, composition)
