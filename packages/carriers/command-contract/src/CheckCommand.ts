/**
 * The run-time twin of the registration types: everything a declaration breaks, listed at once.
 *
 * @module
 */
import { checkExitCodes } from "./CheckExitCodes.ts"
import { checkFlags } from "./CheckFlags.ts"
import { duration_ms_max } from "./Duration.ts"
import type { Violation } from "./FrameworkError.ts"
import { injectedFlags } from "./InjectedFlags.ts"
import { refuseDescriptorSchema } from "./JobDescriptor.ts"
import { refuseJsonSchema } from "./JsonSchema.ts"
import { type Report, isRecord, show } from "./Report.ts"

/** Words of lower-case letters, digits and dashes, joined by spaces: `job status`. */
export const command_name_pattern: RegExp = /^[a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*)*$/

/** `job status` or `job.status` → `job.status`, the key in the manifest. */
export const dottedPath = (name: string): string => name.replaceAll(" ", ".")

const version = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/
export const isVersion = (value: unknown): boolean => typeof value === "string" && version.test(value)

type Declared = Readonly<Record<string, unknown>>

const isNames = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((name) => typeof name === "string" && name.trim() !== "")

const checkAsync = (report: Report, { async, job_descriptor_schema }: Declared): void => {
  if (async !== undefined && async !== true) report("ASYNC_FLAG_INVALID", "async", "must be true, or left out")
  if (async !== true && job_descriptor_schema !== undefined) {
    report("ASYNC_FLAG_INVALID", "job_descriptor_schema", "belongs to async: true only")
  }
  if (async !== true) return
  if (job_descriptor_schema === undefined) {
    report(
      "ASYNC_SCHEMA_REQUIRED",
      "job_descriptor_schema",
      "an async command declares its descriptor; the ready-made constant is job_descriptor_schema",
    )
    return
  }
  for (const problem of [
    ...refuseDescriptorSchema(job_descriptor_schema),
    ...refuseJsonSchema(job_descriptor_schema),
  ]) {
    report("ASYNC_SCHEMA_INVALID", "job_descriptor_schema", problem)
  }
}

const checkSteps = (report: Report, steps: unknown, codes: ReadonlySet<number>): void => {
  if (steps === undefined) return
  if (!isNames(steps) || steps.length === 0 || new Set(steps).size !== steps.length) {
    report("STEPS_INVALID", "steps", "must be a list of different names, none blank, at least one")
  } else if (!codes.has(3)) {
    report("STEPS_EXIT_REQUIRED", "exit_codes", "a command with steps can stop midway; declare PARTIAL_FAILURE")
  }
}

const checkLimits = (report: Report, command: Declared): void => {
  for (const name of ["timeout_ms", "connect_timeout_ms"]) {
    const value = command[name]
    if (value === undefined) continue
    if (!Number.isInteger(value) || Number(value) < 1 || Number(value) > duration_ms_max) {
      report("TIMEOUT_OUT_OF_RANGE", name, `must be a whole number of milliseconds from 1 to ${duration_ms_max}`)
    }
  }
}

const checkRules = (report: Report, { requires }: Declared, flags: ReadonlySet<string>): void => {
  if (requires === undefined) return
  if (!Array.isArray(requires)) return report("COMMAND_FIELD_INVALID", "requires", "must be a list of rules")
  for (const [index, rule] of (requires as ReadonlyArray<unknown>).entries()) {
    const path = `requires.${index}`
    const lists = isRecord(rule) ? [rule["then_required"], rule["prohibited"]].filter((list) => list !== undefined) : []
    if (!isRecord(rule) || typeof rule["if_flag"] !== "string" || !lists.every(isNames)) {
      report("COMMAND_FIELD_INVALID", path, "needs if_flag and one of then_required, prohibited, target_flag")
      continue
    }
    const target = rule["target_flag"]
    if (lists.length + (target === undefined ? 0 : 1) !== 1) {
      report("COMMAND_FIELD_INVALID", path, "needs exactly one of then_required, prohibited, target_flag")
    }
    for (const name of [rule["if_flag"], ...lists.flat(), ...(target === undefined ? [] : [target])]) {
      if (typeof name !== "string" || !flags.has(name)) {
        report("REQUIRES_UNKNOWN_FLAG", path, `${show(name)} is not a flag of this command`)
      }
    }
  }
}

