/**
 * Taking jobs over HTTP (JobSpec v0 §10.3–10.5), and waiting for one.
 *
 * A worker that sends its own token may ask again when an answer was lost: the job that the token holds is the answer.
 *
 * @module
 */
import {
  type Abilities,
  claimableFrom_ms,
  heldBy,
  leaseOf,
  leaseOn,
  type QueueCommand,
  queueJobState,
  type QueueJob,
} from "@waybill/jobspec"
import { Effect } from "effect"
import type { App } from "../App.ts"
import type { FieldsOf } from "../fields.ts"
import { type Answer, type Call, jobIdIn, ok, Refused, refuse } from "../Http.ts"
import type { Described, Route } from "../Route.ts"
import {
  byJob,
  digestOf,
  fieldsIn,
  jobIn,
  lease_range,
  refusals,
  timeIn,
  wait_range,
  work,
  workerOf,
} from "./workRoute.ts"

const claiming = {
  job_types: "strings",
  has_data_plane: "boolean",
  lease: "duration",
  wait: "duration",
  claim_token: "string",
} as const
type Claiming = FieldsOf<typeof claiming>

const abilitiesIn = ({ has_data_plane, job_types }: Claiming): Abilities => ({
  ...(job_types === undefined ? {} : { job_types }),
  ...(has_data_plane === undefined ? {} : { hasDataPlane: has_data_plane }),
})

interface Token {
  readonly claim_token: string
  readonly token_sha256: string
  readonly once: boolean
}

const stopping = (): Refused =>
  new Refused({ status: 503, body: { error: "the server is stopping" }, headers: { "Retry-After": "1" } })

