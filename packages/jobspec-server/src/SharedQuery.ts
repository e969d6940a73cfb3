/**
 * Questions about folded state, asked together: whatever is asked while one look at the ledger is under way is answered by
 * the next, so that a group of submissions that became durable together costs one look, not one each.
 *
 * @module
 */
import type { JobSpec, Views } from "@waybill/jobspec"
import type { LedgerShape, StoreError } from "@waybill/ledger"
import { type Cause, Effect, Exit, type Scope } from "effect"

/** Asks state that includes everything recorded before the call. Do not keep the views. */
export type Ask = <A>(question: (views: Views) => A) => Effect.Effect<A, StoreError>

/**
 * Asks for something that this process has been told of already, such as the job that a transaction answered with; looks at
 * the ledger only where the state at hand does not have it (`undefined`).
 */
export const askKnown =
  (ledger: LedgerShape, projections: JobSpec.JobSpec["projections"], ask: Ask): AskKnown =>
  (question) =>
    Effect.flatMap(ledger.queryKnown(projections, question), (known) =>
      known === undefined ? ask(question) : Effect.succeed(known),
    )

export type AskKnown = <A>(question: (views: Views) => A | undefined) => Effect.Effect<A | undefined, StoreError>

interface Asked {
  /** Answers its asker from the views. */
  readonly answer: (views: Views) => void
  readonly fail: (cause: Cause.Cause<StoreError>) => void
}

export const makeSharedQuery = (
  ledger: LedgerShape,
  projections: JobSpec.JobSpec["projections"],
): Effect.Effect<Ask, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const context = yield* Effect.context<never>()
    const run = Effect.runForkWith(context)
    let waiting: Array<Asked> = []
    let isLooking = false

    const look = Effect.gen(function* () {
      // Those whose facts became durable together ask one right after the other.
      yield* Effect.yieldNow
      while (waiting.length > 0) {
        const group = waiting
        waiting = []
        const exit = yield* Effect.exit(
          ledger.queryAll(projections, (views) => {
            for (const each of group) each.answer(views)
          }),
        )
        if (Exit.isFailure(exit)) for (const each of group) each.fail(exit.cause)
      }
      isLooking = false
    })

    return <A>(question: (views: Views) => A) =>
      Effect.callback<A, StoreError>((resume) => {
        const answer: Asked["answer"] = (views) => {
          // Now, while the views stand; whoever asks is resumed later.
          const answered = Effect.runSyncExit(Effect.sync(() => question(views)))
          resume(Exit.isSuccess(answered) ? Effect.succeed(answered.value) : Effect.failCause(answered.cause))
        }
        const fail: Asked["fail"] = (cause) => resume(Effect.failCause(cause))
        waiting.push({ answer, fail })
        if (isLooking) return
        isLooking = true
        run(Effect.forkIn(look, scope))
      })
  })
