/**
 * Asking a verifier that nobody trusts: whatever it does, there is an answer or a {@link VerifierError}, within its time.
 *
 * @module
 */
import { Cause, Data, Effect, Predicate } from "effect"
import { messageOf } from "../messageOf.ts"
import { checkAnswer, type Verification, type Verifier, VerifierError, type VerifierInput } from "./Verifier.ts"

class Thrown extends Data.TaggedError("Thrown")<{ readonly cause: unknown }> {}

const isVerifierError = (error: unknown): error is VerifierError => error instanceof VerifierError

/** What a verifier answers, checked; a verifier that throws, interrupts itself or fails with anything else has failed. */
export const ask = (verifier: Verifier, input: VerifierInput): Effect.Effect<Verification, VerifierError> => {
  const { name } = verifier
  return Effect.suspend((): Effect.Effect<Verification, unknown> => {
    const asked: unknown = verifier.verify(input)
    if (Effect.isEffect(asked)) return asked as Effect.Effect<Verification, unknown>
    if (Predicate.isPromiseLike(asked))
      return Effect.tryPromise({
        try: async () => (await asked) as Verification,
        catch: (cause) => new Thrown({ cause }),
      })
    return Effect.fail(
      new VerifierError({ verifier: name, code: "malformed", detail: "it gave back no Effect and no promise" }),
    )
  }).pipe(
    Effect.flatMap((answer) => Effect.fromResult(checkAnswer(name, answer))),
    Effect.catchCause((cause) => {
      const squashed: unknown = Cause.squash(cause)
      const found = squashed instanceof Thrown ? squashed.cause : squashed
      return Effect.fail(
        isVerifierError(found)
          ? found
          : new VerifierError({ verifier: name, code: "failed", detail: messageOf(found) }),
      )
    }),
  )
}

/** Like {@link ask}, with an end: a verifier that has not answered by then is interrupted, and `timeout` is the answer. */
export const askWithin = (
  deadline_ms: number,
  verifier: Verifier,
  input: VerifierInput,
): Effect.Effect<Verification, VerifierError> =>
  Effect.timeoutOrElse(ask(verifier, input), {
    duration: deadline_ms,
    orElse: () =>
      Effect.fail(
        new VerifierError({ verifier: verifier.name, code: "timeout", detail: `no answer in ${deadline_ms} ms` }),
      ),
  })
