/**
 * What async commands leave running: filling in a descriptor, and the commands `job status` and `job cancel`.
 *
 * @module
 */
import { type JobDescriptor, job_id_pattern, refuseDescriptor } from "@waybill/command-contract"
import { identify, isAlive, signalProcess } from "@waybill/host/process-tree"
import type { Application, CancelOutcome, JobHooks, JobState } from "./Application.ts"
import { CommandError } from "./CommandError.ts"
import type { Context } from "./Context.ts"
import { type JobEnd, type JobRecord, type JobStore, fileJobStore, jobFolder } from "./JobStore.ts"
import type { Declared } from "./Registered.ts"
import { lineAbout } from "./ShellWord.ts"

/** What a job is assumed to need when its command says nothing. */
const default_poll_interval_ms = 1_000
const default_job_timeout_ms = 3_600_000

type Env = Readonly<Record<string, string | undefined>>

/** The program's job store: its own, or files under the user's state folder. */
export const jobStoreOf = (app: Pick<Application, "name" | "job_store">, env: Env): JobStore =>
  app.job_store ?? fileJobStore(jobFolder(app.name, env))

const patternOf = (app: Application) => app.jobs?.id_pattern ?? job_id_pattern

/** Completes what a handler or a hook said about a job. Its commands name exactly its id, quoted where a shell needs that. */
export const fillDescriptor = (
  app: Application,
  partial: Readonly<Record<string, unknown>>,
): Record<string, unknown> => {
  const id = partial["job_id"]
  const status = partial["status"] ?? "running"
  const invocation = app.invocation ?? app.name
  const lineFor = (which: string) => {
    const words = [...invocation.split(" "), "job", which]
    return typeof id === "string" ? lineAbout(words, id) : words.join(" ")
  }
  const seven = {
    job_id: id,
    status,
    terminal: partial["terminal"] ?? status !== "running",
    status_command: partial["status_command"] ?? lineFor("status"),
    cancel_command: partial["cancel_command"] ?? lineFor("cancel"),
    poll_interval_ms: partial["poll_interval_ms"] ?? default_poll_interval_ms,
    timeout_ms: partial["timeout_ms"] ?? default_job_timeout_ms,
  }
  // First for their order, last for their values.
  return { ...seven, ...partial, ...seven }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * Makes the answer of an async command from what its handler returned, and remembers the job.
 *
 * @throws CommandError JOB_DESCRIPTOR_INVALID when the descriptor is not one, JOB_FAILED_AT_START when it has failed
 */
export const startJob = async (
  app: Application,
  env: Env,
  command: { readonly path: string; readonly schema: unknown; readonly usesStore: boolean },
  returned: unknown,
  now_ms: number,
): Promise<object> => {
  const given = isRecord(returned) ? returned : {}
  const properties =
    isRecord(command.schema) && isRecord(command.schema["properties"]) ? command.schema["properties"] : {}
  const { pid, ...rest } = given
  const filled = fillDescriptor(app, Object.hasOwn(properties, "pid") ? given : rest)
  const missing = refuseDescriptor(filled, patternOf(app))
  if (missing.length > 0) {
    throw new CommandError({
      exit: "GENERAL_ERROR",
      code: "JOB_DESCRIPTOR_INVALID",
      message: `The command did not answer with a job descriptor: ${missing.join(", ")}.`,
      context: { missing, ...(typeof given["job_id"] === "string" ? { job_id: given["job_id"] } : {}) },
    })
  }
  const descriptor = filled as JobDescriptor
  if (command.usesStore) {
    const identity = typeof pid === "number" ? identify(pid) : undefined
    const { job_id, status } = descriptor
    const store = jobStoreOf(app, env)
    const record = { descriptor, command: command.path, started_ms: now_ms }
    await store.start(identity === undefined ? record : { ...record, process: identity })
    if (status !== "running") await store.end(job_id, { status })
  }
  if (descriptor.status === "failed" || descriptor.status === "cancelled") {
    throw new CommandError({
      exit: "GENERAL_ERROR",
      code: "JOB_FAILED_AT_START",
      message: `The job ${descriptor.job_id} ended as ${descriptor.status} before it ran.`,
      data: descriptor,
    })
  }
  return descriptor
}

const notFound = (id: string) =>
  new CommandError({
    exit: "NOT_FOUND",
    code: "JOB_NOT_FOUND",
    message: `There is no job ${id}.`,
    suggestion: "Check the id; it is data.job_id of the answer that started the job.",
  })

/** A failed record becomes its end; what was found out by reading is written back, so that it never changes again. */
const settle = async (store: JobStore, record: JobRecord, now_ms: number): Promise<JobEnd | undefined> => {
  const { job_id, timeout_ms } = record.descriptor
  if (record.descriptor.status !== "running") return { status: record.descriptor.status }
  const age_ms = now_ms - record.started_ms
  if (age_ms > timeout_ms) {
    const message = `The job is ${age_ms} ms old; its limit is ${timeout_ms} ms.`
    return store.end(job_id, { status: "failed", error: { code: "JOB_TIMEOUT", message } })
  }
  if (record.process !== undefined && !isAlive(record.process)) {
    // It may have ended well between the first look and this one.
    const again = await store.read(job_id)
    if (again.kind === "found" && again.end !== undefined) return again.end
    const message = "The job's process is gone and left no result."
    return store.end(job_id, { status: "failed", error: { code: "JOB_LOST", message } })
  }
  return undefined
}

const lost = (app: Application, id: string, why: string): JobState => ({
  descriptor: { ...fillDescriptor(app, { job_id: id }), status: "failed", terminal: true } as JobState["descriptor"],
  error: { code: "JOB_LOST", message: `The record of job ${id} cannot be read: ${why}.` },
})

const stateOf = (record: JobRecord, end: JobEnd | undefined): JobState => ({
  descriptor: {
    ...record.descriptor,
    ...(end === undefined ? {} : { status: end.status, terminal: true }),
  } as JobState["descriptor"],
  ...(end?.result === undefined ? {} : { result: end.result }),
  ...(end?.error === undefined ? {} : { error: end.error }),
})

/** Who answers for one job: hooks of the program, hooks of its command, or the store. */
export interface JobDesk {
  readonly status: (id: string, ctx: Context, args: Readonly<Record<string, unknown>>) => Promise<JobState>
  readonly cancel: (id: string, ctx: Context, args: Readonly<Record<string, unknown>>) => Promise<CancelOutcome>
}

const cancelStored = async (store: JobStore, record: JobRecord, now_ms: number): Promise<CancelOutcome> => {
  const before = await settle(store, record, now_ms)
  const end = before ?? (await store.end(record.descriptor.job_id, { status: "cancelled" }))
  const { descriptor } = stateOf(record, end)
  if (before === undefined && end.status === "cancelled" && record.process !== undefined) {
    signalProcess(record.process, "SIGTERM")
  }
  return { descriptor, changed: before === undefined }
}

/** Finds who answers for jobs. The id reaches the store only after the pattern check of its flag. */
export const jobDesk = (app: Application, env: Env, commands: ReadonlyArray<Declared>, now: () => number): JobDesk => {
  const store = jobStoreOf(app, env)
  const hooksFor = (path: string): JobHooks =>
    commands.find(({ name }) => name.replaceAll(" ", ".") === path)?.job ?? {}
  const find = async (id: string) => {
    const reading = await store.read(id)
    if (reading.kind === "missing") throw notFound(id)
    return reading
  }
  return {
    status: async (id, ctx, args) => {
      if (app.jobs?.status !== undefined) {
        const state = await app.jobs.status(id, ctx, args)
        if (state === undefined) throw notFound(id)
        return state
      }
      const found = await find(id)
      if (found.kind === "corrupt") return lost(app, id, found.why)
      const hook = hooksFor(found.record.command).status
      const state = await hook?.(id, ctx, args)
      if (hook !== undefined && state === undefined) throw notFound(id)
      return state ?? stateOf(found.record, found.end ?? (await settle(store, found.record, now())))
    },
    cancel: async (id, ctx, args) => {
      if (app.jobs?.cancel !== undefined) {
        const outcome = await app.jobs.cancel(id, ctx, args)
        if (outcome === undefined) throw notFound(id)
        return outcome
      }
      const found = await find(id)
      if (found.kind === "corrupt") return { descriptor: lost(app, id, found.why).descriptor, changed: false }
      const hook = hooksFor(found.record.command).cancel
      const outcome = await hook?.(id, ctx, args)
      if (hook !== undefined && outcome === undefined) throw notFound(id)
      if (outcome !== undefined) return outcome
      if (found.end !== undefined) return { descriptor: stateOf(found.record, found.end).descriptor, changed: false }
      return cancelStored(store, found.record, now())
    },
  }
}

/** `job status`: 0 complete, 3 running, 4 failed or cancelled, 5 unknown. */
export const answerStatus = (app: Application, id: string, state: JobState): object => {
  const descriptor = fillDescriptor(app, { job_id: id, ...state.descriptor })
  const { status } = state.descriptor
  if (status === "complete") return state.result === undefined ? descriptor : { ...descriptor, result: state.result }
  if (status === "running") {
    throw new CommandError({
      exit: "JOB_RUNNING",
      code: "JOB_RUNNING",
      message: `The job ${id} is still running.`,
      ...state.idle,
      retry_after_ms: Number(descriptor["poll_interval_ms"]),
      data: descriptor,
    })
  }
  const cancelled = { code: "JOB_CANCELLED", message: `The job ${id} was cancelled.` }
  const { code, message } =
    status === "cancelled" ? cancelled : (state.error ?? { code: "JOB_FAILED", message: `The job ${id} failed.` })
  throw new CommandError({ exit: "JOB_FAILED", code, message, data: descriptor })
}

/** `job cancel`: 0 cancelled, 3 winding down, 5 unknown, 6 had ended. */
export const answerCancel = (app: Application, id: string, outcome: CancelOutcome): object => {
  const descriptor = fillDescriptor(app, { job_id: id, ...outcome.descriptor })
  const { status } = outcome.descriptor
  if (status === "cancelled") return { ...descriptor, effect: outcome.changed === false ? "noop" : "updated" }
  if (status === "running") {
    throw new CommandError({
      exit: "JOB_RUNNING",
      code: "JOB_RUNNING",
      message: `The job ${id} was told to end and is winding down.`,
      suggestion: `Ask again with: ${String(descriptor["status_command"])}`,
      data: descriptor,
    })
  }
  throw new CommandError({
    exit: "CONFLICT",
    code: "JOB_ALREADY_FINISHED",
    message: `The job ${id} had ended as ${status} before.`,
    data: descriptor,
  })
}
