/**
 * The copy of a spec that came from untyped code.
 *
 * @module
 */
import { Data, Predicate } from "effect"
import type { SubmitSpec } from "./Agent.ts"

/** A spec holds what no agent can be told. Nothing is put in its place: an agent would be started without it. */
export class SpecInvalid extends Data.TaggedError("SpecInvalid")<{
  /** Where, such as `env.HOME` or `command[2]`. */
  readonly field: string
  readonly reason: string
}> {
  override get message(): string {
    return `the submit spec's ${this.field} ${this.reason}`
  }
}

const kindOf = (value: unknown): string => {
  if (value === null) return "null"
  if (Array.isArray(value)) return "a list"
  return typeof value === "undefined" ? "undefined" : `of the type ${typeof value}`
}

const leafOf = (field: string, value: unknown): unknown => {
  if (["string", "number", "boolean", "undefined"].includes(typeof value)) return value
  throw new SpecInvalid({ field, reason: `is ${kindOf(value)}: write a text, a number or a truth value` })
}

const listOf = (field: string, value: unknown): unknown =>
  Array.isArray(value)
    ? Array.from(value as ReadonlyArray<unknown>, (held, index) => leafOf(`${field}[${index}]`, held))
    : leafOf(field, value)

const recordOf = (field: string, value: unknown): unknown => {
  if (!Predicate.isObject(value)) throw new SpecInvalid({ field, reason: `is ${kindOf(value)}: write an object` })
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, leafOf(`${field}.${name}`, held)]))
}

const isPlain = (value: unknown): boolean => Object.prototype.toString.call(value) === "[object Object]"

/** What `JSON.stringify` would leave out, make `null` of or empty. A field that is `undefined` is one that is not there. */
const refuseInput = (value: unknown, isField: boolean): string | undefined => {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : String(value)
  if (typeof value === "string" || typeof value === "boolean" || value === null || Array.isArray(value))
    return undefined
  if (typeof value === "undefined") return isField ? undefined : "undefined"
  return isPlain(value) ? undefined : Predicate.isObject(value) ? "an object that is no plain one" : typeof value
}

const jsonOf = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, function (this: unknown, name: string, held: unknown) {
      const reason = refuseInput(held, name !== "" && !Array.isArray(this))
      if (reason === undefined) return held
      const field = name === "" ? "input" : `input (at ${JSON.stringify(name)})`
      throw new SpecInvalid({ field, reason: `is no JSON: it holds ${reason}` })
    }),
  )

/**
 * Reads every field of a spec once, and answers plain data that nobody else holds: from here on, looking at it runs no code of
 * the declaration. Throws {@link SpecInvalid} for what is no data, and what a field throws when it is looked at. Whether the data
 * can be started is not judged here.
 */
export const plainSpec = (spec: unknown): SubmitSpec => {
  if (!Predicate.isObject(spec))
    throw new SpecInvalid({ field: "answer", reason: `is ${kindOf(spec)}: write an object` })
  const { command, env, exitReasons, grace_ms, input, outputBytes_max, timeLimit_ms } = spec as Record<string, unknown>
  const copied: object = {
    command: listOf("command", command),
    timeLimit_ms: leafOf("timeLimit_ms", timeLimit_ms),
    ...(env === undefined ? {} : { env: recordOf("env", env) }),
    ...(exitReasons === undefined ? {} : { exitReasons: recordOf("exitReasons", exitReasons) }),
    ...(grace_ms === undefined ? {} : { grace_ms: leafOf("grace_ms", grace_ms) }),
    ...(outputBytes_max === undefined ? {} : { outputBytes_max: leafOf("outputBytes_max", outputBytes_max) }),
    ...(input === undefined ? {} : { input: jsonOf(input) }),
  }
  return copied as SubmitSpec
}
