/**
 * Calling jobs off (JobSpec v0 §5.2, §5.3).
 *
 * @module
 */
import {
  actors,
  type Cancel,
  cancelAnswer,
  mutationActor,
  projectionState,
  unreadProjectionState,
} from "@waybill/jobspec"
import { Effect } from "effect"
import { type App, replay_age_ms } from "../App.ts"
import { failpointOf, refuseBefore, refuseFailpoint } from "../failpoints.ts"
import { readFields } from "../fields.ts"
import { accepted, type Answer, type Call, jobIdIn, Refused, refuse } from "../Http.ts"
import type { Described, Route } from "../Route.ts"

const cancellation = { request_id: "string", job_id: "string", reason: "string" } as const

const cancelled = (app: App, call: Call, command: Cancel): Effect.Effect<Answer, Error> =>
  Effect.gen(function* () {
    const { jobspec, ledger } = app
    const failpoint = failpointOf(app, call)
    if (failpoint === "before_append") yield* refuseBefore(app, jobspec.queue, command)
    const facts = yield* ledger.transact(jobspec.queue, command, {
      actor: mutationActor(actors.http, call.caller.name),
    })
    if (failpoint === "after_append_before_ack" && facts.length > 0) return yield* refuseFailpoint(failpoint)
    const replay = yield* Effect.result(app.replay(replay_age_ms))
    return yield* app.ask(({ queue, states }) => {
      const job = queue.get(command.job_id)
      if (job === undefined) throw new TypeError("a job that was cancelled is in the queue")
      const state =
        replay._tag === "Success"
          ? projectionState(states, replay.success)
          : unreadProjectionState(replay.failure.message)
      return accepted(cancelAnswer(job, facts, state, app.now_ms()))
    })
  })

const fieldsOf = (body: Call["body"]) =>
  Effect.flatMap(body, (sent) => {
    const fields = readFields(sent, cancellation)
    return fields instanceof Refused ? Effect.fail(fields) : Effect.succeed(fields)
  })

const answers: Readonly<Record<number, Described>> = {
  202: { description: "The job is cancelled, or had ended.", schema: "CancelAnswer" },
  400: { description: "The cancellation cannot be read, or names no job.", schema: "Error" },
  403: { description: "The caller may not.", schema: "Error" },
  404: { description: "There is no such job.", schema: "Error" },
  408: { description: "The body took too long.", schema: "Error" },
  413: { description: "The body is too large.", schema: "Error" },
  500: { description: "The ledger could not be written; nothing was acknowledged.", schema: "Error" },
  503: { description: "A failpoint, where they are switched on.", schema: "Error" },
}

export const cancellingRoutes = (app: App): ReadonlyArray<Route> => [
  {
    path: "/v1/jobs/cancel",
    aliases: ["/jobs/cancel"],
    authorizesFirst: true,
    operations: {
      POST: {
        id: "cancel_job",
        summary: "Calls a job off, whoever holds it. A running worker learns of it at its next heartbeat.",
        capabilities: ["cancel_job"],
        body: { schema: "Cancellation" },
        answers,
        handle: (call) =>
          Effect.flatMap(fieldsOf(call.body), ({ job_id = "", ...rest }) =>
            cancelled(app, call, { kind: "cancel", job_id, ...rest }),
          ),
      },
    },
  },
  {
    path: "/v1/jobs/{id}/cancel",
    isOneSegment: true,
    operations: {
      POST: {
        id: "cancel_job_by_path",
        summary: "The same, with the id in the path. The body may be absent.",
        capabilities: ["cancel_job"],
        body: { schema: "Cancellation", isOptional: true },
        answers,
        handle: (call) =>
          Effect.gen(function* () {
            const fields = yield* fieldsOf(call.optionalBody)
            const job_id = jobIdIn(call)
            if (job_id === "") return yield* refuse(400, "job_id is required")
            const named = fields.job_id?.trim() ?? ""
            if (named !== "" && named !== job_id) return yield* refuse(400, "job_id does not match path")
            return yield* cancelled(app, call, { kind: "cancel", ...fields, job_id })
          }),
      },
    },
  },
]
