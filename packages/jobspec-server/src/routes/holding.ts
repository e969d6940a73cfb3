/**
 * What the holder of a job asks for: to go on holding it, to end it, to give it back (JobSpec v0 §10.7).
 *
 * @module
 */
import { type ArtifactRef, type Hold, type QueueCommand, queueJobState, type Report } from "@waybill/jobspec"
import { Effect } from "effect"
import type { App } from "../App.ts"
import { durationOf } from "../durations.ts"
import type { FieldsOf } from "../fields.ts"
import { type Answer, type Call, jobIdIn, ok, type Refused, refuse } from "../Http.ts"
import type { Operation, Route } from "../Route.ts"
import { asItIs, byJob, digestOf, fieldsIn, jobIn, lease_range, timeIn, work, workerOf } from "./workRoute.ts"

const holding = {
  claim_token: "string",
  lease_epoch: "number",
  lease: "duration",
  request_id: "string",
  artifacts: "object",
  artifact_refs: "object",
  failure: "object",
} as const
type Holding = FieldsOf<typeof holding>

const isRef = (value: unknown): value is ArtifactRef =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** What the worker made. The decider refuses what no reader would take. */
const reportOf = ({ artifact_refs = {}, artifacts = {} }: Holding): Effect.Effect<Report, Refused> => {
  const texts: Record<string, string> = {}
  for (const [name, value] of Object.entries(artifacts)) {
    if (typeof value !== "string") return Effect.fail(refuse(400, `artifacts: ${name} must be a string`))
    texts[name] = value
  }
  const refs: Record<string, ArtifactRef> = {}
  for (const [name, value] of Object.entries(artifact_refs)) {
    if (!isRef(value)) return Effect.fail(refuse(400, `artifact_refs: ${name} must be an object`))
    refs[name] = value
  }
  return Effect.succeed({
    ...(Object.keys(texts).length === 0 ? {} : { artifacts: texts }),
    ...(Object.keys(refs).length === 0 ? {} : { artifact_refs: refs }),
  })
}

const failureOf = ({ failure = {} }: Holding) => {
  const { code, message, retryable } = failure
  return {
    ...(typeof code === "string" ? { code } : {}),
    ...(typeof message === "string" ? { message } : {}),
    ...(typeof retryable === "boolean" ? { retryable } : {}),
  }
}

const byHolder: Operation["answers"] = {
  ...byJob,
  409: { description: "The hold does not count: stop the work, its result will not be taken.", schema: "WorkError" },
}

export const holdingRoutes = (app: App): ReadonlyArray<Route> => {
  const { jobspec, lease_ms, ledger, now_ms } = app

  type Command = (
    common: { job_id: string; hold: Hold; now_ms: number },
    fields: Holding,
    report: Report,
  ) => QueueCommand

  const asHolder =
    (command: Command) =>
    (call: Call): Effect.Effect<Answer, Error> =>
      Effect.gen(function* () {
        const job_id = jobIdIn(call)
        const fields = yield* fieldsIn(call.body, holding)
        yield* timeIn(fields.lease, "lease", lease_range)
        const report = yield* reportOf(fields)
        const hold = { token_sha256: digestOf(fields.claim_token ?? ""), lease_epoch: fields.lease_epoch ?? 0 }
        yield* ledger.transact(
          jobspec.queue,
          command({ job_id, hold, now_ms: now_ms() }, fields, report),
          workerOf(call),
        )
        const job = yield* jobIn(app, job_id)
        return ok(job === undefined ? {} : { job: queueJobState(job, now_ms()) })
      })

  const sent = ({ request_id }: Holding) => (request_id === undefined ? {} : { request_id })

  return [
    {
      path: "/waybill/v1/jobs/{id}/heartbeat",
      operations: work(
        "heartbeat",
        "Says that the worker is alive: the lease runs from now.",
        "Holding",
        { 200: asItIs, ...byHolder },
        asHolder((common, fields, report) => {
          const asked_ms = fields.lease === undefined ? undefined : durationOf(fields.lease)
          return { kind: "heartbeat", ...common, ...sent(fields), ...report, lease_ms: asked_ms ?? lease_ms }
        }),
      ),
    },
    {
      path: "/waybill/v1/jobs/{id}/complete",
      operations: work(
        "complete",
        "Ends the job well.",
        "Holding",
        { 200: asItIs, ...byHolder },
        asHolder((common, fields, report) => ({ kind: "complete", ...common, ...sent(fields), ...report })),
      ),
    },
    {
      path: "/waybill/v1/jobs/{id}/fail",
      operations: work(
        "fail",
        "Ends the job badly, for good.",
        "Failing",
        { 200: asItIs, ...byHolder },
        asHolder((common, fields, report) => ({
          kind: "fail",
          ...common,
          ...sent(fields),
          ...report,
          failure: failureOf(fields),
        })),
      ),
    },
    {
      path: "/waybill/v1/jobs/{id}/release",
      operations: work(
        "release",
        "Gives the job back before its lease ends, so that the next worker need not wait.",
        "Holding",
        { 200: asItIs, ...byHolder },
        asHolder((common) => ({ kind: "expire", ...common })),
      ),
    },
  ]
}
