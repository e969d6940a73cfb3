/**
 * The commands around the jobs of a ledger, and who answers `job status` and `job cancel`.
 *
 * @module
 */
import { command, CommandError, type Jobs, type JobState } from "@waybill/command"
import { job_descriptor_schema, job_statuses, parseDuration } from "@waybill/command-contract"
import { changed, done, ledger_errors, ledger_exits } from "../Exits.ts"
import { place_flags, placeOf, type Place } from "../Place.ts"

/** Whatever a ledger takes as a job's id, also percent-encoded: any text without control characters. */
const id_pattern = "^[^\\u0000-\\u001f\\u007f]{1,768}$"

const placeIn = (args: Readonly<Record<string, unknown>>, env: Readonly<Record<string, string | undefined>>): Place => {
  const { ledger, root } = args
  const schema = args["ledger-schema"]
  return placeOf(
    {
      root: typeof root === "string" ? root : undefined,
      ledger: typeof ledger === "string" ? ledger : undefined,
      "ledger-schema": typeof schema === "string" ? schema : undefined,
    },
    env,
  )
}

/** Jobs live in the ledger, so that asking about one needs no other record of it. */
export const jobs: Jobs = {
  parameters: place_flags,
  id_pattern,
  status: async (id, ctx, args) => {
    const { askJob } = await import("../jobs/askJob.ts")
    return askJob(id, placeIn(args, ctx.env), ctx.signal)
  },
  cancel: async (id, ctx, args) => {
    const { cancelJob } = await import("../jobs/cancelJob.ts")
    return cancelJob(id, placeIn(args, ctx.env), ctx.signal)
  },
}

const ledger_job_schema = {
  ...job_descriptor_schema,
  properties: { ...job_descriptor_schema.properties, job_id: { type: "string", pattern: id_pattern } },
} as const

const isObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

const refused = { exit: "PRECONDITION" } as const

export const submit = command({
  name: "submit",
  description: "Asks for a job in the ledger's queue; whoever works on the queue takes it from there.",
  danger_level: "mutating",
  async: true,
  job_descriptor_schema: ledger_job_schema,
  parameters: {
    type: { type: "string", required: true, value_name: "T", description: "Type of the job, such as report.build" },
    payload: { type: "string", default: "{}", value_name: "JSON", description: "What the job is about, an object" },
    key: { type: "string", value_name: "K", description: "Idempotency key; under one key there is one job" },
    "job-id": { type: "string", value_name: "ID", description: "Id of the job; one is made when left out" },
    "max-attempts": { type: "integer", value_name: "N", description: "How often it may be claimed; 3 when left out" },
    ...place_flags,
  },
  exit_codes: {
    SUCCESS: changed("The job is in the ledger"),
    CONFLICT: done("The key or the id stands for another job"),
    ...ledger_exits,
  },
  error_registry: {
    ...ledger_errors,
    INVALID_PAYLOAD: refused,
    INVALID_JOB_ID: refused,
    INVALID_JOB_TYPE: refused,
    KEY_TOO_LONG: refused,
    INVALID_KEY: refused,
    INVALID_REPORT: refused,
  },
  examples: [
    {
      description: "Ask once, however often this is called",
      command: "waybill submit --type report.build --key monday",
    },
  ],
  validate: ({ payload, type }) => [
    ...(isObject(payload) ? [] : [{ field: "payload", message: 'is no JSON object, such as {"pages":2}' }]),
    ...(/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/iu.test(type) && type.length <= 128
      ? []
      : [{ field: "type", message: "is no name of a job type: words of letters, digits, - and _ joined by dots" }]),
  ],
  execute: async ({ payload, ...args }, ctx) => {
    const { submitJob } = await import("../jobs/submitJob.ts")
    return submitJob({ ...args, payload: JSON.parse(payload) }, placeOf(args, ctx.env), ctx)
  },
})

