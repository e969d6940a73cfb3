/**
 * The schedules there are (JobSpec v0 §3.6, §8, §15.4).
 *
 * @module
 */
import { type JsonObject, Projection, type View } from "@waybill/ledger"
import { Schema } from "effect"
import { isObject, asObject, asText, asWhole } from "./EventFields.ts"
import { JobSpecEvents, type JobSpecFact } from "./Events.ts"
import { unlessEmpty } from "./QueueJobState.ts"

export const ScheduleEntity = Schema.Struct({
  name: Schema.String,
  template: Schema.JsonObject,
  /** Where it was created, for the last time; 0: it was deleted since. */
  created_position: Schema.Int,
  last_tick_at: Schema.optional(Schema.String),
})
export type ScheduleEntity = typeof ScheduleEntity.Type

/** One entity per name; a schedule exists when its last creation was not followed by a deletion. */
export const Schedules: Projection.Projection<ScheduleEntity, JobSpecFact> = Projection.make({
  name: "jobspec.schedules",
  version: 1,
  reader: JobSpecEvents,
  entity: ScheduleEntity,
  key: ({ event_type, payload }: JobSpecFact) =>
    event_type.startsWith("schedule.") ? asText(payload["name"]) : undefined,
  evolve: (before: ScheduleEntity | undefined, { event_type, payload, position }: JobSpecFact) => {
    const name = asText(payload["name"]) ?? ""
    const known = before ?? { name, template: {}, created_position: 0, last_tick_at: undefined }
    switch (event_type) {
      case "schedule.created":
        return {
          name,
          template: asObject(payload["template"]) ?? {},
          created_position: position,
          last_tick_at: undefined,
        }
      case "schedule.deleted":
        return { ...known, created_position: 0 }
      default:
        return { ...known, last_tick_at: asText(payload["tick_at"]) ?? known.last_tick_at }
    }
  },
})

/** A schedule as it was asked for. `timeout` is in nanoseconds. */
export interface ScheduleTemplate {
  readonly name: string
  readonly cron: string
  readonly job_type: string
  readonly payload?: JsonObject
  readonly timeout?: number
  readonly backpressure: { readonly skip_if_running: boolean; readonly max_queue_depth: number }
}

const template = ({ name, template: asked }: ScheduleEntity): ScheduleTemplate => {
  const backpressure = asObject(asked["backpressure"]) ?? {}
  const payload = asked["payload"]
  return {
    name,
    cron: asText(asked["cron"]) ?? "",
    job_type: asText(asked["job_type"]) ?? "",
    ...(isObject(payload) ? { payload } : {}),
    ...unlessEmpty("timeout", asWhole(asked["timeout"])),
    backpressure: {
      skip_if_running: backpressure["skip_if_running"] === true,
      max_queue_depth: asWhole(backpressure["max_queue_depth"]) ?? 0,
    },
  }
}

/** The schedules that exist, in the order they were created. */
export const schedules = (view: View<ScheduleEntity>): ReadonlyArray<ScheduleTemplate> =>
  [...view.entries()]
    .map(([, schedule]) => schedule)
    .filter(({ created_position }) => created_position > 0)
    .toSorted((a, b) => a.created_position - b.created_position)
    .map(template)
