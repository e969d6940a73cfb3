/**
 * What an async command leaves running: the descriptor, the schema it is declared with, and the exit codes of the
 * commands that ask about it and end it.
 *
 * @module
 */
import type { JsonSchema } from "./JsonSchema.ts"
import type { ExitCodeMap, JobDescriptor } from "./Wire.ts"

/** Where a job stands. Only `running` can still change. */
export type JobStatus = JobDescriptor["status"]
export const job_statuses = ["running", "complete", "failed", "cancelled"] as const satisfies ReadonlyArray<JobStatus>

/** Ids of this form need no quoting on any command line. */
export const job_id_pattern = "^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$"

/** The names that every descriptor has. */
export const descriptor_fields = [
  "job_id",
  "status",
  "terminal",
  "status_command",
  "cancel_command",
  "poll_interval_ms",
  "timeout_ms",
] as const

/** The ready-made `job_descriptor_schema`, for commands that add nothing to it. */
export const job_descriptor_schema = {
  type: "object",
  required: [...descriptor_fields],
  properties: {
    job_id: { type: "string", pattern: job_id_pattern, description: "Stable, unique id of the job" },
    status: { type: "string", enum: [...job_statuses], description: "Where the job stands" },
    terminal: { type: "boolean", description: "False exactly while the job is running" },
    status_command: { type: "string", description: "The call that tells where the job stands" },
    cancel_command: { type: "string", description: "The call that ends the job" },
    poll_interval_ms: { type: "integer", minimum: 1, description: "How long to wait before asking again" },
    timeout_ms: { type: "integer", minimum: 1, description: "Age at which the job counts as failed" },
  },
} as const satisfies JsonSchema

const wanted: Readonly<Record<(typeof descriptor_fields)[number], string>> = {
  job_id: "string",
  status: "string",
  terminal: "boolean",
  status_command: "string",
  cancel_command: "string",
  poll_interval_ms: "integer",
  timeout_ms: "integer",
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * What keeps a schema from declaring job descriptors: `path: what is wrong` lines. The seven names must be required and
 * defined in place with their types; more properties and more keywords are fine, `$ref` is not followed.
 */
export const refuseDescriptorSchema = (schema: unknown): ReadonlyArray<string> => {
  if (!isRecord(schema)) return ["(root): must be a JSON Schema object"]
  const required: ReadonlyArray<unknown> = Array.isArray(schema["required"]) ? schema["required"] : []
  const properties = isRecord(schema["properties"]) ? schema["properties"] : {}
  const problems = schema["type"] === "object" ? [] : ['type: must be "object"']
  for (const name of descriptor_fields) {
    if (!required.includes(name)) problems.push(`required: must name ${name}`)
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (!isRecord(property)) problems.push(`properties.${name}: is missing; write { type: "${wanted[name]}" }`)
    else if (property["type"] !== wanted[name]) problems.push(`properties.${name}.type: must be "${wanted[name]}"`)
    else if (name === "status") {
      const listed: unknown = property["enum"]
      const exact =
        Array.isArray(listed) &&
        listed.length === job_statuses.length &&
        job_statuses.every((status) => listed.includes(status))
      if (!exact) problems.push(`properties.status.enum: must be exactly ${job_statuses.join(", ")}`)
    }
  }
  return problems
}

/** A value as `job_id`, when it may be one. */
export const isJobId = (value: unknown, pattern: string = job_id_pattern): value is string =>
  typeof value === "string" && new RegExp(pattern, "u").test(value)

/**
 * The names of a descriptor that are missing or contradict each other; empty for a descriptor. `terminal` must say what
 * `status` says.
 */
export const refuseDescriptor = (value: unknown, pattern: string = job_id_pattern): ReadonlyArray<string> => {
  if (!isRecord(value)) return [...descriptor_fields]
  const good: Readonly<Record<(typeof descriptor_fields)[number], boolean>> = {
    job_id: isJobId(value["job_id"], pattern),
    status: job_statuses.some((status) => status === value["status"]),
    terminal: value["terminal"] === (value["status"] !== "running"),
    status_command: typeof value["status_command"] === "string" && value["status_command"] !== "",
    cancel_command: typeof value["cancel_command"] === "string" && value["cancel_command"] !== "",
    poll_interval_ms: Number.isSafeInteger(value["poll_interval_ms"]) && Number(value["poll_interval_ms"]) >= 1,
    timeout_ms: Number.isSafeInteger(value["timeout_ms"]) && Number(value["timeout_ms"]) >= 1,
  }
  return descriptor_fields.filter((name) => !good[name])
}

const done = (description: string, side_effects: "none" | "complete") =>
  ({ name: "SUCCESS", description, retryable: false, side_effects }) as const
const failure = (name: string, description: string) =>
  ({ name, description, retryable: false, side_effects: "none" }) as const

const not_found = failure("NOT_FOUND", "No job has this id")
/**
 * The exit codes of `job status`. Codes 3 and 4 are about the job and not about this call: nothing was left half done,
 * no condition is missing. This command alone may give them these names, and say that 3 is worth repeating.
 */
export const job_status_exit_codes = {
  "0": done("The job is complete", "none"),
  "3": { name: "JOB_RUNNING", description: "The job is still running", retryable: true, side_effects: "none" },
  "4": failure("JOB_FAILED", "The job failed or was cancelled; data.status says which"),
  "5": not_found,
} as const satisfies ExitCodeMap

/** The exit codes of `job cancel`. */
export const job_cancel_exit_codes = {
  "0": done("The job is cancelled", "complete"),
  "3": failure("JOB_RUNNING", "The job was told to end and is winding down"),
  "5": not_found,
  "6": failure("CONFLICT", "The job had ended before"),
} as const satisfies ExitCodeMap
