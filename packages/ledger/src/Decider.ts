/**
 * A decider: what a command makes of a state. Pure; it never sees a clock or a store.
 *
 * @module
 */
import { Result } from "effect"
import type { Fact, RecordedFact } from "./Fact.ts"
import type { Foldable } from "./Foldable.ts"
import { foldAll } from "./foldAll.ts"
import type { InvalidFact } from "./LedgerEvent.ts"
import { type AnyProjection, erase } from "./LiveFolds.ts"
import type { Projection } from "./Projection.ts"
import type { View } from "./View.ts"

type Facts = ReadonlyArray<Fact<string, unknown>>

/** `Out` are the facts that are decided on: `transact` answers with the recorded form of exactly these. */
export interface Decider<
  E,
  C,
  R,
  F extends RecordedFact<string, unknown> = RecordedFact<string, unknown>,
  Out extends Facts = Facts,
> {
  readonly name: string
  readonly projection: Projection<E, F>
  /** The facts that follow from a command (none: nothing to do), or a typed refusal. */
  readonly decide: (state: View<E>, command: C) => Result.Result<Out, R>
  /**
   * The request id a fact is recorded under, where only the state tells it (such as the one its job was asked for under).
   * `undefined`: the caller's own. Asked after `decide`, with the state as it was before.
   */
  readonly requestId?: (state: View<E>, command: C, fact: Fact<string, unknown>) => string | undefined
}

type OutOf<Answer> = Answer extends Result.Result<infer Out extends Facts, unknown> ? Out : never
type RefusalOf<Answer> = Answer extends Result.Result<unknown, infer R> ? R : never

/**
 * Defines a decider. What it decides on and why it refuses is read off `decide`; one that answers in several places need not
 * say so. See `ledger.transact` for the way it is used.
 *
 * @example
 * import { Data, Result, Schema } from "effect"
 * import { Decider, Projection, Vocabulary } from "@waybill/ledger"
 *
 * const Door = Vocabulary.make("door", { opened: { payload: Schema.Struct({ by: Schema.NonEmptyString }) } })
 * const Openings = Projection.make({
 *   name: "openings",
 *   version: 1,
 *   reader: Door,
 *   entity: Schema.Int,
 *   key: (fact) => fact.job_id,
 *   evolve: (times = 0) => times + 1,
 * })
 * class WornOut extends Data.TaggedError("WornOut")<{ readonly door: string }> {}
 *
 * const opening = Decider.make({
 *   name: "opening",
 *   projection: Openings,
 *   decide: (openings, { by, door }: { readonly by: string; readonly door: string }) =>
 *     (openings.get(door) ?? 0) >= 1000
 *       ? Result.fail(new WornOut({ door }))
 *       : Decider.facts(Door.facts.opened.make(door, { by })),
 * })
 */
export const make = <
  E,
  C,
  F extends RecordedFact<string, unknown>,
  Answer extends Result.Result<Facts, unknown>,
>(decider: {
  readonly name: string
  readonly projection: Projection<E, F>
  readonly decide: (state: View<E>, command: C) => Answer
  readonly requestId?: (state: View<E>, command: C, fact: Fact<string, unknown>) => string | undefined
}): Decider<E, C, RefusalOf<Answer>, F, OutOf<Answer>> =>
  // The conditional types take the answer's type apart; its value they leave as it is.
  decider as Decider<E, C, unknown, F, Facts> as Decider<E, C, RefusalOf<Answer>, F, OutOf<Answer>>

type Made = Result.Result<Fact<string, unknown>, InvalidFact>

/** The facts that some constructors have made, one by one. */
export type MadeOf<Results extends ReadonlyArray<Made>> = {
  readonly [K in keyof Results]: Results[K] extends Result.Result<infer Of, unknown> ? Of : never
}

/**
 * A decision for the facts that constructors or settlement helpers have made. A fact that cannot be made is a refusal of its
 * own, the constructor's {@link InvalidFact}; of several, the first.
 */
export const facts = <const Results extends ReadonlyArray<Made>>(
  ...results: Results
): Result.Result<MadeOf<Results>, InvalidFact> =>
  Result.map(Result.all(results as ReadonlyArray<Made>), (made) => made as Facts as MadeOf<Results>)

/** What the decider answers after `history`: the whole of its behaviour, with nothing around it. */
export const decideAfter = <E, C, R, F extends RecordedFact<string, unknown>, Out extends Facts>(
  decider: Decider<E, C, R, F, Out>,
  history: Iterable<Foldable>,
  command: C,
): Result.Result<Out, R> => decider.decide(foldAll(decider.projection, history), command)

/** A decider with the command that it is to decide on: one of several that `ledger.transactAll` takes. Made by {@link step}. */
export interface Step<R, Out extends Facts = Facts> {
  readonly projection: AnyProjection
  readonly decide: (state: View<unknown>) => Result.Result<Out, R>
  readonly requestId?: (state: View<unknown>, fact: Fact<string, unknown>) => string | undefined
}

/** A step of a `transactAll`: what `decider` makes of the command goes into one batch with what the other steps decide on. */
export const step = <E, C, R, F extends RecordedFact<string, unknown>, Out extends Facts>(
  { decide, projection, requestId }: Decider<E, C, R, F, Out>,
  command: C,
): Step<R, Out> => {
  // A ledger hands a step the view of its own projection.
  const own = (state: View<unknown>) => state as View<E>
  // A function that is written into an object's field is born old, and keeps what it sees until the collector's next full run.
  const decideHere: Step<R, Out>["decide"] = (state) => decide(own(state), command)
  const step = { projection: erase(projection), decide: decideHere }
  if (requestId === undefined) return step
  const requestIdHere: Step<R, Out>["requestId"] = (state, fact) => requestId(own(state), command, fact)
  return { ...step, requestId: requestIdHere }
}
