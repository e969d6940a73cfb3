/**
 * What can only be seen with all registrations side by side: names used twice, names that the framework needs itself.
 *
 * @module
 */
import { checkCommand, command_name_pattern, dottedPath, isVersion } from "./CheckCommand.ts"
import { duration_ms_max } from "./Duration.ts"
import type { Violation } from "./FrameworkError.ts"
import { isRecord } from "./Report.ts"

/** Commands that every tool has. */
export const built_in_commands = ["manifest", "doctor", "completions"] as const

const pathsOf = (command: Readonly<Record<string, unknown>>): ReadonlyArray<string> => {
  const { aliases, name } = command
  const all: ReadonlyArray<unknown> = [name, ...(Array.isArray(aliases) ? aliases : [])]
  return all.filter((one) => typeof one === "string").map(dottedPath)
}

const checkPaths = (commands: ReadonlyArray<Readonly<Record<string, unknown>>>): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const hasAsync = commands.some((command) => command["async"] === true)
  const taken = new Map<string, string>(built_in_commands.map((name) => [name, "the framework"]))
  for (const command of commands) {
    const [own = "(unnamed)", ...aliases] = pathsOf(command)
    for (const path of [own, ...aliases]) {
      const where = path === own ? "name" : "aliases"
      const by = taken.get(path)
      if (by !== undefined) {
        const message = `${path} is taken by ${by}; choose another name`
        violations.push({ code: "DUPLICATE_COMMAND", command: own, path: where, message })
      }
      if (hasAsync && (path === "job" || path.startsWith("job."))) {
        const message = "job is the framework's own as soon as one command is async; choose another name"
        violations.push({ code: "JOB_NAME_RESERVED", command: own, path: where, message })
      }
      taken.set(path, own)
    }
  }
  return violations
}

/** A fix must be safe to run twice, so it never starts a destructive command. */
const checkFixes = (
  invocations: ReadonlyArray<string>,
  commands: ReadonlyArray<Readonly<Record<string, unknown>>>,
): ReadonlyArray<Violation> => {
  const destructive = commands.filter((command) => command["danger_level"] === "destructive").flatMap(pathsOf)
  return commands.flatMap((command) => {
    const registry = isRecord(command["error_registry"]) ? command["error_registry"] : {}
    return Object.entries(registry).flatMap(([code, defaults]): ReadonlyArray<Violation> => {
      const fix = isRecord(defaults) ? defaults["fix_command"] : undefined
      if (typeof fix !== "string") return []
      const invocation = invocations.find((prefix) => fix.startsWith(`${prefix} `))
      const called = invocation === undefined ? "" : dottedPath(fix.slice(invocation.length + 1))
      const target = destructive.find((path) => called === path || called.startsWith(`${path}.`))
      return target === undefined
        ? []
        : [
            {
              code: "FIX_COMMAND_UNSAFE",
              command: pathsOf(command)[0] ?? "(unnamed)",
              path: `error_registry.${code}.fix_command`,
              message: `starts ${target}, which is destructive; a fix must be safe to run`,
            },
          ]
    })
  })
}

/**
 * Everything that an application's registrations break, one by one and together; empty when they can be accepted.
 *
 * @param application `name`, `version`, `commands` and the limits, as given by a caller whose types were not checked
 */
export const checkApplication = (application: unknown): ReadonlyArray<Violation> => {
  const declared: Readonly<Record<string, unknown>> = isRecord(application) ? application : {}
  const violations: Array<Violation> = []
  const invalid = (path: string, message: string) =>
    violations.push({ code: "APPLICATION_INVALID", command: "", path, message })
  const { commands, invocation, name, version } = declared
  if (typeof name !== "string" || !command_name_pattern.test(name) || name.includes(" ")) {
    invalid("name", "must be one word of [a-z][a-z0-9-]*")
  }
  if (!isVersion(version)) invalid("version", "must be a version: 1.2.3")
  if (invocation !== undefined && (typeof invocation !== "string" || invocation.trim() === "")) {
    invalid("invocation", "must be how the program is called, such as npx tool")
  }
  for (const limit of ["default_timeout_ms", "default_connect_timeout_ms"]) {
    const value = declared[limit]
    if (value !== undefined && !(Number.isInteger(value) && Number(value) >= 1 && Number(value) <= duration_ms_max)) {
      const message = `must be a whole number of milliseconds from 1 to ${duration_ms_max}`
      violations.push({ code: "TIMEOUT_OUT_OF_RANGE", command: "", path: limit, message })
    }
  }
  const { isolation } = declared
  if (isolation !== undefined && isolation !== "process" && isolation !== "inline") {
    invalid("isolation", 'must be "process" or "inline"')
  }
  if (!Array.isArray(commands)) {
    invalid("commands", "must be a list of commands")
    return violations
  }
  const listed: ReadonlyArray<unknown> = commands
  const records = listed.filter(isRecord)
  const invocations = [name, invocation].filter((one) => typeof one === "string")
  return [...violations, ...listed.flatMap(checkCommand), ...checkPaths(records), ...checkFixes(invocations, records)]
}
