/**
 * Asking a verifier that nobody trusts: whatever it does, there is an answer or a {@link VerifierError}, within its time.
 *
 * @module
 */
import { Cause, Effect } from "effect"
import { checkAnswer, type Verification, type Verifier, VerifierError, type VerifierInput } from "./Verifier.ts"

const isVerifierError = (error: unknown): error is VerifierError => error instanceof VerifierError

/** What a verifier answers, checked; a verifier that throws, interrupts itself or fails with anything else has failed. */
export const ask = (verifier: Verifier, input: VerifierInput): Effect.Effect<Verification, VerifierError> => {
  const { name } = verifier
  return Effect.suspend(() => verifier.verify(input)).pipe(
    Effect.catchCause((cause) => {
      const found: unknown = Cause.squash(cause)
      const detail = found instanceof Error ? found.message : String(found)
      return Effect.fail(isVerifierError(found) ? found : new VerifierError({ verifier: name, code: "failed", detail }))
    }),
    Effect.flatMap((answer) => Effect.fromResult(checkAnswer(name, answer))),
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
