/**
 * The commands around the jobs of a ledger or a server, and who answers `job status` and `job cancel`.
 *
 * @module
 */
import { command, CommandError, type Jobs, type JobState, type Problem } from "@waybill/command"
import { job_statuses, parseDuration } from "@waybill/command-contract"
import { changed, damaged_flag, done, ledger_errors, ledger_exits, SOURCE_UNUSABLE } from "../Exits.ts"
import { id_pattern, ledger_job_schema } from "../jobs/ledgerJobSchema.ts"
import { tellNewRoot } from "../Nowhere.ts"
import { refuseJobType } from "../jobs/refuseJobType.ts"
import { job_ledger_errors, lookFor } from "../jobs/sourceUnusable.ts"
import { type Addressed, commandLine, place_flags, placeIn, placeOf, type Place } from "../Place.ts"
import { server_exits } from "../server/refusals.ts"
import { refuseServer, server_flags, serverOf, type ServerPlace } from "../server/ServerPlace.ts"

const desk_flags = { ...server_flags, ...place_flags } as const
const desk_exits = { ...ledger_exits, ...server_exits } as const
/** Both at once would leave it open which is asked. */
const one_desk = [{ if_flag: "server", prohibited: ["ledger"] }] as const

const refuseAddress = ({ server }: { readonly server?: string | undefined }): ReadonlyArray<Problem> => {
  const refused = server === undefined ? undefined : refuseServer(server)
  return refused === undefined ? [] : [{ field: "server", message: refused }]
}

const noSuchJob = (id: string, where: Addressed) =>
  new CommandError({
    exit: "NOT_FOUND",
    code: "JOB_NOT_FOUND",
    message: `There is no job ${id}.`,
    suggestion: `List the jobs with: ${commandLine(where, "list")}`,
  })

/** Asks whoever is meant; nobody's job is an error that names the next command. */
const ask = async <A>(
  id: string,
  args: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
  asking: (server: ServerPlace | undefined, place: Place) => Promise<A | undefined>,
): Promise<A> => {
  const server = serverOf(args, env)
  const place = placeIn(args, env)
  const found = await lookFor(() => asking(server, place))
  if (found === undefined) throw noSuchJob(id, server ?? place)
  return found
}

/** Jobs live in the ledger, so that asking about one needs no other record of it. */
export const jobs: Jobs = {
  parameters: desk_flags,
  id_pattern,
  has_network_io: true,
  network_agents: false,
  exit_codes: {
    PERMISSION_DENIED: server_exits.PERMISSION_DENIED,
    AUTH_REQUIRED: server_exits.AUTH_REQUIRED,
    SOURCE_UNUSABLE,
  },
  error_registry: job_ledger_errors,
  status: (id, ctx, args) =>
    ask(id, args, ctx.env, async (server, place) => {
      if (server !== undefined) return (await import("../server/serverJobs.ts")).askServer(id, server, ctx)
      const { askJob } = await import("../jobs/askJob.ts")
      return askJob(id, place, ctx.signal, ctx)
    }),
  cancel: (id, ctx, args) =>
    ask(id, args, ctx.env, async (server, place) => {
      if (server !== undefined) return (await import("../server/serverJobs.ts")).cancelOnServer(id, server, ctx)
      const { cancelJob } = await import("../jobs/cancelJob.ts")
      return cancelJob(id, place, ctx.signal)
    }),
}

const isObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** A payload that stands elsewhere is looked at when it is read. */
const isElsewhere = (payload: string): boolean => payload === "-" || payload.startsWith("@")

const refused = { exit: "PRECONDITION" } as const

export const submit = command({
  name: "submit",
  description: "Asks for a job in the queue; whoever works on the queue takes it from there.",
  danger_level: "mutating",
  async: true,
  job_descriptor_schema: ledger_job_schema,
  has_network_io: true,
  network_agents: false,
  requires: one_desk,
  parameters: {
    type: { type: "string", required: true, value_name: "T", description: "Type of the job, such as report.build" },
    payload: {
      type: "string",
      default: "{}",
      value_name: "JSON",
      description: "What the job is about, an object; @FILE reads it from a file, - from stdin",
    },
    key: { type: "string", value_name: "K", description: "Idempotency key; under one key there is one job" },
    "job-id": { type: "string", value_name: "ID", description: "Id of the job; one is made when left out" },
    "max-attempts": { type: "integer", value_name: "N", description: "How often it may be claimed; 3 when left out" },
    ...desk_flags,
  },
  exit_codes: {
    SUCCESS: changed("The job is in the ledger"),
    CONFLICT: done("The key or the id stands for another job"),
    ...desk_exits,
    TIMEOUT: { description: "No answer in time; the job may be there", retryable: false, side_effects: "partial" },
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
      description: "Ask once, however often this is called; a server must have been started with this --job-type",
      command: "waybill submit --type report.build --key monday",
    },
  ],
  validate: async ({ payload, server, type, "job-id": id }) => {
    const refusedType = refuseJobType(type)
    const isHere = !isElsewhere(payload) && isObject(payload)
    const inexact = isHere ? (await import("../jobs/exactJson.ts")).inexactIn(payload) : undefined
    // Loaded only where there is an id to look at.
    const refusedId = id === undefined ? undefined : (await import("../settling/refuseWords.ts")).refuseNewId(id)
    return [
      ...refuseAddress({ server }),
      ...(isElsewhere(payload) || isObject(payload)
        ? []
        : [{ field: "payload", message: 'is no JSON object, such as {"pages":2}' }]),
      ...(refusedType === undefined ? [] : [{ field: "type", message: refusedType }]),
      ...(inexact === undefined ? [] : [{ field: "payload", message: `--payload: ${inexact}` }]),
      ...(refusedId === undefined ? [] : [{ field: "job-id", message: `${JSON.stringify(id)} ${refusedId}` }]),
    ]
  },
  execute: async ({ payload, ...args }, ctx) => {
    const { readPayload } = await import("../jobs/readPayload.ts")
    const source = { signal: ctx.signal, stdin: () => process.stdin }
    const words = { ...args, payload: await readPayload(payload, source) }
    const server = serverOf(args, ctx.env)
    if (server !== undefined) return (await import("../server/serverJobs.ts")).submitToServer(words, server, ctx)
    const { submitJob } = await import("../jobs/submitJob.ts")
    const place = placeOf(args, ctx.env)
    tellNewRoot(args, place, ctx)
    return submitJob(words, place, ctx)
  },
})

