/** A queue without a ledger: commands in, facts out, recorded as a store would. */
import { type Fact, Fold, formatTime, type RecordedEvent, type View } from "@waybill/ledger"
import { Result } from "effect"
import { JobSpec, type JobSpecFact, type QueueCommand, type QueueJob, type QueueRefusal } from "../../src/index.ts"

/** Stands for the digest of a token: 64 hex digits, told apart by the token. */
export const digest = (token: string): string =>
  [...token]
    .map((character) => character.charCodeAt(0).toString(16))
    .join("")
    .padEnd(64, "0")

export const start_ms = Date.parse("2026-04-28T12:00:00Z")

export const recorded = (
  position: number,
  event_type: string,
  job_id: string,
  payload: unknown,
  more: Partial<RecordedEvent> = {},
): RecordedEvent => ({
  position,
  schema_version: 1,
  event_id: `evt_${event_type}_${job_id}_${String(position).padStart(6, "0")}`,
  request_id: "r1",
  job_id,
  event_type,
  occurred_at: formatTime(start_ms + position * 1000),
  actor: "ao-http:legacy",
  payload: payload as RecordedEvent["payload"],
  ...more,
})

export class Desk {
  readonly jobspec: JobSpec.JobSpec
  readonly queue: Fold<QueueJob, JobSpecFact>
  readonly events: Array<RecordedEvent> = []

  constructor(jobspec: JobSpec.JobSpec = JobSpec.make()) {
    this.jobspec = jobspec
    this.queue = new Fold(jobspec.queue.projection)
  }

  /** The views of all projections, at the queue's position. */
  views() {
    const { jobs, schedules, states } = this.jobspec.projections
    return {
      queue: this.queue as View<QueueJob>,
      jobs: new Fold(jobs).applyAll(this.events),
      states: new Fold(states).applyAll(this.events),
      schedules: new Fold(schedules).applyAll(this.events),
    }
  }

  record(event: RecordedEvent): void {
    this.events.push(event)
    this.queue.apply(event)
  }

  /** An event that somebody else has written. */
  add(event_type: string, job_id: string, payload: unknown = {}, more: Partial<RecordedEvent> = {}): RecordedEvent {
    const event = recorded(this.queue.position + 1, event_type, job_id, payload, more)
    this.record(event)
    return event
  }

  decide(command: QueueCommand): Result.Result<ReadonlyArray<Fact<string, unknown>>, QueueRefusal> {
    return this.jobspec.queue.decide(this.queue, command)
  }

  /** Decides and records, as one step. Answers with what was recorded, or the refusal. */
  do(command: QueueCommand): ReadonlyArray<RecordedEvent> | QueueRefusal {
    const decided = this.decide(command)
    if (Result.isFailure(decided)) return decided.failure
    const requestIds = decided.success.map((fact) => this.jobspec.queue.requestId?.(this.queue, command, fact) ?? "")
    const now_ms = "now_ms" in command ? command.now_ms : start_ms
    return decided.success.map(({ event_type, job_id, payload }, i) =>
      this.add(event_type, job_id, payload, { request_id: requestIds[i] ?? "", occurred_at: formatTime(now_ms) }),
    )
  }

  /** The facts of a command that is not refused. */
  must(command: QueueCommand): ReadonlyArray<RecordedEvent> {
    const done = this.do(command)
    if (done instanceof Error) throw done
    return done
  }

  /** The text of a refusal. */
  refusal(command: QueueCommand): string {
    const done = this.do(command)
    return done instanceof Error ? done.message : `not refused: ${done.length} facts`
  }

  job(id: string): QueueJob {
    const job = this.queue.get(id)
    if (job === undefined) throw new Error(`no job ${id}`)
    return job
  }
}
