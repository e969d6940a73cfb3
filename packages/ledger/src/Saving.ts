/**
 * Saving folds beside the appends: what takes long of it is done while others append, and nobody waits for it.
 *
 * @module
 */
import { Effect, Fiber, Result, type Scope, type Semaphore } from "effect"
import type { StoreError } from "./Errors.ts"
import type { LiveFolds, Taken } from "./LiveFolds.ts"
import type { Store } from "./Store.ts"

export interface Saving {
  /** Begins to save what is due, unless something is being saved. What is folded must be durable. */
  readonly begin: Effect.Effect<void>
  /** Saves these. Each is tried, whatever becomes of the others; fails with the first failure. */
  readonly save: (taken: ReadonlyArray<Taken>) => Effect.Effect<void, StoreError>
}

/** At the scope's end, what is being saved is saved to its end, and so is what an appending process leaves unsaved. */
export const makeSaving = (
  store: Store,
  folds: LiveFolds,
  exclusive: Semaphore.Semaphore,
): Effect.Effect<Saving, never, Scope.Scope> =>
  Effect.gen(function* () {
    let isSaving = false
    /** Whoever saved last; for the end alone, since it may be done before it is known here. */
    let running: Fiber.Fiber<void> | undefined
    let hasAppended = false

    const saveOne = (taken: Taken): Effect.Effect<void, StoreError> =>
      Effect.gen(function* () {
        const { checkpoint, generation } = taken
        yield* store.prepareCheckpoint?.(checkpoint) ?? Effect.void
        const isSaved = yield* exclusive.withPermits(1)(
          store.commit((session) =>
            session.generation === generation
              ? Effect.as(session.saveCheckpoint(checkpoint), true)
              : Effect.succeed(false),
          ),
        )
        if (isSaved) folds.keep(taken)
      }).pipe(Effect.scoped)

    const save: Saving["save"] = (taken) =>
      Effect.gen(function* () {
        const outcomes = yield* Effect.forEach(taken, (each) => Effect.result(saveOne(each)))
        const failed = outcomes.find(Result.isFailure)
        if (failed !== undefined) return yield* failed.failure
      })

    const begin = Effect.withFiber<void>((fiber) => {
      hasAppended = true
      if (!isSaving && folds.isAnyDue) {
        isSaving = true
        const taken = folds.takeDue()
        const done = Effect.sync(() => {
          isSaving = false
        })
        // Copies of what is recorded: that one cannot be saved is no reason to refuse facts.
        running = Effect.runForkWith(fiber.context)(Effect.ensuring(Effect.ignore(save(taken)), done))
      }
      return Effect.void
    })

    yield* Effect.addFinalizer(() =>
      Effect.gen(function* () {
        if (running !== undefined) yield* Fiber.await(running)
        if (hasAppended) yield* Effect.ignore(save(folds.takeDue("at the end")))
      }),
    )
    return { begin, save }
  })
