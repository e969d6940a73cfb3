/**
 * Holding a job: claim, heartbeat, the end of the work, expiry and cancellation (JobSpec v0 §5.2, §10).
 *
 * @module
 */
import { type Fact, formatTime, type InvalidFact, type View } from "@waybill/ledger"
import { Result } from "effect"
import { default_failure_code } from "./EventFields.ts"
import { isDigest, jobFacts } from "./Facts.ts"
import {
  type Cancel,
  type Claim,
  type ClaimNext,
  type Complete,
  type Expire,
  type Fail,
  type Heartbeat,
  type Hold,
  lease_ms_default,
  lease_ms_max,
  type Report,
} from "./QueueCommand.ts"
import { heldLane, isHeld, isTerminal, isWork, laneOf, leaseEnd_ms, named_lane, type QueueJob } from "./QueueJob.ts"
import {
  AlreadyClaimed,
  InvalidFailureCode,
  InvalidReport,
  JobIdRequired,
  JobNotFound,
  LeaseExpired,
  LeaseMismatch,
  NoClaimableJobs,
  type QueueRefusal,
  TokenInUse,
} from "./Refusals.ts"
import { refuseSentRequestId } from "./submission.ts"

type Facts = ReadonlyArray<Fact<string, unknown>>
type Decided = Result.Result<Facts, QueueRefusal>

/** The codes a worker may fail a job with (JobSpec v0 §10.7); a host may register more. Readers take any. */
export const failure_codes: ReadonlyArray<string> = [
  "daemon_unavailable",
  "provider_unreachable",
  "session_pending",
  "lost",
  "event_stream_unavailable",
  "terminal_without_transcript",
  "request_rejected",
  "projection_degraded",
  "retry_exhausted",
]

const nothing: Decided = Result.succeed([])
const recorded = (made: Result.Result<Fact<string, unknown>, InvalidFact>): Decided =>
  Result.isSuccess(made)
    ? Result.succeed([made.success])
    : Result.fail(new InvalidReport({ reason: made.failure.message }))

const retryCap = (job: QueueJob): Fact<string, unknown> =>
  jobFacts.failed.makeOrThrow(job.job_id, {
    failure: { code: "retry_exhausted", message: "lease expired after retry cap", retryable: false },
  })

/** When a lease that begins now ends. Throws `RangeError` for a length or a time that is none: that is a host's mistake. */
const leaseEnd = (now_ms: number, lease_ms = lease_ms_default): string => {
  if (!(lease_ms > 0 && lease_ms <= lease_ms_max))
    throw new RangeError(`a lease lasts from 1 to ${lease_ms_max} ms, not ${lease_ms}`)
  return formatTime(now_ms + lease_ms)
}

const hold = (job: QueueJob, { lease_ms, now_ms, token_sha256 }: Claim | ClaimNext): Decided =>
  recorded(
    jobFacts.claimed.make(job.job_id, {
      claim_token: token_sha256,
      // A ledger may hold any number; what we write begins with 1 and rises.
      lease_epoch: Math.max(0, job.lease_epoch) + 1,
      lease_expires_at: leaseEnd(now_ms, lease_ms),
      attempt: Math.max(0, job.attempt) + 1,
    }),
  )

const isExhausted = (job: QueueJob): boolean => job.attempt >= job.max_attempts

/** Jobs whose attempts are used up fail when a claim comes upon them. One claim clears away this many at most. */
export const exhausted_per_claim_max = 100

/** The keys that wait in any of the lanes, in the order of the jobs' first events. */
function* dueIn(queue: View<QueueJob>, lanes: ReadonlyArray<string>, until_ms: number): Generator<QueueJob, void> {
  const heads = lanes.map((lane) => queue.due(lane, until_ms)[Symbol.iterator]())
  const next = (keys: Iterator<string>): QueueJob | undefined => {
    const { value } = keys.next() as IteratorResult<string, undefined>
    return value === undefined ? undefined : queue.get(value)
  }
  const waiting = heads.map((keys) => ({ keys, job: next(keys) }))
  for (;;) {
    let first: (typeof waiting)[number] | undefined
    for (const head of waiting) {
      if (head.job === undefined) continue
      if (first?.job === undefined || head.job.first_position < first.job.first_position) first = head
    }
    if (first?.job === undefined) return
    yield first.job
    first.job = next(first.keys)
  }
}