export const list = command({
  name: "list",
  description: "Lists the jobs of a ledger or a server, the oldest first.",
  danger_level: "safe",
  list: { default_limit: 50 },
  has_network_io: true,
  network_agents: false,
  requires: one_desk,
  parameters: {
    status: { type: "enum", enum_values: [...job_statuses], description: "Only jobs that stand so" },
    ...desk_flags,
  },
  exit_codes: { SUCCESS: done("The jobs are in data"), ...desk_exits },
  error_registry: ledger_errors,
  output_schema: {
    type: "object",
    required: ["jobs"],
    properties: {
      jobs: { type: "array", items: { type: "object", required: ["job_id", "status", "type", "detail"] } },
    },
  },
  validate: refuseAddress,
  execute: async (args, ctx) => {
    const server = serverOf(args, ctx.env)
    if (server !== undefined) return (await import("../server/serverJobs.ts")).listOnServer(args.status, server, ctx)
    const { listJobs } = await import("../jobs/listJobs.ts")
    return listJobs(args.status, placeOf(args, ctx.env), ctx)
  },
})

/** What ends by itself has the limit of every other command; only what is followed goes on. */
const unfollowed_limit = "5m"

export const events = command({
  name: "events",
  description: "Prints the facts of a ledger or a server, one JSON object per line.",
  danger_level: "safe",
  stream: { format: "jsonl" },
  has_network_io: true,
  network_agents: false,
  requires: [...one_desk, { if_flag: "follow", target_flag: "timeout", default: unfollowed_limit }],
  parameters: {
    after: { type: "integer", default: 0, value_name: "POSITION", description: "Only facts behind this position" },
    job: { type: "string", value_name: "ID", description: "Only facts of this job" },
    type: { type: "string", value_name: "PREFIX", description: "Only types that begin so, such as workspace_job." },
    follow: {
      type: "boolean",
      short: "f",
      description: `Go on with whatever is recorded; without it --timeout is ${unfollowed_limit}`,
    },
    damaged: damaged_flag,
    ...desk_flags,
  },
  exit_codes: { SUCCESS: done("Every fact was printed"), ...desk_exits },
  error_registry: ledger_errors,
  output_schema: {
    type: "object",
    description: "position is left out where a server does not tell it",
    required: ["event_id", "job_id", "event_type", "occurred_at", "actor"],
  },
  validate: ({ after, server }) => [
    ...refuseAddress({ server }),
    ...(after >= 0 ? [] : [{ field: "after", message: `${after} is no position; 0 is before the first one` }]),
  ],
  execute: async (args, ctx) => {
    const server = serverOf(args, ctx.env)
    if (server !== undefined) return (await import("../server/serverEvents.ts")).showServerEvents(args, server, ctx)
    const { showEvents } = await import("../jobs/showEvents.ts")
    return showEvents({ ...args, damaged: args.damaged === "skip" ? "skip" : "refuse" }, placeOf(args, ctx.env), ctx)
  },
})

const ended = ({ descriptor, error, idle, result }: JobState): object => {
  const id = String(descriptor.job_id)
  if (descriptor.status === "complete")
    return { ...descriptor, terminal: true, ...(result === undefined ? {} : { result }) }
  if (descriptor.status === "running")
    throw new CommandError({
      exit: "PARTIAL_FAILURE",
      code: "JOB_RUNNING",
      message: `The job ${id} is still running.`,
      suggestion: `Ask again with: ${String(descriptor.status_command)}`,
      ...idle,
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
  has_network_io: true,
  network_agents: false,
  requires: one_desk,
  parameters: {
    id: { type: "string", required: true, positional: 0, pattern: id_pattern, description: "Id of the job" },
    for: { type: "string", default: "5m", value_name: "DURATION", description: "How long at most; 0 for no limit" },
    ...desk_flags,
  },
  exit_codes: {
    SUCCESS: done("The job is complete"),
    PARTIAL_FAILURE: done("The job was still running when the time was up"),
    NOT_FOUND: done("No job has this id"),
    ...desk_exits,
    PRECONDITION: done("The job failed or was cancelled; data.status says which"),
    SOURCE_UNUSABLE,
  },
  error_registry: job_ledger_errors,
  output_schema: { type: "object", required: ["job_id", "status", "terminal"] },
  validate: (args) => {
    const reading = parseDuration(args.for)
    return [...refuseAddress(args), ...(reading.ok ? [] : [{ field: "for", message: reading.problem }])]
  },
  execute: async (args, ctx) => {
    const reading = parseDuration(args.for)
    const wait_ms = reading.ok ? (reading.ms ?? Number.POSITIVE_INFINITY) : 0
    const state = await ask(args.id, args, ctx.env, async (server, place) => {
      if (server !== undefined) {
        const { waitOnServer } = await import("../server/waitOnServer.ts")
        return waitOnServer(args.id, wait_ms, server, ctx)
      }
      const { waitForJob } = await import("../jobs/waitForJob.ts")
      return waitForJob(args.id, wait_ms, place, ctx)
    })
    return ended(state)
  },
})
