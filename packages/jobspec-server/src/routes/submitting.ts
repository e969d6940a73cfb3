/**
 * Taking jobs in: `/v1/jobs` and the consumer's trigger (JobSpec v0 §5.1, §5.4).
 *
 * @module
 */
import {
  actors,
  type ConsumerNames,
  consumer_names,
  degradedReasons,
  isReady,
  mutationActor,
  type ProjectionState,
  openclaw_names,
  projectionLag,
  projectionState,
  type Replay,
  type Staleness,
  type Submit,
  submitAnswer,
  submittedJob,
  triggerAnswer,
  unreadProjectionState,
} from "@waybill/jobspec"
import type { JsonObject, View } from "@waybill/ledger"
import { Effect } from "effect"
import { type App, replay_age_ms } from "../App.ts"
import { failpointOf, refuseBefore, refuseFailpoint } from "../failpoints.ts"
import { readFields } from "../fields.ts"
import { accepted, type Answer, type Call, Refused, refuse } from "../Http.ts"
import type { Described, Route } from "../Route.ts"

const submission = {
  request_id: "string",
  job_id: "string",
  job_type: "string",
  idempotency_key: "string",
  payload: "object",
} as const

const submitOf = (body: JsonObject, trigger?: ConsumerNames): Submit | Refused => {
  const fields = readFields(body, submission)
  if (fields instanceof Refused) return fields
  const { job_type = "", ...rest } = fields
  return { kind: "submit", job_type, ...rest, ...(trigger === undefined ? {} : { trigger }) }
}

const appended = ({ jobspec, ledger }: App, call: Call, submit: Submit, actor: string) =>
  ledger.transact(jobspec.queue, submit, { actor: mutationActor(actor, call.caller.name) })

/** Records a submission; answers what the transaction recorded. */
const record = (app: App, call: Call, submit: Submit, actor: string): ReturnType<typeof withFailpoints> =>
  app.hasFailpoints ? withFailpoints(app, call, submit, actor) : appended(app, call, submit, actor)

const withFailpoints = (app: App, call: Call, submit: Submit, actor: string) =>
  Effect.gen(function* () {
    const failpoint = failpointOf(app, call)
    if (failpoint === "before_append") yield* refuseBefore(app, app.jobspec.queue, submit)
    const facts = yield* appended(app, call, submit, actor)
    if (failpoint === "after_append_before_ack" && facts.length > 0) return yield* refuseFailpoint(failpoint)
    return facts
  })

const rebuild_failpoint = "projection rebuild failpoint after durable ledger append"
const vanished = new TypeError("the job was recorded but is not in the queue: ask again for its status")

/** Whether the state at hand has gone as far as the facts. */
const includes = (position: number, facts: ReadonlyArray<{ readonly position: number }>): boolean =>
  position >= (facts.at(-1)?.position ?? 0)

/** What is durable is acknowledged, also when it cannot be read back: its own fact says which job it is. */
const submitted = (app: App, call: Call, body: JsonObject): Effect.Effect<Answer, Error> => {
  const submit = submitOf(body)
  if (submit instanceof Refused) return Effect.fail(submit)
  return Effect.flatMap(record(app, call, submit, actors.http), (facts) => {
    const isRebuildFailing = failpointOf(app, call) === "projection_rebuild" && facts.length > 0
    const answerWith = (stateOf: (states: View<Staleness>) => ProjectionState) =>
      Effect.flatMap(
        app.askKnown(({ queue, states }) => {
          const job = includes(queue.position, facts) ? submittedJob(queue, submit, facts) : undefined
          return job === undefined ? undefined : submitAnswer(job, submit, stateOf(states), app.now_ms())
        }),
        (answer) => {
          if (answer === undefined) return Effect.die(vanished)
          if (!isRebuildFailing) return Effect.succeed(accepted(answer))
          const degraded_reasons = [...(answer.degraded_reasons ?? []), rebuild_failpoint]
          return Effect.succeed(accepted({ ...answer, projection_status: "degraded", degraded_reasons }))
        },
      )
    return Effect.matchEffect(app.replay(replay_age_ms), {
      onSuccess: (replay) => answerWith((states) => projectionState(states, replay)),
      onFailure: ({ message }) => answerWith(() => unreadProjectionState(message)),
    })
  })
}

/** Refuses while there is damage that nobody has acknowledged. What its own append would see to is none. */
const requireReady = (app: App): Effect.Effect<Replay, Error> =>
  Effect.gen(function* () {
    let replay = yield* app.replay(replay_age_ms)
    if (!isReady(replay) && (yield* Effect.orElseSucceed(app.mendTail, () => false))) replay = yield* app.replay(0)
    if (isReady(replay)) return replay
    const lag = yield* app.ask(({ states }) => projectionLag(states, replay))
    const more = { projection_lag: lag, degraded_reasons: degradedReasons(replay) }
    return yield* refuse(503, "daemon is not ready", more)
  })

const triggered = (app: App, call: Call, names: ConsumerNames): Effect.Effect<Answer, Error> =>
  Effect.gen(function* () {
    const replay = yield* requireReady(app)
    const submit = submitOf(yield* call.body, names)
    if (submit instanceof Refused) return yield* submit
    const facts = yield* record(app, call, submit, names.actor)
    const answer = yield* app.askKnown(({ queue, states }) => {
      const job = includes(queue.position, facts) ? submittedJob(queue, submit, facts) : undefined
      return job === undefined ? undefined : triggerAnswer(job, { states }, replay, app.now_ms(), names)
    })
    return answer === undefined ? yield* Effect.die(vanished) : accepted(answer)
  })

const refusals: Readonly<Record<number, Described>> = {
  400: { description: "What was asked for cannot be a job.", schema: "Error" },
  403: { description: "The caller may not.", schema: "Error" },
  408: { description: "The body took too long.", schema: "Error" },
  413: { description: "The body is too large.", schema: "Error" },
  500: { description: "The ledger could not be written; nothing was acknowledged.", schema: "Error" },
}

export const submittingRoutes = (app: App): ReadonlyArray<Route> => [
  {
    path: "/v1/jobs",
    aliases: ["/jobs"],
    authorizesFirst: true,
    operations: {
      POST: {
        id: "submit_job",
        summary:
          "Asks for a job, once: the same key or id again finds the job that is there. Durable before it is answered.",
        capabilities: ["submit_job"],
        body: { schema: "Submission" },
        answers: {
          202: { description: "The job is durable.", schema: "SubmitAnswer" },
          ...refusals,
          503: { description: "A failpoint, where they are switched on.", schema: "Error" },
        },
        handle: (call) => Effect.flatMap(call.body, (body) => submitted(app, call, body)),
      },
    },
  },
  ...[openclaw_names, consumer_names].map((names): Route => ({
    path: `${names.route}/triggers/jobs`,
    authorizesFirst: true,
    operations: {
      POST: {
        id: `${names.field}_trigger`,
        summary: "Asks for a job of a type that consumers may ask for.",
        capabilities: ["openclaw_trigger", "consumer_trigger"],
        body: { schema: "Submission", isLate: true },
        answers: {
          202: { description: "The job is durable.", schema: "TriggerAnswer" },
          ...refusals,
          503: { description: "The ledger has damage that nobody has acknowledged.", schema: "NotReady" },
        },
        handle: (call) => triggered(app, call, names),
      },
    },
  })),
]
