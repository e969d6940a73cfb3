/**
 * Several verifiers as one.
 *
 * @module
 */
import { Effect } from "effect"
import { ask } from "./ask.ts"
import { asProse, type Verification, type Verifier } from "./Verifier.ts"

/**
 * Accepts when every one accepts. Each is asked in order, also after a rejection, so that a repair hears of everything at
 * once; a malfunction of any, a contradiction in its own answer included, is a malfunction of the whole. A check bears its
 * verifier's name before its own; reasons that are too long together are cut, and the checks still say all of it.
 *
 * @example
 * allOf([jsonSchemaVerifier({ schema }), yield* commandVerifier({ command: ["./complete.sh"], cwd })])
 */
export const allOf = (verifiers: readonly [Verifier, ...ReadonlyArray<Verifier>]): Verifier => ({
  name: verifiers.map(({ name }) => name).join("+"),
  verify: (input) =>
    Effect.gen(function* () {
      const answers: Array<readonly [string, Verification]> = []
      for (const verifier of verifiers) answers.push([verifier.name, yield* ask(verifier, input)])
      const checks = answers.flatMap(([name, { checks }]) =>
        checks.map((check) => ({ ...check, name: `${name}: ${check.name}` })),
      )
      const reasons = answers.flatMap(([name, answer]) => (answer.ok ? [] : [`${name}: ${answer.reason}`]))
      if (reasons.length > 0) return { ok: false, checks, reason: asProse(reasons.join("; ")) }
      const summaries = answers.flatMap(([, answer]) =>
        answer.ok && answer.summary !== undefined ? [answer.summary] : [],
      )
      return { ok: true, checks, ...(summaries.length === 0 ? {} : { summary: asProse(summaries.join("; ")) }) }
    }),
})