/** A fix is a call that can be run as it stands: no placeholder, no variable, no pipe. */
const unsafe = /[<>$|`;&\n]/

const checkErrors = (report: Report, { error_registry, exit_codes }: Declared): void => {
  if (error_registry === undefined) return
  if (!isRecord(error_registry)) {
    return report("COMMAND_FIELD_INVALID", "error_registry", "must be an object of error codes")
  }
  for (const [code, defaults] of Object.entries(error_registry)) {
    const path = `error_registry.${code}`
    if (!/^[A-Z][A-Z0-9_]+$/.test(code)) report("COMMAND_FIELD_INVALID", path, "codes are upper case: QUOTA_EXHAUSTED")
    if (!isRecord(defaults)) {
      report("COMMAND_FIELD_INVALID", path, "must be an object")
      continue
    }
    const { exit, fix_command } = defaults
    if (typeof exit !== "string" || !isRecord(exit_codes) || !Object.hasOwn(exit_codes, exit)) {
      report("COMMAND_FIELD_INVALID", `${path}.exit`, "must be a name of exit_codes")
    }
    if (
      fix_command !== undefined &&
      (typeof fix_command !== "string" || fix_command === "" || unsafe.test(fix_command))
    ) {
      report("FIX_COMMAND_UNSAFE", `${path}.fix_command`, "must run as it stands: no <placeholder>, $VARIABLE or pipe")
    }
  }
}

const checkBackground = (report: Report, command: Declared): void => {
  const names = ["spawns_background_process", "cleanup_command", "max_lifetime_seconds"]
  const missing = names.filter((name) => command[name] === undefined || command[name] === false)
  if (missing.length > 0 && missing.length < names.length) {
    report("BACKGROUND_METADATA_REQUIRED", missing.join(", "), `${names.join(", ")} go together`)
  }
}

const checkLists = (report: Report, declared: Declared): void => {
  const { aliases, contract_version, examples, grace_ms, list, service, stream } = declared
  const invalid = (path: string, message: string) => report("COMMAND_FIELD_INVALID", path, message)
  if (aliases !== undefined && !(isNames(aliases) && aliases.every((name) => command_name_pattern.test(name)))) {
    invalid("aliases", "must be a list of command names")
  }
  const isExample = (one: unknown) =>
    isRecord(one) && typeof one["description"] === "string" && typeof one["command"] === "string"
  if (examples !== undefined && !(Array.isArray(examples) && examples.every(isExample))) {
    invalid("examples", "must be a list of { description, command }")
  }
  if (contract_version !== undefined && !isVersion(contract_version))
    invalid("contract_version", "must be a version: 1.0.0")
  const limit = isRecord(list) ? list["default_limit"] : undefined
  if (
    list !== undefined &&
    (!isRecord(list) || (limit !== undefined && !(Number.isSafeInteger(limit) && Number(limit) >= 0)))
  ) {
    invalid("list", "must be {} or { default_limit: a whole number from 0 }")
  }
  if (service !== undefined && service !== true) invalid("service", "must be true, or left out")
  const isGrace = Number.isSafeInteger(grace_ms) && Number(grace_ms) >= 1 && Number(grace_ms) <= duration_ms_max
  if (grace_ms !== undefined && !(service === true && isGrace))
    invalid("grace_ms", `is for services: milliseconds from 1 to ${duration_ms_max}`)
  const isStream =
    isRecord(stream) &&
    (stream["format"] === "jsonl" || (stream["format"] === "raw" && typeof stream["media_type"] === "string"))
  if (stream !== undefined && !isStream) {
    invalid("stream", 'must be { format: "jsonl" } or { format: "raw", media_type }')
  }
}

/**
 * Everything that one registration breaks; empty when it can be accepted.
 *
 * @example
 * checkCommand({ name: "deploy", danger_level: "mutating", execute: async () => ({}) })
 * // [{ code: "EXIT_CODES_REQUIRED", command: "deploy", path: "exit_codes", message: "declare at least SUCCESS" }]
 */
export const checkCommand = (command: unknown): ReadonlyArray<Violation> => {
  const declared: Declared = isRecord(command) ? command : {}
  const { name } = declared
  const path = typeof name === "string" ? dottedPath(name) : "(unnamed)"
  const violations: Array<Violation> = []
  const report: Report = (code, where, message) => {
    violations.push({ code, command: path, path: where, message })
    return undefined
  }
  if (typeof name !== "string" || !command_name_pattern.test(name.replaceAll(".", " "))) {
    report("COMMAND_NAME_INVALID", "name", "must be words of [a-z][a-z0-9-]*, joined by a space")
  }
  const { danger_level, description, dry_run, execute, has_network_io, output_schema } = declared
  if (description !== undefined && typeof description !== "string") {
    report("COMMAND_FIELD_INVALID", "description", "must be one sentence")
  }
  const codes = checkExitCodes(report, declared["exit_codes"])
  const flags = checkFlags(report, declared["parameters"])
  if (has_network_io !== undefined && typeof has_network_io !== "boolean") {
    report("COMMAND_FIELD_INVALID", "has_network_io", "must be true or false")
  }
  if (has_network_io === true && !codes.has(10)) {
    report("TIMEOUT_EXIT_REQUIRED", "exit_codes", "a command with network I/O can run out of time; declare TIMEOUT")
  }
  checkAsync(report, declared)
  checkSteps(report, declared["steps"], codes)
  if (danger_level !== "safe" && danger_level !== "mutating" && danger_level !== "destructive") {
    report("DANGER_LEVEL_REQUIRED", "danger_level", 'must be "safe", "mutating" or "destructive"')
  }
  if (typeof execute !== "function") {
    report("HANDLER_REQUIRED", "execute", "must be an async function or one that returns an Effect")
  }
  for (const problem of output_schema === undefined ? [] : refuseJsonSchema(output_schema)) {
    report("OUTPUT_SCHEMA_INVALID", "output_schema", problem)
  }
  checkLimits(report, declared)
  if (danger_level === "destructive" && dry_run !== "supported" && typeof dry_run !== "function") {
    report("DRY_RUN_REQUIRED", "dry_run", 'say "supported" and read ctx.dryRun, or give a function')
  }
  const injected = injectedFlags({
    has_network_io: has_network_io === true,
    destructive: danger_level === "destructive",
    list_limit: declared["list"] === undefined ? undefined : 0,
    timeout_ms: 1,
    connect_timeout_ms: 1,
  })
  checkRules(report, declared, new Set([...flags, ...Object.keys(injected)]))
  checkErrors(report, declared)
  checkBackground(report, declared)
  checkLists(report, declared)
  return violations
}
