/**
 * Whether a ledger is fit to be added to: nothing is written upon damage, and nothing upon a history that does not add up.
 *
 * @module
 */
import { type Anomaly, jsonEqual, Ledger, type RecordedEvent } from "@waybill/ledger"
import { type Attempt, type Job, Jobs } from "@waybill/workspace-job"
import { Effect, Stream } from "effect"
import { HistoryBroken, LedgerDamaged } from "./Errors.ts"

/** Refuses a ledger that has damage which nobody has acknowledged: what lies under it is not known. */
export const refuseDamage = Effect.gen(function* () {
  const ledger = yield* Ledger
  const health = yield* ledger.health
  const corrupt = health.corrupt.filter(({ isAcknowledged }) => isAcknowledged !== true)
  const damage = (health.damage ?? []).filter(({ isAcknowledged }) => isAcknowledged !== true)
  if (corrupt.length > 0 || damage.length > 0) return yield* new LedgerDamaged({ where: ledger.where, corrupt, damage })
})

const ends: ReadonlySet<string> = new Set([
  "workspace_job.verified",
  "workspace_job.verifier_rejected",
  "workspace_job.failed",
])
const requested = "workspace_job.requested"

/** Requests that are no attempt and need not be one: the run was settled, the key is held, or another run is meant. */
const harmless: ReadonlySet<string> = new Set(["settled_run", "duplicate_key", "run_mismatch"])

const attemptsOf = (job: Job | undefined): ReadonlyArray<Attempt> =>
  job === undefined ? [] : [...job.earlier, job.current]

/** Whether the fold took an event in, as itself or as a copy that says the same. */
const isAccepted = (event: RecordedEvent, attempts: ReadonlyArray<Attempt>): boolean =>
  event.event_type === requested
    ? attempts.some(
        ({ request, requestedEventId }) => requestedEventId === event.event_id || jsonEqual(request, event.payload),
      )
    : attempts.some(
        ({ terminal }) =>
          terminal !== undefined &&
          event.event_type === `workspace_job.${terminal.kind}` &&
          jsonEqual(terminal.payload, event.payload),
      )

/** What in a run's stream should have decided its course, and has not. */
const brokenLinks = (
  job: Job | undefined,
  anomalies: ReadonlyArray<Anomaly>,
  events: ReadonlyArray<RecordedEvent>,
): ReadonlyArray<Anomaly> => {
  // Facts of a run that nobody asked for: its request is lost, and whatever it came to belongs to that request.
  if (job === undefined) return anomalies
  const attempts = attemptsOf(job)
  const known = new Map(anomalies.map((anomaly) => [anomaly.position, anomaly]))
  return events.flatMap((event) => {
    const { event_id, event_type, position } = event
    if (!(ends.has(event_type) || event_type === requested) || isAccepted(event, attempts)) return []
    const anomaly = known.get(position)
    if (event_type === requested && anomaly !== undefined && harmless.has(anomaly.code)) return []
    return [anomaly ?? { position, event_id, event_type, code: "not_accepted" }]
  })
}

/**
 * Refuses a run whose recorded history does not add up: a request or an end that the fold could not take in. Such an attempt
 * has come to something already, and must not come to something a second time. A step that was recorded twice, a copy that says
 * the same, and a step that disagrees with another are no reason to refuse: the first stands, or the attempt is ended.
 */
export const refuseBrokenHistory = (runId: string) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const { anomalies, job } = yield* ledger.query(Jobs, (view) => ({
      anomalies: view.anomalies(runId),
      job: view.get(runId),
    }))
    // What the fold does not take in, it lists.
    if (anomalies.length === 0) return
    const decisive = ledger
      .readStream(runId)
      .pipe(Stream.filter(({ event_type }) => ends.has(event_type) || event_type === requested))
    const broken = brokenLinks(job, anomalies, yield* Stream.runCollect(decisive))
    if (broken.length > 0) return yield* new HistoryBroken({ runId, where: ledger.where, anomalies: broken })
  })