export const claimingRoutes = (app: App): ReadonlyArray<Route> => {
  const { feed, jobspec, lease_ms, ledger, makeToken, now_ms } = app

  /** The caller's token, which makes the claim one that may be asked again, or a new one. */
  const tokenIn = ({ claim_token: sent }: Claiming): Effect.Effect<Token, Refused> => {
    const claim_token = sent ?? makeToken()
    if (/^[0-9a-f]{64}$/u.test(claim_token))
      return Effect.succeed({ claim_token, token_sha256: digestOf(claim_token), once: sent !== undefined })
    return Effect.fail(
      refuse(400, "claim_token must be 32 random bytes as 64 lowercase hex digits, new for each claim"),
    )
  }

  const given = (claim_token: string, lease: object, job: QueueJob | undefined): Answer =>
    ok({ claim_token, ...lease, ...(job === undefined ? {} : { job: queueJobState(job, now_ms()) }) })

  /** One attempt at a claim; `undefined` where nothing waits. A lease whose worker has gone is given back. */
  const claimOnce = (call: Call, token: Token, command: (token: Omit<Token, "claim_token">) => QueueCommand) =>
    Effect.uninterruptible(
      Effect.gen(function* () {
        const { claim_token, ...terms } = token
        const { once, token_sha256 } = terms
        const lease = leaseOf(yield* ledger.transact(jobspec.queue, command(terms), workerOf(call)))
        if (lease === undefined) {
          if (!once) return undefined
          const held = yield* app.ask(({ queue }) => heldBy(queue, { token_sha256, now_ms: now_ms() }))
          return held === undefined ? undefined : given(claim_token, leaseOn(held), held)
        }
        const { job_id, lease_epoch } = lease
        // Whoever can ask again will do so; the others cannot even know what they were given.
        if (call.isGone() && !once) {
          const hold = { token_sha256, lease_epoch }
          yield* ledger.transact(jobspec.queue, { kind: "expire", job_id, hold, now_ms: now_ms() }, workerOf(call))
          return undefined
        }
        return given(claim_token, lease, yield* jobIn(app, job_id))
      }),
    )

  const nothing: Answer = { status: 204 }

  /** Tries whenever there may be something to claim, until it succeeds, the time is up, or the server stops. */
  const tryUntil = (
    abilities: Abilities,
    wait_ms: number,
    attempt: Effect.Effect<Answer | undefined, Error>,
  ): Effect.Effect<Answer | undefined, Error> =>
    Effect.gen(function* () {
      const until_ms = now_ms() + wait_ms
      for (;;) {
        const { from_ms, position } = yield* app.ask(({ queue }) => ({
          from_ms: claimableFrom_ms(queue, abilities),
          position: queue.position,
        }))
        const at_ms = now_ms()
        if (from_ms <= at_ms) {
          const answer = yield* attempt
          if (answer !== undefined) return answer
        }
        const left_ms = Math.min(until_ms, from_ms > at_ms ? from_ms : until_ms) - at_ms
        if (at_ms >= until_ms || feed.isClosed()) return undefined
        yield* feed.waitBeyond(position, Math.max(1, left_ms))
        // What is recorded may be told a moment before it is folded.
        yield* Effect.yieldNow
      }
    })

  const claimNext = (call: Call): Effect.Effect<Answer, Error> =>
    Effect.gen(function* () {
      const fields = yield* fieldsIn(call.optionalBody, claiming)
      const asked_ms = yield* timeIn(fields.lease, "lease", lease_range)
      const wait_ms = (yield* timeIn(fields.wait, "wait", wait_range)) ?? 0
      const token = yield* tokenIn(fields)
      const abilities = abilitiesIn(fields)
      const attempt = claimOnce(call, token, (terms) => ({
        kind: "claim_next",
        ...abilities,
        ...terms,
        now_ms: now_ms(),
        lease_ms: asked_ms ?? lease_ms,
      }))
      if (token.once) {
        // What the token holds does not wait for a claim, so nobody would try.
        const answer = yield* attempt
        if (answer !== undefined) return answer
      }
      return (yield* tryUntil(abilities, wait_ms, attempt)) ?? nothing
    })

  const awaitWork = (call: Call): Effect.Effect<Answer, Error> =>
    Effect.gen(function* () {
      const fields = yield* fieldsIn(call.optionalBody, claiming)
      const wait_ms = (yield* timeIn(fields.wait, "wait", wait_range)) ?? 0
      const answer = yield* tryUntil(abilitiesIn(fields), wait_ms, Effect.succeed(ok({ claimable: true })))
      if (answer !== undefined) return answer
      // Who is told that nothing came asks again at once.
      return feed.isClosed() ? yield* stopping() : nothing
    })

  const claimGiven = (call: Call): Effect.Effect<Answer, Error> =>
    Effect.gen(function* () {
      const job_id = jobIdIn(call)
      const fields = yield* fieldsIn(call.optionalBody, claiming)
      const asked_ms = (yield* timeIn(fields.lease, "lease", lease_range)) ?? lease_ms
      const token = yield* tokenIn(fields)
      const answer = yield* claimOnce(call, token, (terms) => ({
        kind: "claim",
        job_id,
        ...terms,
        now_ms: now_ms(),
        lease_ms: asked_ms,
      }))
      return answer ?? nothing
    })

  const claimed: Described = {
    description: "The job is held. The token is told here and nowhere else.",
    schema: "Claim",
  }

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
      path: "/waybill/v1/claims/wait",
      operations: work(
        "await_work",
        "Waits until there is something to claim, and claims nothing.",
        "AwaitWork",
        {
          200: { description: "A job waits for this worker, or did a moment ago.", schema: "Claimable" },
          204: { description: "Nothing came in that time." },
          503: { description: "The server is stopping; `Retry-After` says when to come back.", schema: "WorkError" },
          ...refusals,
        },
        awaitWork,
        true,
      ),
    },
    {
      path: "/waybill/v1/jobs/{id}/claim",
      operations: work(
        "claim",
        "Takes one job.",
        "ClaimGiven",
        {
          200: claimed,
          204: { description: "Its attempts are used up: it has failed." },
          ...byJob,
          409: { description: "Somebody holds it, or it has ended; `code` says which.", schema: "WorkError" },
        },
        claimGiven,
        true,
      ),
    },
  ]
}
