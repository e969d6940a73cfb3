/**
 * Several verifiers as one.
 *
 * @module
 */
import { Effect } from "effect"
import { ask } from "./ask.ts"
import { prose_length_max, type Verification, type Verifier } from "./Verifier.ts"

/** Many reasons may be too long together for a fact; the checks still say all of it. */
const joined = (texts: ReadonlyArray<string>): string => {
  const text = texts.join("; ")
  // A cut through a pair would leave half a character, which is no text.
  return text.length <= prose_length_max ? text : `${text.slice(0, prose_length_max - 2).toWellFormed()} …`
}

/**
 * Accepts when every one accepts. Each is asked in order, also after a rejection, so that a repair hears of everything at
 * once; a malfunction of any, a contradiction in its own answer included, is a malfunction of the whole. A check bears its
 * verifier's name before its own.
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
      if (reasons.length > 0) return { ok: false, checks, reason: joined(reasons) }
      const summaries = answers.flatMap(([, answer]) =>
        answer.ok && answer.summary !== undefined ? [answer.summary] : [],
      )
      return { ok: true, checks, ...(summaries.length === 0 ? {} : { summary: joined(summaries) }) }
    }),
})
