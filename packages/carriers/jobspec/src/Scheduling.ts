/**
 * Creating and deleting schedules, as one decider: a name exists once, however many ask at the same time
 * (JobSpec v0 §5.5, §18.2).
 *
 * @module
 */
import { Decider, type Fact, formatTime, ownJson, type View } from "@waybill/ledger"
import { Data, Result } from "effect"
import { isObject } from "./EventFields.ts"
import type { JobSpecFact } from "./Events.ts"
import { scheduleFacts } from "./Facts.ts"
import { scheduleRequestId } from "./Identifiers.ts"
import type { JobTypes } from "./JobTypes.ts"
import { InvalidJobType } from "./Refusals.ts"
import { type ScheduleEntity, Schedules, type ScheduleTemplate } from "./Schedules.ts"

/** A schedule cannot be as it was asked for. */
export class InvalidSchedule extends Data.TaggedError("InvalidSchedule")<{ readonly reason: string }> {
  override get message(): string {
    return this.reason
  }
}

/** A schedule of this name exists. Delete it first, or choose another name. */
export class ScheduleExists extends Data.TaggedError("ScheduleExists")<{ readonly name: string }> {
  override get message(): string {
    return `schedule ${JSON.stringify(this.name)} already exists`
  }
}

export type ScheduleRefusal = InvalidSchedule | ScheduleExists

export type ScheduleCommand =
  | { readonly kind: "create"; readonly template: Partial<ScheduleTemplate> }
  | { readonly kind: "delete"; readonly name: string; readonly now_ms: number }

export interface SchedulingOptions {
  readonly jobTypes: JobTypes
  /** What is wrong with a cron expression, or `undefined`. Without it, any text that is not blank is taken. */
  readonly refuseCron?: (expression: string) => string | undefined
}

export type Scheduling = Decider.Decider<ScheduleEntity, ScheduleCommand, ScheduleRefusal, JobSpecFact>

/** Bytes do not matter here: the name is part of a path and of a request id. */
const name_characters_max = 128

const refuseName = (name: string): string | undefined => {
  if (name === "") return "schedule name is required"
  if (/[/\\]/u.test(name) || name.includes("..")) return "schedule name must not contain path separators or '..'"
  // Found late, it would be a request id that nothing can be recorded under.
  if (/\s/u.test(name)) return "schedule name must not contain whitespace"
  if (name.length > name_characters_max) return `schedule name is longer than ${name_characters_max} characters`
  return undefined
}

/** Why there can be no such schedule, in the contract's words and order (JobSpec v0 §5.5); or `undefined`. */
export const refuseTemplate = (
  { cron = "", job_type = "", name = "", payload = {} }: Partial<ScheduleTemplate>,
  { jobTypes, refuseCron }: SchedulingOptions,
): string | undefined => {
  const badName = refuseName(name)
  if (badName !== undefined) return badName
  if (cron.trim() === "") return "cron is required"
  const badCron = refuseCron?.(cron)
  if (badCron !== undefined) return `invalid cron ${JSON.stringify(cron)}: ${badCron}`
  if (job_type.trim() === "") return "job_type is required"
  if (!jobTypes.has(job_type)) return `invalid payload: ${new InvalidJobType({ job_type }).message}`
  const badPayload = jobTypes.refusePayload(job_type, payload)
  return badPayload === undefined ? undefined : `invalid payload: ${badPayload}`
}

type Decided = Result.Result<ReadonlyArray<Fact<string, unknown>>, ScheduleRefusal>

const invalid = (reason: string): Decided => Result.fail(new InvalidSchedule({ reason }))
const exists = (view: View<ScheduleEntity>, name: string): boolean => (view.get(name)?.created_position ?? 0) > 0

const create = (
  view: View<ScheduleEntity>,
  template: Partial<ScheduleTemplate>,
  options: SchedulingOptions,
): Decided => {
  const refusal = refuseTemplate(template, options)
  if (refusal !== undefined) return invalid(refusal)
  const { name = "" } = template
  if (exists(view, name)) return Result.fail(new ScheduleExists({ name }))
  const owned = ownJson(template)
  if (Result.isFailure(owned) || !isObject(owned.success)) return invalid("invalid payload: is not JSON")
  const fact = scheduleFacts.created.make("schedule", { name, template: owned.success })
  return Result.isSuccess(fact) ? Result.succeed([fact.success]) : invalid(fact.failure.message)
}

/** What there is to do is done when nothing exists under the name; a deletion says so only once. */
const remove = (view: View<ScheduleEntity>, name: string, now_ms: number): Decided => {
  const refusal = refuseName(name)
  if (refusal !== undefined) return invalid(refusal)
  if (!exists(view, name)) return Result.succeed([])
  return Result.succeed([scheduleFacts.deleted.makeOrThrow("schedule", { name, deleted_at: formatTime(now_ms) })])
}

/** Creates and deletes schedules; every fact is recorded under the request id that its schedule gives it. */
export const makeScheduling = (options: SchedulingOptions): Scheduling =>
  Decider.make({
    name: "jobspec.scheduling",
    projection: Schedules,
    decide: (view: View<ScheduleEntity>, command: ScheduleCommand): Decided =>
      command.kind === "create" ? create(view, command.template, options) : remove(view, command.name, command.now_ms),
    requestId: (_, command) =>
      scheduleRequestId(command.kind === "create" ? (command.template.name ?? "") : command.name),
  })