/** What a worker can do. */
export type Abilities = Pick<ClaimNext, "job_types" | "hasDataPlane">

const lanesFor = ({ hasDataPlane, job_types }: Abilities): ReadonlyArray<string> => {
  const types = job_types === undefined ? [undefined] : [...new Set(job_types)]
  return (hasDataPlane === true ? [false, true] : [false]).flatMap((needsDataPlane) =>
    types.map((type) => laneOf(needsDataPlane, type)),
  )
}

/**
 * When the next job can be claimed, in milliseconds since the epoch: `-Infinity` when one waits already, the end of a lease
 * when all are held, `Infinity` when there is none, or none whose lease will ever end. Whoever waits for a job wakes then,
 * or when one is submitted.
 */
export const claimableFrom_ms = (queue: View<QueueJob>, abilities: Abilities = {}): number =>
  Math.min(...lanesFor(abilities).map((lane) => queue.earliest(lane) ?? Number.POSITIVE_INFINITY))

/** How many jobs wait or are held: accepted, of a known type, and not ended. */
export const openJobs = (queue: View<QueueJob>): number =>
  queue.count(laneOf(false)) + queue.count(laneOf(true)) + queue.count(named_lane)

/**
 * The job that this token holds under a live lease. Whoever lost the answer to a claim asks again with the same token, and is
 * answered with this job.
 */
export const heldBy = (
  queue: View<QueueJob>,
  { now_ms, token_sha256 }: Pick<Claim, "token_sha256" | "now_ms">,
): QueueJob | undefined => {
  // A token in clear is for everybody to read: it holds nothing.
  if (!isDigest(token_sha256)) return undefined
  for (const key of queue.due(heldLane(token_sha256), now_ms)) {
    const job = queue.get(key)
    if (job !== undefined && job.lease_epoch > 0 && isHeld(job, now_ms)) return job
  }
  return undefined
}

/** The first job that waits for this worker. Those before it whose attempts are used up fail on the way. */
export const claimNext = (queue: View<QueueJob>, command: ClaimNext): Decided => {
  if (command.once === true && heldBy(queue, command) !== undefined) return nothing
  const exhausted: Array<Fact<string, unknown>> = []
  for (const job of dueIn(queue, lanesFor(command), command.now_ms)) {
    if (!isExhausted(job)) return Result.map(hold(job, command), (facts) => [...exhausted, ...facts])
    exhausted.push(retryCap(job))
    if (exhausted.length === exhausted_per_claim_max) break
  }
  return Result.succeed(exhausted)
}

/** A job that commands may name: one that was accepted. */
const jobOf = (queue: View<QueueJob>, job_id: string): Result.Result<QueueJob, JobNotFound> => {
  const job = queue.get(job_id)
  return job?.created_at === undefined ? Result.fail(new JobNotFound({ job_id })) : Result.succeed(job)
}

export const claim = (queue: View<QueueJob>, command: Claim): Decided =>
  Result.flatMap(jobOf(queue, command.job_id), (job): Decided => {
    const { job_id, lease_expires_at } = job
    if (!isWork(job)) return Result.fail(new NoClaimableJobs({ job_id }))
    const mine = command.once === true ? heldBy(queue, command) : undefined
    if (mine?.job_id === job_id) return nothing
    if (isHeld(job, command.now_ms)) return Result.fail(new AlreadyClaimed({ job_id, lease_expires_at }))
    if (mine !== undefined) return Result.fail(new TokenInUse({ job_id: mine.job_id }))
    return isExhausted(job) ? Result.succeed([retryCap(job)]) : hold(job, command)
  })

/** A token in clear, as the reference daemon wrote them, is for everybody to read: it holds nothing. */
const holds = (job: QueueJob, { lease_epoch, token_sha256 }: Hold): boolean =>
  job.status === "running" &&
  job.claim_token === token_sha256 &&
  isDigest(token_sha256) &&
  job.lease_epoch > 0 &&
  job.lease_epoch === lease_epoch

const asWritten = ({ lease_epoch, token_sha256 }: Hold) => ({ claim_token: token_sha256, lease_epoch })

