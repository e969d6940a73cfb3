/**
 * The queue of a server, over its worker routes: the same promises as of a ledger at hand, for workers on any machine.
 *
 * Every call may be repeated after a lost answer. A claim is asked again with its token, and is answered with the job that the
 * token holds; a job is completed, failed and given back once, however often that is asked.
 *
 * @module
 */
import { Entropy, refuseDuration, type Requests } from "@waybill/host"
import { type Abilities, jobIdSegment } from "@waybill/jobspec"
import { Cause, Clock, Effect, Layer, Option } from "effect"
import { InvalidDeclaration } from "../pipeline/Errors.ts"
import { claimedIn } from "./claimAnswer.ts"
import { body_bytes_max, type Document, makeServerCalls, type ServerOptions } from "./ServerCalls.ts"
import { type ServerError, UnexpectedAnswer } from "./ServerErrors.ts"
import { makeUnansweredClaims } from "./unansweredClaims.ts"
import {
  type ClaimedJob,
  type Held,
  type HoldError,
  LeaseLost,
  NotClaimable,
  QueueUnavailable,
  type ReportError,
  ReportRefused,
  WorkQueue,
  type WorkQueueShape,
} from "./WorkQueue.ts"

export interface ServerQueueOptions extends ServerOptions {
  /** How long one request waits for work before it is sent anew; 30 s by default, 60 s at most. */
  readonly wait_ms?: number
}

const claims_path = "/waybill/v1/claims"
const pathOf = (job_id: string, verb: string): string => `/waybill/v1/jobs/${jobIdSegment(job_id)}/${verb}`

const wait_ms_default = 30_000
const wait_ms_max = 60_000
const token_bytes = 32
/** A server that says at once that nothing came, though it was asked to wait, is asked again after this long. */
const hasty_pause_ms = 1_000

const lost_reasons: Readonly<Record<string, LeaseLost["reason"]>> = {
  NoClaimableJobs: "ended",
  LeaseMismatch: "taken",
  LeaseExpired: "expired",
}
const not_claimable: Readonly<Record<string, NotClaimable["reason"]>> = {
  JobNotFound: "missing",
  NoClaimableJobs: "ended",
  AlreadyClaimed: "held",
}

const textOf = (time_ms: number): string => `${Math.max(1, Math.round(time_ms))}ms`

const keyOf = (path: string, body: object): string => JSON.stringify([path, body])

const abilitiesOf = ({ hasDataPlane, job_types }: Abilities): object => ({
  ...(job_types === undefined ? {} : { job_types }),
  ...(hasDataPlane === undefined ? {} : { has_data_plane: hasDataPlane }),
})

const unavailableAt =
  (where: string) =>
  (cause: ServerError): QueueUnavailable =>
    new QueueUnavailable({
      where,
      cause,
      ...(cause._tag === "ServerBusy" && cause.retryAfter_ms !== undefined
        ? { retryAfter_ms: cause.retryAfter_ms }
        : {}),
    })

/** Whether it is certain that a claim which ended so has given no hold. */
const isAnswered = (cause: Cause.Cause<ServerError | QueueUnavailable>): boolean => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  switch (error?._tag) {
    case "NotAuthorized":
    case "NoWorkerRoutes":
      return true
    case "ServerRefused":
      return error.status < 500
    case "ServerUnreachable":
      return error.code === "ECONNREFUSED"
    default:
      return false
  }
}

/**
 * The queue of the server at a URL. Asks nothing before it is used; see `checkServer`.
 *
 * `QueueUnavailable` has one of `ServerError` as its cause. Fails with `InvalidDeclaration` for options that cannot work.
 */
