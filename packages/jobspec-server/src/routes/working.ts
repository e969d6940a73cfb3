/**
 * What a worker asks for: to claim, to go on holding, to end (JobSpec v0 §10), and to read one job.
 *
 * @module
 */
import {
  actors,
  type ArtifactRef,
  claimableFrom_ms,
  eventDocument,
  encodeDocument,
  type Hold,
  leaseOf,
  lease_ms_max,
  mutationActor,
  type QueueCommand,
  queueJobState,
  type Report,
} from "@waybill/jobspec"
import type { JsonObject } from "@waybill/ledger"
import { Effect, Stream } from "effect"
import { createHash } from "node:crypto"
import type { App } from "../App.ts"
import { durationOf } from "../durations.ts"
import { refusedByName } from "../failures.ts"
import { readFields, type FieldsOf } from "../fields.ts"
import { type Answer, type Call, ok, Refused, refuse } from "../Http.ts"
import type { Described, Operation, Route } from "../Route.ts"
import { listed } from "./events.ts"

const wait_ms_max = 60_000

const claiming = { job_types: "strings", has_data_plane: "boolean", lease: "duration", wait: "duration" } as const
const holding = {
  claim_token: "string",
  lease_epoch: "number",
  lease: "duration",
  request_id: "string",
  artifacts: "object",
  artifact_refs: "object",
  failure: "object",
} as const

const digestOf = (token: string): string => createHash("sha256").update(token).digest("hex")

