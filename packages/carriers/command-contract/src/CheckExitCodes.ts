import { codeOf, exit_codes, nameOf, rangeOf } from "./ExitCodes.ts"
import type { ViolationCode } from "./FrameworkError.ts"
import { type Report, isRecord, show } from "./Report.ts"

const table = Object.keys(exit_codes).join(", ")
const known = new Set(["description", "retryable", "side_effects", "name", "code"])

/** The number that a key and its promise stand for, or undefined after saying why there is none. */
const checkKey = (report: Report, path: string, name: string, promise: object): number | undefined => {
  const own: unknown = "code" in promise ? promise.code : undefined
  const fail = (code: ViolationCode, message: string): undefined => report(code, path, message)
  if (/^-?\d/.test(name)) return fail("EXIT_CODE_KEY_INVALID", `use the name instead of the number: ${table}`)
  if (own !== undefined && typeof own !== "number") return fail("EXIT_CODE_KEY_INVALID", "code must be a number")
  const code = codeOf(name, { code: own })
  if (code === undefined) {
    return fail(
      "EXIT_CODE_KEY_INVALID",
      `is not in the table (${table}); make your own with defineExitCode(80, "${name}", …)`,
    )
  }
  const range = rangeOf(code)
  if (range === "reserved") return fail("EXIT_CODE_KEY_INVALID", `${code} is reserved for the framework; use 79 to 125`)
  if (range === "shell") return fail("EXIT_CODE_KEY_INVALID", `${code} belongs to shells and signals; use 79 to 125`)
  if (range === "invalid") return fail("EXIT_CODE_KEY_INVALID", `${code} is not an exit code; use 79 to 125`)
  const said: unknown = "name" in promise ? promise.name : undefined
  if (range === "table" && name !== nameOf(code)) {
    return fail("EXIT_CODE_NAME_MISMATCH", `${code} is called ${nameOf(code) ?? ""}, not ${name}`)
  }
  if (range === "table" && said !== undefined && said !== nameOf(code)) {
    return fail("EXIT_CODE_NAME_MISMATCH", `${code} is called ${nameOf(code) ?? ""}, not ${show(said)}`)
  }
  if (range !== "table") {
    if (said === undefined || said === "")
      return fail("EXIT_CODE_NAME_REQUIRED", `${code} needs a name; use defineExitCode`)
    if (said !== name) return fail("EXIT_CODE_NAME_MISMATCH", `is declared as ${show(said)}; use one name for both`)
    if (!/^[A-Z][A-Z0-9_]+$/.test(name)) return fail("EXIT_CODE_NAME_REQUIRED", "names are upper case: QUOTA_EXHAUSTED")
  }
  return code
}

const checkPromise = (report: Report, path: string, code: number, promise: Readonly<Record<string, unknown>>): void => {
  const { description, retryable, side_effects } = promise
  const invalid = (message: string) => report("EXIT_CODE_ENTRY_INVALID", path, message)
  for (const name of Object.keys(promise)) {
    if (!known.has(name)) invalid(`${name} is not known; an entry has description, retryable and side_effects`)
  }
  if (typeof description !== "string" || description.length < 1 || description.length > 120) {
    invalid("description must be 1 to 120 characters")
  }
  if (typeof retryable !== "boolean") invalid("retryable must be true or false")
  if (side_effects !== "none" && side_effects !== "partial" && side_effects !== "complete") {
    invalid('side_effects must be "none", "partial" or "complete"')
    return
  }
  if (retryable === true && side_effects !== "none") {
    report(
      "RETRYABLE_WITH_SIDE_EFFECTS",
      path,
      "a call that changed something is not safe to repeat; say retryable: false",
    )
  }
  if (side_effects === "complete" && code !== 0) {
    report("COMPLETE_ON_FAILURE", path, "only SUCCESS is complete; say partial or none")
  }
  if (code === 2 && side_effects !== "none") {
    report("ARG_ERROR_HAS_EFFECTS", path, "arguments are refused before anything happens; say none")
  }
  if (code === 3 && retryable === true) {
    report("PARTIAL_IS_RETRYABLE", path, "a run that stopped midway is not repeated blindly; say retryable: false")
  }
}

/** Checks the `exit_codes` of a registration; answers the numbers that are declared. */
export const checkExitCodes = (report: Report, declared: unknown): ReadonlySet<number> => {
  const codes = new Set<number>()
  if (!isRecord(declared) || Object.keys(declared).length === 0) {
    report("EXIT_CODES_REQUIRED", "exit_codes", "declare at least SUCCESS")
    return codes
  }
  if (!Object.hasOwn(declared, "SUCCESS")) report("EXIT_CODES_NO_SUCCESS", "exit_codes", "declare SUCCESS")
  for (const [name, promise] of Object.entries(declared)) {
    const path = `exit_codes.${name}`
    if (!isRecord(promise)) {
      report("EXIT_CODE_ENTRY_INVALID", path, "must be an object with description, retryable and side_effects")
      continue
    }
    const code = checkKey(report, path, name, promise)
    if (code === undefined) continue
    if (codes.has(code)) report("EXIT_CODE_KEY_INVALID", path, `${code} is declared twice`)
    codes.add(code)
    checkPromise(report, path, code, promise)
  }
  return codes
}
