/**
 * The queue of a ledger in this process or on this machine: claims are facts, decided and appended in one step.
 *
 * @module
 */
import { Entropy } from "@waybill/host"
import {
  type Abilities,
  actors,
  type Claim,
  claimableFrom_ms,
  type Hold,
  type JobSpec,
  leaseOf,
  type QueueCommand,
  type QueueJob,
  type QueueRefusal,
} from "@waybill/jobspec"
import { type AppendError, Ledger, type RecordedFact } from "@waybill/ledger"
import { Clock, Effect, Layer, Predicate, Stream } from "effect"
import { createHash } from "node:crypto"
import {
  type ClaimedJob,
  type Held,
  LeaseLost,
  NotClaimable,
  QueueUnavailable,
  ReportRefused,
  type ReportError,
  WorkQueue,
  type WorkQueueShape,
} from "./WorkQueue.ts"

export interface LedgerQueueOptions {
  /** The one binding of this process; the same that the host submits with. */
  readonly jobspec: JobSpec.JobSpec
  /** Who is named as the facts' actor; `agentopsd-worker` by default. */
  readonly actor?: string
}

const token_bytes = 32
/** A clock that was set, or a machine that slept, is noticed after this long. */
const look_ms_max = 60_000

const claimed = (job: QueueJob): ClaimedJob => {
  const { attempt, idempotency_key, job_id, job_type, lease_epoch, max_attempts, payload, request_id } = job
  return {
    job_id,
    job_type,
    request_id,
    ...(idempotency_key === undefined ? {} : { idempotency_key }),
    payload,
    lease_epoch,
    attempt,
    max_attempts,
  }
}

/** What the decider or the ledger said, as the holder has to take it. */
const asHolder =
  (where: string, { job_id, lease_epoch }: ClaimedJob) =>
  (cause: QueueRefusal | AppendError): ReportError => {
    const lost = (reason: LeaseLost["reason"]) => new LeaseLost({ job_id, lease_epoch, reason })
    switch (cause._tag) {
      case "NoClaimableJobs":
        return lost("ended")
      case "LeaseMismatch":
        return lost("taken")
      case "LeaseExpired":
        return lost("expired")
      case "Conflict":
      case "StorePoisoned":
      case "StoreLocked":
      case "StoreFull":
      case "StoreRefused":
      case "StoreUnavailable":
        return new QueueUnavailable({ where, cause })
      default:
        return new ReportRefused({ job_id, reason: cause.message })
    }
  }

/** Refusals that say something of the job; whatever else a claim fails with is about the queue. */
const not_claimable: Readonly<Record<string, NotClaimable["reason"]>> = {
  JobNotFound: "missing",
  NoClaimableJobs: "ended",
  AlreadyClaimed: "held",
}

export type ClaimError = QueueRefusal | AppendError
type ClaimTerms = Pick<Claim, "token_sha256" | "now_ms" | "lease_ms">

/** Without reports there is nothing that could be refused: what cannot be recorded will not be recorded later either. */
const withoutReport = (error: ReportError): Effect.Effect<never, LeaseLost | QueueUnavailable> =>
  error._tag === "ReportRefused" ? Effect.die(error) : Effect.fail(error)

/** A hold of this process, with what proves it: for whoever ends the job together with other facts. */
export interface HeldHere extends Held {
  readonly hold: Hold
}

export interface LedgerQueue extends WorkQueueShape {
  /** Like `claim`, with the ledger's own errors. */
  readonly claimHere: (job_id: string, lease_ms: number) => Effect.Effect<HeldHere, NotClaimable | ClaimError>
}

