/**
 * Decide and append in one step: what one decider, or several together, make of the folded state becomes one batch.
 *
 * @module
 */
import { Effect, identity, Result } from "effect"
import type { Caller, Commits, Request } from "./Commits.ts"
import { type Decider, step, type Step } from "./Decider.ts"
import { type AppendError, InvalidAppend, type StoreError } from "./Errors.ts"
import type { Fact, RecordedFact } from "./Fact.ts"
import type { RecordedEvent } from "./LedgerEvent.ts"
import type { AnyProjection } from "./LiveFolds.ts"
import { refuseAppend, refuseOrigin } from "./refusing.ts"

type AnyFact = RecordedFact<string, unknown>
type AnyNewFact = Fact<string, unknown>
type Facts = ReadonlyArray<AnyNewFact>

/** The recorded forms of some facts, one by one. */
export type Recorded<Of extends Facts> = {
  readonly [K in keyof Of]: Of[K] extends Fact<infer T, infer P> ? RecordedFact<T, P> : never
}

export type AnySteps = ReadonlyArray<Step<unknown, Facts>>
/** For each step, the recorded forms of what was decided on in it. */
export type RecordedSteps<S extends AnySteps> = {
  readonly [K in keyof S]: S[K] extends Step<unknown, infer Out> ? Recorded<Out> : never
}
export type RefusalsOf<S extends AnySteps> = S[number] extends Step<infer R, Facts> ? R : never

export interface Transacting {
  readonly transact: <E, C, R, F extends AnyFact, Out extends Facts>(
    decider: Decider<E, C, R, F, Out>,
    command: C,
    origin: Caller,
  ) => Effect.Effect<Recorded<Out>, R | AppendError>
  readonly transactAll: <const S extends AnySteps>(
    steps: S,
    origin: Caller,
  ) => Effect.Effect<RecordedSteps<S>, RefusalsOf<S> | AppendError>
}

const own_projections = "each step needs a projection of its own, since no step sees what another decides on"

/** `refuseUnknown` says why the facts of an append may not be in this ledger; `decode` is given what was recorded. */
export const makeTransacting = (
  commits: Commits,
  ensure: (projections: ReadonlyArray<AnyProjection>) => Effect.Effect<void, StoreError>,
  refuseUnknown: (facts: Facts) => InvalidAppend | undefined,
  decode: (event: RecordedEvent) => AnyFact,
): Transacting => {
  const submit = (steps: AnySteps, origin: Caller): Effect.Effect<ReadonlyArray<ReadonlyArray<AnyFact>>, unknown> => {
    /** What the last plan came to: a group whose store failed half-way is planned again. */
    let decidedOn: ReadonlyArray<Facts> = []
    const plan: Request<unknown>["plan"] = (branches) => {
      const found: Array<Facts> = []
      for (const { decide, projection } of steps) {
        const decided = decide(branches.of(projection))
        if (Result.isFailure(decided)) return decided
        found.push(decided.success)
      }
      decidedOn = found
      const facts = found.flat()
      if (facts.length === 0) return Result.succeed(facts)
      const refusal = refuseAppend(facts, origin.actor, []) ?? refuseUnknown(facts)
      return refusal === undefined ? Result.succeed(facts) : Result.fail(refusal)
    }
    const requestIdOf: Request<unknown>["requestIdOf"] = (branches, fact) => {
      const of = steps[steps.length === 1 ? 0 : decidedOn.findIndex((facts) => facts.includes(fact))]
      return of?.requestId?.(branches.of(of.projection), fact)
    }
    return Effect.map(
      commits.submit<unknown, ReadonlyArray<RecordedEvent>, unknown>({ origin, plan, requestIdOf }, identity),
      (events) => {
        let at = 0
        return decidedOn.map((facts) => events.slice(at, (at += facts.length)).map(decode))
      },
    )
  }

  const commit = (steps: AnySteps, given: Caller): Effect.Effect<ReadonlyArray<ReadonlyArray<AnyFact>>, unknown> =>
    Effect.suspend(() => {
      const noOrigin = refuseOrigin(given)
      if (noOrigin !== undefined) return Effect.fail(noOrigin)
      // A copy: what has been looked at must be what is recorded.
      const origin = { actor: given.actor, requestId: given.requestId }
      const projections = steps.map(({ projection }) => projection)
      return Effect.flatMap(ensure(projections), () =>
        new Set(projections).size < steps.length
          ? Effect.fail(new InvalidAppend({ reason: own_projections }))
          : submit(steps, origin),
      )
    })

  return {
    transact: <E, C, R, F extends AnyFact, Out extends Facts>(
      decider: Decider<E, C, R, F, Out>,
      command: C,
      origin: Caller,
    ) =>
      Effect.map(commit([step(decider, command)], origin), ([recorded]) => recorded) as Effect.Effect<
        Recorded<Out>,
        R | AppendError
      >,
    transactAll: <const S extends AnySteps>(steps: S, origin: Caller) =>
      commit(steps, origin) as Effect.Effect<RecordedSteps<S>, RefusalsOf<S> | AppendError>,
  }
}
