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
export const immediate = <A, E = never, R = never>(run: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const effect = Effect.suspend(run) as { [outcome]?: typeof run } & Effect.Effect<A, E, R>
  // Set and not assigned from another object: half as long for each of the hundreds of operations of one settlement.
  effect[outcome] = run
  return effect
}

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

/** Whether what {@link atOnce} answered is done, and badly. */
const hasFailed = <A, E, R>(outcome: Effect.Effect<A, E, R>): outcome is Effect.Effect<A, E, R> & Exit.Failure<A, E> =>
  Exit.isExit(outcome) && Exit.isFailure(outcome)

/** Whether what {@link atOnce} answered is done, and well. */
export const hasSucceeded = <A, E, R>(
  outcome: Effect.Effect<A, E, R>,
): outcome is Effect.Effect<A, E, R> & Exit.Success<A> => Exit.isExit(outcome) && Exit.isSuccess(outcome)

/** The one and then what is made of its answer, on the spot as far as neither waits. */
export const andThenAtOnce = <A, E, R, B, E2, R2>(
  first: Effect.Effect<A, E, R>,
  next: (value: A) => Effect.Effect<B, E2, R2>,
): Effect.Effect<B, E | E2, R | R2> =>
  immediate((): Effect.Effect<B, E | E2, R | R2> => {
    const done = atOnce(first)
    if (hasSucceeded(done)) return atOnce(next(done.value))
    return hasFailed(done) ? Exit.failCause(done.cause) : Effect.flatMap(done, next)
  })

/** One after the other, on the spot as far as none of them waits; ends with the first that fails, or as the last does. */
export const inTurn = <E, R, A, E2, R2>(
  before: ReadonlyArray<Effect.Effect<unknown, E, R>>,
  last: Effect.Effect<A, E2, R2>,
): Effect.Effect<A, E | E2, R | R2> =>
  before.reduceRight<Effect.Effect<A, E | E2, R | R2>>((then, effect) => andThenAtOnce(effect, () => then), last)
