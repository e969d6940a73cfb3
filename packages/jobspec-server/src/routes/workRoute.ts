/**
 * What the worker routes have in common: who may, how they refuse, how they read a body.
 *
 * @module
 */
import { actors, lease_ms_max, mutationActor } from "@waybill/jobspec"
import type { JsonObject } from "@waybill/ledger"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import type { App } from "../App.ts"
import { durationOf } from "../durations.ts"
import { refusedByName } from "../failures.ts"
import { readFields } from "../fields.ts"
import { type Call, Refused, refuse } from "../Http.ts"
import type { Described, Operation, Route } from "../Route.ts"

/** How long a request may wait for a job. */
export const wait_ms_max = 60_000

export const wait_range = [0, wait_ms_max] as const
export const lease_range = [1, lease_ms_max] as const

export const digestOf = (token: string): string => createHash("sha256").update(token).digest("hex")

/** A time that a caller names, up to a limit; `undefined` where it names none. */
export const timeIn = (
  said: string | number | undefined,
  name: string,
  [least_ms, most_ms]: readonly [number, number],
): Effect.Effect<number | undefined, Refused> => {
  if (said === undefined) return Effect.succeed(undefined)
  const time_ms = durationOf(said)
  if (time_ms !== undefined && time_ms >= least_ms && time_ms <= most_ms) return Effect.succeed(time_ms)
  const most = `${most_ms / 1000}s`
  return Effect.fail(refuse(400, `${name} must be a time from ${least_ms}ms to ${most}, such as "30s" or "500ms"`))
}

/** The known fields of a body; see `readFields`. */
export const fieldsIn = <const S extends Parameters<typeof readFields>[1]>(body: Call["body"], shape: S) =>
  Effect.flatMap(body, (sent: JsonObject) => {
    const fields = readFields(sent, shape)
    return fields instanceof Refused ? Effect.fail(fields) : Effect.succeed(fields)
  })

/** Who stands in the facts that a worker leads to. */
export const workerOf = ({ caller }: Call) => ({ actor: mutationActor(actors.worker, caller.name) })

export const jobIn = (app: App, job_id: string) => app.ask(({ queue }) => queue.get(job_id))

export const refusals: Readonly<Record<number, Described>> = {
  400: { description: "What was sent cannot be taken.", schema: "WorkError" },
  403: { description: "The caller may not.", schema: "Error" },
  408: { description: "The body took too long.", schema: "WorkError" },
  413: { description: "The body is too large.", schema: "WorkError" },
  500: { description: "The ledger could not be written; nothing was acknowledged.", schema: "WorkError" },
}
/** How what is asked of one job is refused. */
export const byJob: Readonly<Record<number, Described>> = {
  ...refusals,
  404: { description: "There is no such job.", schema: "WorkError" },
  409: { description: "Not in the state that the job is in; `code` says why.", schema: "WorkError" },
}

/** A route that takes the capability `work`. */
export const work = (
  id: string,
  summary: string,
  schema: string,
  answers: Operation["answers"],
  handle: Operation["handle"],
  isOptional = false,
): Route["operations"] => ({
  POST: {
    id,
    summary,
    capabilities: ["work"],
    body: { schema, isOptional },
    answers,
    handle: (call) => Effect.mapError(handle(call), refusedByName),
  },
})

/** The job as it is now. */
export const asItIs: Described = { description: "The job as it is now.", schema: "Job" }
