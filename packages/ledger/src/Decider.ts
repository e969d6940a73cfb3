/**
 * A decider: what a command makes of a state. Pure; it never sees a clock or a store.
 *
 * @module
 */
import type { Result } from "effect"
import type { Fact, RecordedFact } from "./Fact.ts"
import type { Foldable } from "./Foldable.ts"
import { foldAll } from "./foldAll.ts"
import type { Projection } from "./Projection.ts"
import type { View } from "./View.ts"

export interface Decider<E, C, R, F extends RecordedFact<string, unknown> = RecordedFact<string, unknown>> {
  readonly name: string
  readonly projection: Projection<E, F>
  /** The facts that follow from a command (none: nothing to do), or a typed refusal. */
  readonly decide: (state: View<E>, command: C) => Result.Result<ReadonlyArray<Fact<string, unknown>>, R>
  /**
   * The request id a fact is recorded under, where only the state tells it (such as the one its job was asked for under).
   * `undefined`: the caller's own. Asked after `decide`, with the state as it was before.
   */
  readonly requestId?: (state: View<E>, command: C, fact: Fact<string, unknown>) => string | undefined
}

/** Defines a decider. See `ledger.transact` for the way it is used. */
export const make = <E, C, R, F extends RecordedFact<string, unknown>>(
  decider: Decider<E, C, R, F>,
): Decider<E, C, R, F> => decider

/** What the decider answers after `history`: the whole of its behaviour, with nothing around it. */
export const decideAfter = <E, C, R, F extends RecordedFact<string, unknown>>(
  decider: Decider<E, C, R, F>,
  history: Iterable<Foldable>,
  command: C,
): Result.Result<ReadonlyArray<Fact<string, unknown>>, R> =>
  decider.decide(foldAll(decider.projection, history), command)
