/**
 * What is legal in a registration and still likely a mistake. Told to the author in development, never to a caller.
 *
 * @module
 */
import { dottedPath } from "./CheckCommand.ts"
import { isRecord } from "./Report.ts"

export type DiagnosticCode =
  | "SYNC_HANDLER"
  | "ID_WITHOUT_PATTERN"
  | "VOLATILE_FIELD"
  | "TIMEOUT_NOT_RETRYABLE"
  | "DESCRIPTION_MISSING"
  | "OUTPUT_SCHEMA_MISSING"

export interface Diagnostic {
  readonly code: DiagnosticCode
  readonly command: string
  readonly message: string
}

/** Fields of a schema, at any depth, that differ on every call: their place is `meta`. */
const volatileFields = (schema: unknown, path: string): ReadonlyArray<string> => {
  if (!isRecord(schema)) return []
  const properties = isRecord(schema["properties"]) ? Object.entries(schema["properties"]) : []
  return [
    ...properties.flatMap(([name, field]) => {
      const at = path === "" ? name : `${path}.${name}`
      const timed = isRecord(field) && field["format"] === "date-time"
      return [...(timed || name.endsWith("_at") ? [at] : []), ...volatileFields(field, at)]
    }),
    ...volatileFields(schema["items"], `${path}[]`),
  ]
}

/** The diagnostics of one registration that {@link checkCommand} accepts. */
export const diagnoseCommand = (command: Readonly<Record<string, unknown>>): ReadonlyArray<Diagnostic> => {
  const found: Array<Diagnostic> = []
  const path = dottedPath(String(command["name"]))
  const tell = (code: DiagnosticCode, message: string) => found.push({ code, command: path, message })
  const { async, description, execute, exit_codes, output_schema, parameters } = command
  const kind = typeof execute === "function" ? execute.constructor.name : ""
  if (kind !== "AsyncFunction" && !Object.hasOwn(Object(execute), "returnsEffect")) {
    tell("SYNC_HANDLER", "execute is not an async function; mark one that returns an Effect with returnsEffect")
  }
  for (const [name, flag] of Object.entries(isRecord(parameters) ? parameters : {})) {
    const isId = name === "id" || name.endsWith("-id")
    if (isId && isRecord(flag) && flag["pattern"] === undefined && flag["pattern_type"] === undefined) {
      tell("ID_WITHOUT_PATTERN", `--${name} is an id without a pattern; anything is accepted`)
    }
  }
  for (const field of volatileFields(output_schema, "")) {
    tell("VOLATILE_FIELD", `data.${field} looks different on every call; two equal calls then differ`)
  }
  const timeout = isRecord(exit_codes) ? exit_codes["TIMEOUT"] : undefined
  if (isRecord(timeout) && timeout["side_effects"] === "none" && timeout["retryable"] === false) {
    tell("TIMEOUT_NOT_RETRYABLE", "TIMEOUT changes nothing and yet is not retryable")
  }
  if (description === undefined || description === "")
    tell("DESCRIPTION_MISSING", "has no description; its name stands in")
  if (output_schema === undefined && async !== true) {
    tell("OUTPUT_SCHEMA_MISSING", 'has no output_schema; { "type": "object" } stands in')
  }
  return found
}