/** A time that a caller names, up to a limit; `undefined` where it names none. */
const timeIn = (
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

const lease_range = [1, lease_ms_max] as const

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

const refusals: Readonly<Record<number, Described>> = {
  400: { description: "What was sent cannot be taken.", schema: "WorkError" },
  403: { description: "The caller may not.", schema: "Error" },
  408: { description: "The body took too long.", schema: "WorkError" },
  413: { description: "The body is too large.", schema: "WorkError" },
  500: { description: "The ledger could not be written; nothing was acknowledged.", schema: "WorkError" },
}
const byHolder: Readonly<Record<number, Described>> = {
  ...refusals,
  404: { description: "There is no such job.", schema: "WorkError" },
  409: { description: "The hold does not count: stop the work, its result will not be taken.", schema: "WorkError" },
}

export const workingRoutes = (app: App): ReadonlyArray<Route> => {
  const { feed, jobspec, lease_ms, ledger, makeToken, now_ms } = app
  const callerOf = ({ caller }: Call) => ({ actor: mutationActor(actors.worker, caller.name) })
  const jobNow = (job_id: string) => app.ask(({ queue }) => queue.get(job_id))

  const fieldsIn = <const S extends Parameters<typeof readFields>[1]>(body: Call["body"], shape: S) =>
    Effect.flatMap(body, (sent: JsonObject) => {
      const fields = readFields(sent, shape)
      return fields instanceof Refused ? Effect.fail(fields) : Effect.succeed(fields)
    })

  /** One attempt at a claim; `undefined` where nothing waits. A lease whose worker has gone is given back. */
  const claimOnce = (call: Call, command: (token_sha256: string) => QueueCommand) =>
    Effect.uninterruptible(
      Effect.gen(function* () {
        const claim_token = makeToken()
        const token_sha256 = digestOf(claim_token)
        const lease = leaseOf(yield* ledger.transact(jobspec.queue, command(token_sha256), callerOf(call)))
        if (lease === undefined) return undefined
        const { job_id, lease_epoch } = lease
        if (call.isGone()) {
          const hold = { token_sha256, lease_epoch }
          yield* ledger.transact(jobspec.queue, { kind: "expire", job_id, hold, now_ms: now_ms() }, callerOf(call))
          return undefined
        }
        const job = yield* jobNow(job_id)
        return ok({ claim_token, ...lease, ...(job === undefined ? {} : { job: queueJobState(job, now_ms()) }) })
      }),
    )

  const nothing: Answer = { status: 204 }

  const claimNext = (call: Call): Effect.Effect<Answer, Error> =>
    Effect.gen(function* () {
      const fields = yield* fieldsIn(call.optionalBody, claiming)
      const asked_ms = yield* timeIn(fields.lease, "lease", lease_range)
      const wait_ms = (yield* timeIn(fields.wait, "wait", [0, wait_ms_max])) ?? 0
      const abilities = {
        ...(fields.job_types === undefined ? {} : { job_types: fields.job_types }),
        ...(fields.has_data_plane === undefined ? {} : { hasDataPlane: fields.has_data_plane }),
      }
      const until_ms = now_ms() + wait_ms
      for (;;) {
        const { from_ms, position } = yield* app.ask(({ queue }) => ({
          from_ms: claimableFrom_ms(queue, abilities),
          position: queue.position,
        }))
        const at_ms = now_ms()
        if (from_ms <= at_ms) {
          const answer = yield* claimOnce(call, (token_sha256) => ({
            kind: "claim_next",
            ...abilities,
            token_sha256,
            now_ms: now_ms(),
            lease_ms: asked_ms ?? lease_ms,
          }))
          if (answer !== undefined) return answer
        }
        const left_ms = Math.min(until_ms, from_ms > at_ms ? from_ms : until_ms) - at_ms
        if (at_ms >= until_ms || feed.isClosed()) return nothing
        yield* feed.waitBeyond(position, Math.max(1, left_ms))
        // What is recorded may be told a moment before it is folded.
        yield* Effect.yieldNow
      }
    })

  const claimGiven = (call: Call): Effect.Effect<Answer, Error> =>
    Effect.gen(function* () {
      const job_id = call.parameters["id"] ?? ""
      const fields = yield* fieldsIn(call.optionalBody, claiming)
      const asked_ms = (yield* timeIn(fields.lease, "lease", lease_range)) ?? lease_ms
      const answer = yield* claimOnce(call, (token_sha256) => ({
        kind: "claim",
        job_id,
        token_sha256,
        now_ms: now_ms(),
        lease_ms: asked_ms,
      }))
      return answer ?? nothing
    })

  type Command = (
    common: { job_id: string; hold: Hold; now_ms: number },
    fields: Holding,
    report: Report,
  ) => QueueCommand

  const asHolder =
    (command: Command) =>
    (call: Call): Effect.Effect<Answer, Error> =>
      Effect.gen(function* () {
        const job_id = call.parameters["id"] ?? ""
        const fields = yield* fieldsIn(call.body, holding)
        yield* timeIn(fields.lease, "lease", lease_range)
        const report = yield* reportOf(fields)
        const hold = { token_sha256: digestOf(fields.claim_token ?? ""), lease_epoch: fields.lease_epoch ?? 0 }
        yield* ledger.transact(
          jobspec.queue,
          command({ job_id, hold, now_ms: now_ms() }, fields, report),
          callerOf(call),
        )
        const job = yield* jobNow(job_id)
        return ok(job === undefined ? {} : { job: queueJobState(job, now_ms()) })
      })

  const sent = ({ request_id }: Holding) => (request_id === undefined ? {} : { request_id })

  const work = (
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

  const claimed: Described = {
    description: "The job is held. The token is told here and nowhere else.",
    schema: "Claim",
  }
  const held: Described = { description: "The job as it is now.", schema: "Job" }

  return [
    {
      path: "/waybill/v1/claims",
      operations: work(
        "claim_next",
        "Takes the first job that waits and that the worker can do; waits for one when asked to.",
        "ClaimNext",
        { 200: claimed, 204: { description: "Nothing waits for this worker." }, ...refusals },
        claimNext,
        true,
      ),
    },
    {
      path: "/waybill/v1/jobs/{id}/claim",
      operations: work(
        "claim",
        "Takes one job.",
        "ClaimGiven",
        { 200: claimed, 204: { description: "Its attempts are used up: it has failed." }, ...byHolder },
        claimGiven,
        true,
      ),
    },
    {
      path: "/waybill/v1/jobs/{id}/heartbeat",
      operations: work(
        "heartbeat",
        "Says that the worker is alive: the lease runs from now.",
        "Holding",
        { 200: held, ...byHolder },
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
        { 200: held, ...byHolder },
        asHolder((common, fields, report) => ({ kind: "complete", ...common, ...sent(fields), ...report })),
      ),
    },
    {
      path: "/waybill/v1/jobs/{id}/fail",
      operations: work(
        "fail",
        "Ends the job badly, for good.",
        "Failing",
        { 200: held, ...byHolder },
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
        { 200: held, ...byHolder },
        asHolder((common) => ({ kind: "expire", ...common })),
      ),
    },
    {
      path: "/waybill/v1/jobs/{id}",
      operations: {
        GET: {
          id: "job",
          summary: "One job as the queue sees it. Costs the same however many there are.",
          answers: { 200: held, 404: { description: "There is no such job.", schema: "Error" } },
          handle: ({ parameters }) =>
            Effect.gen(function* () {
              const job = yield* jobNow(parameters["id"] ?? "")
              if (job === undefined) return yield* refuse(404, "daemon queue: job not found")
              return ok({ job: queueJobState(job, now_ms()) })
            }),
        },
      },
    },
    {
      path: "/waybill/v1/jobs/{id}/facts",
      operations: {
        GET: {
          id: "job_facts",
          summary: "Everything that was recorded of one job, in order.",
          answers: {
            200: { description: "Its events; none where nobody has heard of it.", schema: "Facts" },
          },
          handle: ({ parameters }) =>
            Effect.succeed(
              listed(
                Stream.map(ledger.readStream(parameters["id"] ?? ""), (event) =>
                  encodeDocument(eventDocument(event)).trimEnd(),
                ),
                "",
              ),
            ),
        },
      },
    },
  ]
}
