/**
 * Laws, executed: each on a subject of its own, within its time, whatever the subject does.
 *
 * @module
 */
import { Cause, Clock, Effect, Exit, Fiber, Option, type Scope } from "effect"
import { DoesNotApply, type Law, shown, Violation } from "./Law.ts"
import type { Report, Verdict } from "./Report.ts"

export interface CheckOptions {
  /** How long one law may take before it counts as broken; 30 seconds by default. */
  readonly limit_ms?: number
}

/** Makes a fresh subject; what it takes is given back when the law has been checked. */
export type MakeSubject<Subject> = Effect.Effect<Subject, unknown, Scope.Scope>

const failed = (cause: Cause.Cause<unknown>): Verdict => {
  const error = Cause.squash(cause)
  if (error instanceof DoesNotApply) return { status: "not applicable", reason: error.message }
  if (error instanceof Violation)
    return { status: "fail", reason: error.message, expected: shown(error.expected), found: shown(error.found) }
  if (!(error instanceof Error)) return { status: "fail", reason: String(error) }
  const tag = "_tag" in error && typeof error._tag === "string" ? error._tag : error.name
  return { status: "fail", reason: `${tag}: ${error.message}` }
}

/** Checks one law on a fresh subject. Never fails: what goes wrong is the verdict. */
export const checkLaw = <Subject>(
  law: Law<Subject>,
  subject: MakeSubject<Subject>,
  { limit_ms = 30_000 }: CheckOptions = {},
): Effect.Effect<Verdict> =>
  Effect.gen(function* () {
    const checking = yield* Effect.forkDetach(
      Effect.scoped(
        Effect.flatMap(subject, (made): Effect.Effect<Verdict, unknown, Scope.Scope> => {
          const isNot = law.appliesTo?.(made)
          if (isNot !== undefined) return Effect.succeed({ status: "not applicable", reason: isNot })
          const needs = law.skips?.(made)
          if (needs !== undefined) return Effect.succeed({ status: "skipped", reason: needs })
          return Effect.as(law.check(made), { status: "pass" })
        }),
      ),
    )
    const done = yield* Effect.timeoutOption(Fiber.await(checking), limit_ms)
    if (Option.isNone(done)) {
      // A store that hangs may hang at its end too; nobody waits for that.
      yield* Effect.forkDetach(Fiber.interrupt(checking))
      return { status: "fail", reason: `was not done within ${limit_ms} ms` }
    }
    return Exit.isSuccess(done.value) ? done.value.value : failed(done.value.cause)
  })

/** Checks every law, one after the other. */
export const checkLaws = <Subject>(
  name: string,
  laws: ReadonlyArray<Law<Subject>>,
  subject: MakeSubject<Subject>,
  options: CheckOptions = {},
): Effect.Effect<Report> =>
  Effect.map(
    Effect.forEach(laws, (law) =>
      Effect.gen(function* () {
        const since = yield* Clock.currentTimeMillis
        const verdict = yield* checkLaw(law, subject, options)
        const { id, statement, violation } = law
        return { id, statement, violation, verdict, took_ms: (yield* Clock.currentTimeMillis) - since }
      }),
    ),
    (checked) => ({
      subject: name,
      laws: checked,
      isKept: checked.every(({ verdict }) => verdict.status !== "fail"),
    }),
  )