/** The queue of the ledger at hand. `onRecorded` is told each fact that it records. */
export const makeLedgerQueue = (
  options: LedgerQueueOptions,
  onRecorded: (fact: RecordedFact<string, unknown>) => void = () => {},
): Effect.Effect<LedgerQueue, never, Ledger | Entropy> =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const entropy = yield* Entropy
    const { actor = actors.worker, jobspec } = options
    const { where } = ledger
    const unavailable = (cause: unknown) => new QueueUnavailable({ where, cause })
    const own = { queue: jobspec.projections.queue }

    const transact = (command: QueueCommand) =>
      Effect.map(ledger.transact(jobspec.queue, command, { actor }), (facts) => {
        for (const fact of facts) onRecorded(fact)
        return facts
      })

    const held = (job: ClaimedJob, hold: Hold): HeldHere => {
      const common = { job_id: job.job_id, hold }
      const ask = (command: (now_ms: number) => QueueCommand) =>
        Effect.flatMap(Clock.currentTimeMillis, (now_ms) => transact(command(now_ms))).pipe(
          Effect.asVoid,
          Effect.mapError(asHolder(where, job)),
        )
      return {
        job,
        hold,
        heartbeat: (lease_ms) =>
          Effect.catch(
            ask((now_ms) => ({ kind: "heartbeat", ...common, now_ms, lease_ms })),
            withoutReport,
          ),
        complete: (report) => ask((now_ms) => ({ kind: "complete", ...common, now_ms, ...report })),
        fail: (failure, report) => ask((now_ms) => ({ kind: "fail", ...common, now_ms, ...report, failure })),
        release: Effect.catch(
          ask((now_ms) => ({ kind: "expire", ...common, now_ms })),
          withoutReport,
        ),
      }
    }

    /** What this process has just claimed, as it is now. */
    const nowHeld = (facts: Parameters<typeof leaseOf>[0], token_sha256: string) => {
      const lease = leaseOf(facts)
      if (lease === undefined) return Effect.undefined
      const { attempt, job_id, lease_epoch } = lease
      const heldAs = (job: QueueJob) => held({ ...claimed(job), lease_epoch, attempt }, { token_sha256, lease_epoch })
      // What is known here holds what was just recorded, unless the past has changed meanwhile.
      return Effect.flatMap(
        ledger.queryKnown(own, ({ queue }) => queue.get(job_id)),
        (known) =>
          known !== undefined
            ? Effect.succeed(heldAs(known))
            : Effect.flatMap(
                ledger.query(jobspec.projections.queue, (view) => view.get(job_id)),
                (job) =>
                  job === undefined
                    ? Effect.die(new Error(`${job_id} was claimed and is not in the queue`))
                    : Effect.succeed(heldAs(job)),
              ),
      )
    }

    /** Asks for a hold; `undefined` where the claim gave none. */
    const hold = (command: (claim: ClaimTerms) => QueueCommand, lease_ms: number) =>
      Effect.flatMap(Effect.zip(entropy.hex(token_bytes), Clock.currentTimeMillis), ([token, now_ms]) => {
        const token_sha256 = createHash("sha256").update(token).digest("hex")
        return Effect.flatMap(transact(command({ token_sha256, now_ms, lease_ms })), (facts) =>
          nowHeld(facts, token_sha256),
        )
      })

    const claimNext = (abilities: Abilities, lease_ms: number) =>
      Effect.mapError(
        hold((terms) => ({ kind: "claim_next", ...abilities, ...terms }), lease_ms),
        unavailable,
      )

    const claimHere = (job_id: string, lease_ms: number): Effect.Effect<HeldHere, NotClaimable | ClaimError> =>
      hold((terms) => ({ kind: "claim", job_id, ...terms }), lease_ms).pipe(
        Effect.mapError((cause) => {
          const reason = not_claimable[cause._tag]
          return reason === undefined ? cause : new NotClaimable({ job_id, reason })
        }),
        // Its attempts were used up, and the claim has ended it.
        Effect.filterOrFail(Predicate.isNotUndefined, () => new NotClaimable({ job_id, reason: "ended" })),
      )

    const claim = (job_id: string, lease_ms: number) =>
      Effect.mapError(claimHere(job_id, lease_ms), (cause) =>
        cause._tag === "NotClaimable" ? cause : unavailable(cause),
      )

    /** Whether a job waits as far as is known here: nobody is asked what others have recorded since. */
    const isKnownToWait = (abilities: Abilities) =>
      Effect.flatMap(Clock.currentTimeMillis, (now_ms) =>
        Effect.mapError(
          ledger.queryKnown(own, ({ queue }) => claimableFrom_ms(queue, abilities) <= now_ms),
          unavailable,
        ),
      )

    const claimAhead = (abilities: Abilities, lease_ms: number) =>
      Effect.flatMap(isKnownToWait(abilities), (isWaiting) =>
        isWaiting ? claimNext(abilities, lease_ms) : Effect.undefined,
      )

    const awaitWork = (abilities: Abilities) =>
      Effect.gen(function* () {
        if (yield* isKnownToWait(abilities)) return
        for (;;) {
          const { from_ms, position } = yield* ledger.query(jobspec.projections.queue, (view) => ({
            from_ms: claimableFrom_ms(view, abilities),
            position: view.position,
          }))
          const left_ms = from_ms - (yield* Clock.currentTimeMillis)
          if (left_ms <= 0) return
          yield* ledger
            .tail({ after: position })
            .pipe(Stream.take(1), Stream.runDrain, Effect.timeoutOption(Math.min(left_ms, look_ms_max)))
        }
      }).pipe(Effect.mapError((cause) => (cause._tag === "QueueUnavailable" ? cause : unavailable(cause))))

    return { claimNext, claimAhead, claim, claimHere, awaitWork }
  })

/** Workers over a ledger. Any number of them, also in other processes on the same store, share its jobs. */
export const layerLedgerQueue = (options: LedgerQueueOptions): Layer.Layer<WorkQueue, never, Ledger | Entropy> =>
  Layer.effect(WorkQueue, makeLedgerQueue(options))
