/**
 * Waiting for what somebody else wrote, and no longer than agreed, also where it does not let itself be interrupted.
 *
 * @module
 */
import { Effect, Exit, Fiber, Pull, Scope, Stream } from "effect"

/**
 * The answer of a run, or what is `late` when it has not come in time. A run that is late, or that nobody waits for any more, is
 * interrupted and not waited for: what is deaf goes on for nobody.
 */
export const inTime = <A, E, E2>(
  run: Effect.Effect<A, E>,
  deadline_ms: number,
  late: (deadline_ms: number) => E2,
): Effect.Effect<A, E | E2> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkDetach(run, { startImmediately: true })
      return yield* restore(
        Effect.timeoutOrElse(Fiber.join(fiber), {
          duration: deadline_ms,
          orElse: () => Effect.fail(late(deadline_ms)),
        }),
      ).pipe(Effect.ensuring(Effect.sync(() => fiber.interruptUnsafe())))
    }),
  )

/**
 * A stream each step of which has to come in time: being there, every piece, and letting go at its end. As a whole it may take as
 * long as it likes.
 */
export const streamInTime = <A, E, E2>(
  source: Stream.Stream<A, E>,
  deadline_ms: number,
  late: (deadline_ms: number) => E2,
): Stream.Stream<A, E | E2> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      // Without waiting: whoever gives up on a stream must not hang by its cleaning up.
      yield* Effect.addFinalizer((exit) => Effect.forkDetach(Scope.close(scope, exit), { startImmediately: true }))
      const pull = yield* inTime(Scope.provide(Stream.toPull(source), scope), deadline_ms, late)
      const letGo = inTime(Scope.close(scope, Exit.void), deadline_ms, late)
      const next = Effect.catchCause(inTime(pull, deadline_ms, late), (cause) =>
        Pull.isDoneCause(cause) ? Effect.andThen(letGo, Effect.failCause(cause)) : Effect.failCause(cause),
      )
      return Stream.fromPull(Effect.succeed(next))
    }),
  )