/** Why the caller does not hold the job now. */
const refuseHold = (job: QueueJob, held: Hold, now_ms: number): LeaseMismatch | LeaseExpired | undefined => {
  const { job_id, lease_expires_at } = job
  if (!holds(job, held)) return new LeaseMismatch({ job_id, lease_epoch: held.lease_epoch })
  return leaseEnd_ms(job) > now_ms ? undefined : new LeaseExpired({ job_id, lease_expires_at })
}

const refuseRequestId = (request_id: string | undefined): QueueRefusal | undefined =>
  request_id === undefined || request_id === "" ? undefined : refuseSentRequestId(request_id)

const made = ({ artifact_refs, artifacts }: Report): Report => ({
  ...(artifacts === undefined ? {} : { artifacts }),
  ...(artifact_refs === undefined ? {} : { artifact_refs }),
})

/** What the holder of a live lease asks for. `undefined` for a job that has ended. */
const asHolder = (
  queue: View<QueueJob>,
  command: Heartbeat | Complete | Fail,
  ended: (job: QueueJob) => Decided,
  decide: () => Decided,
): Decided =>
  Result.flatMap(jobOf(queue, command.job_id), (job): Decided => {
    if (isTerminal(job.status)) return ended(job)
    const refusal = refuseHold(job, command.hold, command.now_ms) ?? refuseRequestId(command.request_id)
    return refusal === undefined ? decide() : Result.fail(refusal)
  })

export const heartbeat = (queue: View<QueueJob>, command: Heartbeat): Decided =>
  asHolder(
    queue,
    command,
    ({ job_id }) => Result.fail(new NoClaimableJobs({ job_id })),
    () =>
      recorded(
        jobFacts.heartbeat.make(command.job_id, {
          ...asWritten(command.hold),
          lease_expires_at: leaseEnd(command.now_ms, command.lease_ms),
          ...made(command),
        }),
      ),
  )

export const complete = (queue: View<QueueJob>, command: Complete): Decided =>
  asHolder(
    queue,
    command,
    () => nothing,
    () =>
      recorded(
        jobFacts.completed.make(command.job_id, {
          ...asWritten(command.hold),
          result_status: "succeeded",
          ...made(command),
        }),
      ),
  )

export const fail = (queue: View<QueueJob>, command: Fail, codes: ReadonlyArray<string>): Decided =>
  asHolder(
    queue,
    command,
    () => nothing,
    () => {
      const { code = "", message = "", retryable = false } = command.failure ?? {}
      const named = code === "" ? default_failure_code : code
      if (!codes.includes(named)) return Result.fail(new InvalidFailureCode({ code: named, codes }))
      const failure = { code: named, message, retryable }
      return recorded(jobFacts.failed.make(command.job_id, { ...asWritten(command.hold), failure, ...made(command) }))
    },
  )

export const expire = (queue: View<QueueJob>, { hold: held, isHolderGone = false, job_id, now_ms }: Expire): Decided =>
  Result.flatMap(jobOf(queue, job_id), (job): Decided => {
    if (job.status !== "running") return nothing
    if (!isWork(job)) return Result.fail(new NoClaimableJobs({ job_id }))
    const { claim_token = "", lease_epoch, lease_expires_at } = job
    if (held !== undefined) {
      const refusal = refuseHold(job, held, now_ms)
      if (refusal !== undefined) return Result.fail(refusal)
      return recorded(jobFacts.lease_expired.make(job_id, { claim_token, lease_epoch }))
    }
    if (isHeld(job, now_ms) && !isHolderGone) return Result.fail(new AlreadyClaimed({ job_id, lease_expires_at }))
    return isExhausted(job)
      ? Result.succeed([retryCap(job)])
      : recorded(jobFacts.lease_expired.make(job_id, { claim_token, lease_epoch }))
  })

export const cancel = (queue: View<QueueJob>, { job_id, reason = "", request_id }: Cancel): Decided => {
  if (job_id.trim() === "") return Result.fail(new JobIdRequired())
  const job = queue.get(job_id)
  if (job === undefined) return Result.fail(new JobNotFound({ job_id }))
  if (isTerminal(job.status)) return nothing
  const refusal = refuseRequestId(request_id)
  if (refusal !== undefined) return Result.fail(refusal)
  const said = reason.trim()
  return recorded(
    jobFacts.cancelled.make(job_id, { result_status: "cancelled", reason: said === "" ? "cancelled" : said }),
  )
}
