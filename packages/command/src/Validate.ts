/**
 * From what was given to what a handler gets: required flags, durations, conditional rules, defaults.
 *
 * @module
 */
import {
  type ArgumentError,
  type FlagEntry,
  type RequiresRule,
  parseDuration,
  reserved_flags,
} from "@waybill/command-contract"
import { type Given, paramOf } from "./Parse.ts"
import type { Registered } from "./Registered.ts"

/** The limits of a run in milliseconds; undefined means "no limit". */
export interface RunLimits {
  readonly timeout_ms: number | undefined
  readonly connect_timeout_ms: number | undefined
}

export interface Validated {
  /** What the handler is called with. */
  readonly args: Readonly<Record<string, unknown>>
  readonly limits: RunLimits
  readonly errors: ReadonlyArray<ArgumentError>
}

const equals = (given: unknown, wanted: unknown): boolean =>
  Array.isArray(given) ? given.includes(wanted) : given === wanted || String(given) === String(wanted)

const checkRule = (
  rule: RequiresRule,
  given: Map<string, unknown>,
  flags: Readonly<Record<string, FlagEntry>>,
): ReadonlyArray<ArgumentError> => {
  const param = (name: string) => paramOf(name, flags[name])
  const fail = (name: string, code: string, message: string): ArgumentError => ({
    param: param(name),
    field: name,
    code,
    message,
  })
  const present = given.has(rule.if_flag) && given.get(rule.if_flag) !== false
  if ("target_flag" in rule) {
    if (!present && !given.has(rule.target_flag)) given.set(rule.target_flag, rule.default)
    return []
  }
  if ("prohibited" in rule) {
    return rule.prohibited
      .filter((name) => present && given.has(name))
      .map((name) => fail(name, "FLAG_PROHIBITED", `${param(name)} does not go with ${param(rule.if_flag)}`))
  }
  if (!present || !equals(given.get(rule.if_flag), rule.if_value)) return []
  return rule.then_required
    .filter((name) => !given.has(name))
    .map((name) => {
      const why = `${param(rule.if_flag)} ${String(rule.if_value)}`
      return fail(name, "FLAG_REQUIRED", `${param(name)} is required with ${why}`)
    })
}

const readLimit = (name: string, given: Given, fallback_ms: number | undefined, errors: Array<ArgumentError>) => {
  const text = given.get(name)
  if (typeof text !== "string") return fallback_ms
  const reading = parseDuration(text)
  if (reading.ok) return reading.ms
  const message = `--${name}: ${reading.problem}`
  errors.push({ param: `--${name}`, field: name, code: "DURATION_INVALID", message, value: text })
  return fallback_ms
}

/** Judges what was given against what the command declares; every problem is in `errors`. */
export const validate = (command: Registered, parsed: Given): Validated => {
  const { flags } = command.published
  const errors: Array<ArgumentError> = []
  const given = new Map(parsed)
  for (const rule of command.requires) errors.push(...checkRule(rule, given, flags))
  for (const [name, entry] of Object.entries(flags)) {
    if (!entry.required || given.has(name)) continue
    const param = paramOf(name, entry)
    errors.push({ param, field: name, code: "FLAG_REQUIRED", message: `${param} is required: ${entry.description}` })
  }
  const loud = ["quiet", "verbose", "debug"].filter((name) => given.get(name) === true)
  if (loud.length > 1) {
    const message = `${loud.map((name) => `--${name}`).join(" and ")} exclude each other`
    errors.push({ param: `--${loud[1] ?? ""}`, field: loud[1] ?? "", code: "FLAG_PROHIBITED", message })
  }
  const limit = given.get("limit")
  if (command.list_limit !== undefined && typeof limit === "number" && limit < 0) {
    const message = "--limit: must be 0 or more; 0 means all"
    errors.push({ param: "--limit", field: "limit", code: "FLAG_TYPE", message, value: limit })
  }
  const isNetwork = command.published.has_network_io === true
  const limits: RunLimits = isNetwork
    ? {
        timeout_ms: readLimit("timeout", given, command.timeout_ms, errors),
        connect_timeout_ms: readLimit("connect-timeout", given, command.connect_timeout_ms, errors),
      }
    : { timeout_ms: command.timeout_ms, connect_timeout_ms: command.connect_timeout_ms }
  return { args: argsOf(command, given, limits, isNetwork), limits, errors }
}

const argsOf = (command: Registered, given: Given, limits: RunLimits, isNetwork: boolean) => {
  const args: Record<string, unknown> = {}
  for (const [name, entry] of Object.entries(command.published.flags)) {
    if (reserved_flags.has(name)) continue
    const empty = entry.type === "boolean" ? false : entry.type === "array" ? [] : undefined
    const value = given.get(name) ?? entry.default ?? empty
    if (value !== undefined) args[name] = value
  }
  return isNetwork ? { ...args, timeout: limits.timeout_ms, connect_timeout: limits.connect_timeout_ms } : args
}
