/**
 * What waits for nothing, done on the spot.
 *
 * A fiber takes about ten steps for each small effect that it runs. That is nothing beside an operation that waits for a disk or for
 * another thread, and more than the operation itself where it is a look at a name. So an operation that waits for nothing can be
 * asked for its outcome instead of being run. What is put around such an effect hides that, and it is run as any other.
 *
 * @module
 */
import { Effect, Exit } from "effect"

const outcome = Symbol("@waybill/host/atOnce")

interface Immediate<A, E, R> extends Effect.Effect<A, E, R> {
  readonly [outcome]: () => Effect.Effect<A, E, R>
}

const isImmediate = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is Immediate<A, E, R> => outcome in effect

/** An effect that does what `run` does. What `run` answers is an `Exit` where it did not have to wait, and else what is still to be run. */
export const immediate = <A, E = never, R = never>(run: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Object.assign(Effect.suspend(run), { [outcome]: run })

/**
 * Does what the effect does where that waits for nothing, and answers its `Exit`. Otherwise answers an effect that is to be run in
 * its place: so `yield* atOnce(effect)` is `yield* effect`, for less.
 */
export const atOnce = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  if (!isImmediate(effect)) return effect
  try {
    return effect[outcome]()
  } catch (defect) {
    return Exit.die(defect)
  }
}

/** Whether what {@link atOnce} answered is done, and well. */
export const hasSucceeded = <A, E, R>(
  outcome: Effect.Effect<A, E, R>,
): outcome is Effect.Effect<A, E, R> & Exit.Success<A> => Exit.isExit(outcome) && Exit.isSuccess(outcome)