export const list = command({
  name: "list",
  description: "Lists the jobs of a ledger, the oldest first.",
  danger_level: "safe",
  list: { default_limit: 50 },
  parameters: {
    status: { type: "enum", enum_values: [...job_statuses], description: "Only jobs that stand so" },
    ...place_flags,
  },
  exit_codes: { SUCCESS: done("The jobs are in data"), ...ledger_exits },
  error_registry: ledger_errors,
  output_schema: {
    type: "object",
    required: ["jobs"],
    properties: {
      jobs: { type: "array", items: { type: "object", required: ["job_id", "status", "type", "detail"] } },
    },
  },
  execute: async (args, ctx) => {
    const { listJobs } = await import("../jobs/listJobs.ts")
    return listJobs(args.status, placeOf(args, ctx.env), ctx)
  },
})

export const events = command({
  name: "events",
  description: "Prints the facts of a ledger, one JSON object per line.",
  danger_level: "safe",
  stream: { format: "jsonl" },
  parameters: {
    after: { type: "integer", default: 0, value_name: "POSITION", description: "Only facts behind this position" },
    job: { type: "string", value_name: "ID", description: "Only facts of this job" },
    type: { type: "string", value_name: "PREFIX", description: "Only types that begin so, such as workspace_job." },
    follow: { type: "boolean", short: "f", description: "Go on with whatever is recorded" },
    ...place_flags,
  },
  exit_codes: { SUCCESS: done("Every fact was printed"), ...ledger_exits },
  error_registry: ledger_errors,
  output_schema: {
    type: "object",
    required: ["position", "event_id", "job_id", "event_type", "occurred_at", "actor", "payload"],
  },
  validate: ({ after }) => (after >= 0 ? [] : [{ field: "after", message: "is a position, from 0" }]),
  execute: async (args, ctx) => {
    const { showEvents } = await import("../jobs/showEvents.ts")
    return showEvents(args, placeOf(args, ctx.env), ctx)
  },
})

const ended = (id: string, state: JobState): object => {
  const { descriptor, error, result } = state
  if (descriptor.status === "complete")
    return { ...descriptor, job_id: id, terminal: true, ...(result === undefined ? {} : { result }) }
  if (descriptor.status === "running")
    throw new CommandError({
      exit: "PARTIAL_FAILURE",
      code: "JOB_RUNNING",
      message: `The job ${id} is still running.`,
      suggestion: `Ask again with: ${String(descriptor.status_command)}`,
      data: { ...descriptor, terminal: false },
    })
  throw new CommandError({
    exit: "PRECONDITION",
    code: error?.code ?? "JOB_CANCELLED",
    message: error?.message ?? `The job ${id} was cancelled.`,
    data: { ...descriptor, terminal: true },
  })
}

export const wait = command({
  name: "wait",
  description: "Waits for the end of a job.",
  danger_level: "safe",
  timeout_ms: 2_147_483_647,
  parameters: {
    id: { type: "string", required: true, positional: 0, pattern: id_pattern, description: "Id of the job" },
    for: { type: "string", default: "5m", value_name: "DURATION", description: "How long at most; 0 for no limit" },
    ...place_flags,
  },
  exit_codes: {
    SUCCESS: done("The job is complete"),
    PARTIAL_FAILURE: done("The job was still running when the time was up"),
    NOT_FOUND: done("No job has this id"),
    ...ledger_exits,
    PRECONDITION: done("The job failed or was cancelled, or the ledger cannot be used as it is"),
  },
  error_registry: ledger_errors,
  output_schema: { type: "object", required: ["job_id", "status", "terminal"] },
  validate: (args) => {
    const reading = parseDuration(args.for)
    return reading.ok ? [] : [{ field: "for", message: reading.problem }]
  },
  execute: async (args, ctx) => {
    const { waitForJob } = await import("../jobs/waitForJob.ts")
    const reading = parseDuration(args.for)
    const wait_ms = reading.ok ? (reading.ms ?? Number.POSITIVE_INFINITY) : 0
    const state = await waitForJob(args.id, wait_ms, placeOf(args, ctx.env), ctx.signal)
    if (state === undefined)
      throw new CommandError({
        exit: "NOT_FOUND",
        code: "JOB_NOT_FOUND",
        message: `There is no job ${args.id}.`,
        suggestion: "List the jobs with: waybill list",
      })
    return ended(args.id, state)
  },
})
