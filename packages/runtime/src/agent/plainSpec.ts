/**
 * The copy of a spec that came from untyped code.
 *
 * @module
 */
import { Predicate } from "effect"
import type { SubmitSpec } from "./Agent.ts"

/** A text, a number, a truth value or nothing stays; whatever else was there is `null`, which fits no field. */
const leafOf = (value: unknown): unknown =>
  ["string", "number", "boolean", "undefined"].includes(typeof value) ? value : null

const recordOf = (value: unknown): unknown =>
  Predicate.isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([name, held]) => [name, leafOf(held)]))
    : leafOf(value)

const jsonOf = (value: unknown): unknown => {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new Error("the input is no JSON")
  return JSON.parse(text)
}

/**
 * Reads every field of a spec once, and answers plain data that nobody else holds: from here on, looking at it runs no code of
 * the declaration. Throws what a field throws when it is looked at, and where the input is no JSON. Whether the data can be
 * started is not judged here.
 */
export const plainSpec = (spec: unknown): SubmitSpec => {
  if (!Predicate.isObject(spec)) return leafOf(spec) as SubmitSpec
  const { command, env, exitReasons, grace_ms, input, outputBytes_max, timeLimit_ms } = spec as Record<string, unknown>
  const copied: object = {
    command: Array.isArray(command) ? Array.from(command as ReadonlyArray<unknown>, leafOf) : leafOf(command),
    timeLimit_ms: leafOf(timeLimit_ms),
    ...(env === undefined ? {} : { env: recordOf(env) }),
    ...(exitReasons === undefined ? {} : { exitReasons: recordOf(exitReasons) }),
    ...(grace_ms === undefined ? {} : { grace_ms: leafOf(grace_ms) }),
    ...(outputBytes_max === undefined ? {} : { outputBytes_max: leafOf(outputBytes_max) }),
    ...(input === undefined ? {} : { input: jsonOf(input) }),
  }
  return copied as SubmitSpec
}
