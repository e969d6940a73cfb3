/**
 * Works on the jobs of a queue with a command, until it is told to stop.
 *
 * @module
 */
import type { Context } from "@waybill/command"
import { commandExecutor, runWorker, type WorkerEvent, type WorkQueue } from "@waybill/runtime"
import { Effect, Fiber, type Layer } from "effect"
import { join } from "node:path"
import { machine } from "../Ledgers.ts"
import { runHere } from "../Opening.ts"
import { here, ownFolder, type Place } from "../Place.ts"
import { formatTook } from "../settling/Timeline.ts"
import { commandFrom, variables } from "../Programs.ts"
import type { ServerPlace } from "../server/ServerPlace.ts"
import { localQueue, serverQueue } from "./queueLayer.ts"

export interface WorkWords {
  readonly command: ReadonlyArray<string>
  readonly type: ReadonlyArray<string>
  readonly concurrency: number
  readonly env: ReadonlyArray<string>
  readonly lease_ms: number
  readonly drain_ms: number
  /** Undefined: no limit. */
  readonly job_timeout_ms: number | undefined
}

/** What is told of an event, as one line of JSON. */
const lineOf = (event: WorkerEvent, drain_ms: number): Readonly<Record<string, unknown>> => {
  if (event.kind === "unavailable")
    return { event: event.kind, message: event.error.message, pause_ms: Math.round(event.pause_ms) }
  const { attempt, job_id, job_type, max_attempts } = event.job
  const job = { event: event.kind, job_id, job_type, attempt, max_attempts }
  if (event.kind === "failed") return { ...job, failure: event.failure }
  if (event.kind === "draining") return { ...job, drain_ms }
  return event.kind === "lost" ? { ...job, reason: event.reason } : job
}

const whyOf = (event: WorkerEvent, drain_ms: number): string | undefined => {
  if (event.kind === "draining") return `its command may go on for ${formatTook(drain_ms)}, then the job is handed back`
  if (event.kind === "failed") return event.failure.message
  return event.kind === "lost" ? event.reason : undefined
}

/** The same for a person. */
const textOf = (event: WorkerEvent, drain_ms: number): string => {
  if (event.kind === "unavailable") return `waiting: ${event.error.message}`
  const { attempt, job_id, max_attempts } = event.job
  const why = whyOf(event, drain_ms)
  return `${event.kind}: ${job_id}, attempt ${attempt} of ${max_attempts}${why === undefined ? "" : `: ${why}`}`
}

const aborted = (signal: AbortSignal): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const told = () => resume(Effect.void)
    if (signal.aborted) told()
    else signal.addEventListener("abort", told, { once: true })
  })

/** Warns of types that the server does not take: a worker waits for their jobs, and there can be none until it is told of them. */
const tellUnknown = async (types: ReadonlyArray<string>, server: ServerPlace, ctx: Context): Promise<void> => {
  const { makeClient } = await import("../server/Client.ts")
  // A server that has no such list takes what it takes.
  const known = (await makeClient(server, ctx).find("/waybill/v1/job-types"))?.["job_types"]
  if (!Array.isArray(known)) return
  for (const type of types)
    if (!known.includes(type))
      ctx.warn(
        "UNKNOWN_JOB_TYPE",
        `the server at ${server.url} takes no jobs of the type ${type}, so that none can come; start it with: waybill serve --job-type ${type}`,
      )
}

/** Works until the signal aborts; then running work may end, and the rest is handed back. */
export const work = async (
  words: WorkWords,
  place: Place,
  server: ServerPlace | undefined,
  ctx: Context,
): Promise<void> => {
  const { command, concurrency, drain_ms, env, job_timeout_ms, lease_ms, type } = words
  let told = Promise.resolve()
  const tell = (line: Readonly<Record<string, unknown>>, text: string): void => {
    if (ctx.isForPeople) ctx.log(text)
    else told = told.then(() => ctx.write(line))
  }
  const program = Effect.gen(function* () {
    const executor = yield* commandExecutor({
      command: commandFrom(command, here()),
      root: join(ownFolder(place), "work"),
      env: variables(env, ctx.env),
      ...(job_timeout_ms === undefined ? {} : { timeLimit_ms: job_timeout_ms }),
    })
    const worker = runWorker({
      executors: Object.fromEntries(type.map((name) => [name, executor])),
      slots: concurrency,
      lease_ms,
      heartbeat_ms: Math.max(1, Math.floor(lease_ms / 4)),
      drain_ms,
      observe: (event) => tell(lineOf(event, drain_ms), textOf(event, drain_ms)),
    })
    const fiber = yield* Effect.forkChild(worker)
    const queue = server?.url ?? place.root
    if (server !== undefined)
      yield* Effect.tryPromise({ try: () => tellUnknown(type, server, ctx), catch: (cause) => cause })
    tell(
      { event: "working", queue, job_types: type, concurrency, pid: process.pid },
      `working on ${type.join(", ")} of ${queue}`,
    )
    yield* Effect.raceFirst(aborted(ctx.signal), Fiber.join(fiber))
    yield* Fiber.interrupt(fiber)
    tell({ event: "stopped" }, "stopped")
    yield* Effect.promise(() => told)
  })
  const run = <E>(queue: Layer.Layer<WorkQueue, E>) =>
    runHere(program.pipe(Effect.provide(queue), Effect.provide(machine)), new AbortController().signal)
  if (server === undefined) await run(localQueue(place, type))
  else await run(await serverQueue(server, ctx))
}