export const makeServerQueue = ({
  wait_ms = wait_ms_default,
  ...options
}: ServerQueueOptions): Effect.Effect<WorkQueueShape, InvalidDeclaration, Requests | Entropy> =>
  Effect.gen(function* () {
    const entropy = yield* Entropy
    const refused =
      refuseDuration(wait_ms) ??
      (wait_ms > wait_ms_max ? `is ${wait_ms} ms; a server waits 60000 ms at most` : undefined)
    if (refused !== undefined) return yield* new InvalidDeclaration({ field: "wait_ms", reason: refused })
    const { post, where } = yield* makeServerCalls(options)
    const unavailable = unavailableAt(where)

    const unanswered = makeUnansweredClaims()

    const held = (job: ClaimedJob, claim_token: string): Held => {
      const { job_id, lease_epoch } = job
      const hold = { claim_token, lease_epoch }
      const holdError = (error: ServerError): HoldError => {
        const reason = error._tag === "ServerRefused" ? lost_reasons[error.code ?? ""] : undefined
        return reason === undefined ? unavailable(error) : new LeaseLost({ job_id, lease_epoch, reason })
      }
      const reportError = (error: ServerError): ReportError =>
        error._tag === "ServerRefused" && (error.status === 400 || error.status === 413)
          ? new ReportRefused({ job_id, reason: error.said })
          : holdError(error)
      const ask = (verb: string, body: object = {}) => Effect.asVoid(post(pathOf(job_id, verb), { ...hold, ...body }))
      const report = (verb: string, body: object): Effect.Effect<void, ReportError> => {
        const bytes = Buffer.byteLength(JSON.stringify({ ...hold, ...body }))
        if (bytes <= body_bytes_max) return Effect.mapError(ask(verb, body), reportError)
        const reason = `it has ${bytes} bytes; a server takes ${body_bytes_max}`
        return Effect.fail(new ReportRefused({ job_id, reason }))
      }
      return {
        job,
        heartbeat: (lease_ms) => Effect.mapError(ask("heartbeat", { lease: textOf(lease_ms) }), holdError),
        complete: (made) => report("complete", made),
        fail: (failure, made) => report("fail", { ...made, failure }),
        release: Effect.mapError(ask("release"), holdError),
      }
    }

    /** Asks for a hold; `undefined` where the claim gave none. */
    const claimAt = (
      path: string,
      body: object,
      lease_ms: number,
    ): Effect.Effect<Held | undefined, ServerError | QueueUnavailable> =>
      Effect.gen(function* () {
        const asked = keyOf(path, body)
        const known = unanswered.take(asked)
        const token = known ?? (yield* entropy.hex(token_bytes))
        return yield* Effect.onError(
          Effect.gen(function* () {
            const document: Document = yield* post(path, { ...body, lease: textOf(lease_ms), claim_token: token })
            if (document === undefined) return undefined
            const job = claimedIn(document, token)
            if (job === undefined)
              return yield* new UnexpectedAnswer({ status: 200, reason: "it names no job that the token holds" })
            const mine = held(job, token)
            if (known === undefined) return mine
            // The lease may run since the first asking, and its holder counts from this one.
            return yield* Effect.as(mine.heartbeat(lease_ms), mine).pipe(
              Effect.catchTag("LeaseLost", () => claimAt(path, body, lease_ms)),
            )
          }),
          (cause) => (isAnswered(cause) ? Effect.void : unanswered.keep(asked, token)),
        )
      })

    const claimNext: WorkQueueShape["claimNext"] = (abilities, lease_ms) =>
      Effect.mapError(claimAt(claims_path, abilitiesOf(abilities), lease_ms), (error) =>
        error._tag === "QueueUnavailable" ? error : unavailable(error),
      )

    const claim: WorkQueueShape["claim"] = (job_id, lease_ms) =>
      claimAt(pathOf(job_id, "claim"), {}, lease_ms).pipe(
        Effect.mapError((error) => {
          if (error._tag === "QueueUnavailable") return error
          const reason = error._tag === "ServerRefused" ? not_claimable[error.code ?? ""] : undefined
          return reason === undefined ? unavailable(error) : new NotClaimable({ job_id, reason })
        }),
        // Its attempts were used up, and the claim has ended it.
        Effect.flatMap((hold) =>
          hold === undefined ? Effect.fail(new NotClaimable({ job_id, reason: "ended" })) : Effect.succeed(hold),
        ),
      )

    const awaitClaimable = (able: object) =>
      Effect.gen(function* () {
        for (;;) {
          const asked_ms = yield* Clock.currentTimeMillis
          if ((yield* post(`${claims_path}/wait`, { ...able, wait: textOf(wait_ms) }, wait_ms)) !== undefined) return
          if ((yield* Clock.currentTimeMillis) - asked_ms < Math.min(wait_ms, hasty_pause_ms))
            yield* Effect.sleep(hasty_pause_ms)
        }
      }).pipe(Effect.mapError(unavailable))

    const awaitWork: WorkQueueShape["awaitWork"] = (abilities) => {
      const able = abilitiesOf(abilities)
      // What an unanswered claim may have taken waits for nobody else.
      return Effect.raceFirst(unanswered.awaitOne(keyOf(claims_path, able)), awaitClaimable(able))
    }

    return { claimNext, claim, awaitWork }
  })

/** Workers over a server. Any number of them, on any machine that reaches it, share its jobs. */
export const layerServerQueue = (
  options: ServerQueueOptions,
): Layer.Layer<WorkQueue, InvalidDeclaration, Requests | Entropy> => Layer.effect(WorkQueue, makeServerQueue(options))

/**
 * Whether workers can work there now: the server answers, has worker routes, and lets this token work. For a program that would
 * rather say so at its start than try for ever.
 *
 * @example
 * yield* checkServer({ url: "http://127.0.0.1:8765", token })
 */
export const checkServer = (
  options: ServerOptions,
): Effect.Effect<void, QueueUnavailable | InvalidDeclaration, Requests> =>
  Effect.gen(function* () {
    const { post, where } = yield* makeServerCalls(options)
    yield* Effect.mapError(post(`${claims_path}/wait`, {}), unavailableAt(where))
  })
