/**
 * The clock behind schedules (JobSpec v0 §15.4): when a tick is due, it is recorded as fired and submitted, or recorded as
 * skipped. Any number of servers may share a ledger: a tick has one submission id, under which it is fired once and
 * submitted once.
 *
 * @module
 */
import {
  actors,
  isTerminal,
  type JobSpec,
  openJobs,
  scheduleFacts,
  scheduleRequestId,
  schedules,
  type ScheduleTemplate,
} from "@waybill/jobspec"
import { formatTime, type LedgerShape, parseTime } from "@waybill/ledger"
import { Effect, Stream } from "effect"
import { createHash } from "node:crypto"
import { lastTick_ms } from "./cron.ts"
import type { Log } from "./Log.ts"
import type { Outage } from "./Outage.ts"

/** The first 16 hex digits of the SHA-256 of `<name>:<unix seconds>` (JobSpec v0 §8). */
export const submissionId = (name: string, tick_ms: number): string =>
  createHash("sha256")
    .update(`${name}:${Math.floor(tick_ms / 1000)}`)
    .digest("hex")
    .slice(0, 16)

const ms = (time: string | undefined): number => {
  const ns = time === undefined ? undefined : parseTime(time)
  return ns === undefined ? 0 : Number(ns / 1_000_000n)
}

interface Due {
  readonly template: ScheduleTemplate
  readonly tick_ms: number
  readonly id: string
  /** Why the tick is left out, if it is. */
  readonly reason: string | undefined
}

export interface SchedulerOptions {
  readonly ledger: LedgerShape
  readonly jobspec: JobSpec.JobSpec
  readonly log: Log
  /** Knows of failures that are not worth a line at each look. */
  readonly outage?: Outage
}

/**
 * One look at a time (milliseconds since the epoch): handles the latest tick of each schedule that is due and was not
 * handled yet. Ticks that were missed before it are not made up for.
 */
export const makeScheduler = ({ jobspec, ledger, log, outage }: SchedulerOptions) => {
  const { projections } = jobspec

  /** When the schedules of these creations were made, by position. */
  const made_ms = new Map<number, number>()
  const learnTimes = Effect.gen(function* () {
    const created = yield* ledger.query(projections.schedules, (view) =>
      schedules(view).map(({ name }) => view.get(name)?.created_position ?? 0),
    )
    for (const position of created) {
      if (made_ms.has(position)) continue
      const [event] = yield* Stream.runCollect(Stream.take(ledger.read({ after: position - 1, page_records: 1 }), 1))
      made_ms.set(position, ms(event?.occurred_at))
    }
  })

  /** What is wrong with the schedules of these creations, by position. */
  const refusals = new Map<number, string | undefined>()
  /** Whether the schedule can fire; said once where it cannot, and shown with the schedule from then on. */
  const isSound = (template: ScheduleTemplate, position: number): boolean => {
    if (!refusals.has(position)) {
      const reason = jobspec.refuseSchedule(template)
      refusals.set(position, reason)
      if (reason !== undefined)
        log("warn", "a schedule never fires; delete it and make it anew", { schedule: template.name, reason })
    }
    return refusals.get(position) === undefined
  }

  const dueAt = (now_ms: number) =>
    ledger.queryAll(projections, ({ queue, schedules: view }) => {
      const due: Array<Due> = []
      for (const template of schedules(view)) {
        const { backpressure, cron, name } = template
        const { created_position = 0, last_tick_at } = view.get(name) ?? {}
        const created_ms = made_ms.get(created_position)
        // Made a moment ago: the next look knows when.
        if (created_ms === undefined || !isSound(template, created_position)) continue
        const after_ms = Math.max(created_ms, ms(last_tick_at))
        const tick_ms = lastTick_ms(cron, after_ms, now_ms)
        if (tick_ms === undefined) continue
        const { max_queue_depth, skip_if_running } = backpressure
        const isRunning = (): boolean => {
          for (const [, job] of queue.entries())
            if (job.payload["schedule_name"] === name && !isTerminal(job.status)) return true
          return false
        }
        const isFull = max_queue_depth > 0 && openJobs(queue) >= max_queue_depth
        const reason = isFull
          ? `max_queue_depth:${max_queue_depth}`
          : skip_if_running && isRunning()
            ? "skip_if_running:in-flight"
            : undefined
        due.push({ template, tick_ms, id: submissionId(name, tick_ms), reason })
      }
      return due
    })

  const submit = ({ id, template, tick_ms }: Due) =>
    ledger.transact(
      jobspec.queue,
      {
        kind: "submit",
        job_type: template.job_type,
        idempotency_key: id,
        request_id: scheduleRequestId(template.name),
        payload: {
          ...template.payload,
          schedule_name: template.name,
          submission_id: id,
          tick_at: formatTime(tick_ms),
          ...(template.timeout === undefined ? {} : { timeout: template.timeout }),
        },
      },
      { actor: actors.scheduler },
    )

  const handle = (due: Due) =>
    Effect.gen(function* () {
      const { id, reason, template, tick_ms } = due
      const { name } = template
      const origin = { actor: actors.scheduler, requestId: scheduleRequestId(name) }
      const tick_at = formatTime(tick_ms)
      if (reason !== undefined) {
        yield* ledger.append([scheduleFacts.skipped.makeOrThrow("schedule", { name, reason, tick_at })], origin)
        return
      }
      // The job is asked for first, under the tick's own key: whoever dies in between, or is second, changes nothing.
      yield* submit(due)
      const fired = scheduleFacts.fired.makeOrThrow(id, { name, submission_id: id, tick_at })
      yield* Effect.catchTag(
        ledger.append([fired], { ...origin, expected: { [id]: 0 } }),
        "Conflict",
        () => Effect.void,
      )
    })

  return (now_ms: number): Effect.Effect<void> =>
    Effect.flatMap(Effect.andThen(learnTimes, dueAt(now_ms)), (due) =>
      Effect.forEach(
        due,
        (each) =>
          Effect.catch(handle(each), (error) =>
            Effect.sync(() => {
              if (outage?.explains(error) !== true)
                log("error", "a tick was not handled", { schedule: each.template.name, error: error.message })
            }),
          ),
        { discard: true },
      ),
    ).pipe(
      Effect.catch((error) =>
        Effect.sync(() => {
          if (outage?.explains(error) !== true)
            log("error", "schedules could not be looked at", { error: error.message })
        }),
      ),
    )
}
