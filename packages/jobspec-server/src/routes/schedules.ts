/**
 * Schedules: list, create, delete (JobSpec v0 §3.6, §5.5).
 *
 * @module
 */
import { actors, schedules, type ScheduleTemplate } from "@waybill/jobspec"
import type { Json, JsonObject } from "@waybill/ledger"
import { Effect } from "effect"
import type { App } from "../App.ts"
import { type Answer, type Call, ok, type Refused, refuse } from "../Http.ts"
import type { Described, Route } from "../Route.ts"

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)
const isText = (value: Json): boolean => typeof value === "string"
const isWhole = (value: Json): boolean => typeof value === "number" && Number.isSafeInteger(value)
const isCount = (value: Json): boolean => isWhole(value) && Number(value) >= 0
const isBoolean = (value: Json): boolean => typeof value === "boolean"

type Shape = Readonly<Record<string, readonly [is: (value: Json) => boolean, want: string]>>

const template: Shape = {
  name: [isText, "a string"],
  cron: [isText, "a string"],
  job_type: [isText, "a string"],
  payload: [isObject, "an object"],
  timeout: [isCount, "a whole number of nanoseconds, 0 or more"],
  backpressure: [isObject, "an object"],
}
const backpressure: Shape = {
  skip_if_running: [isBoolean, "true or false"],
  max_queue_depth: [isWhole, "a whole number"],
}

/** What is wrong with a strict structure, or its fields without those that are `null`. */
const strict = (sent: JsonObject, shape: Shape): string | JsonObject => {
  const fields: Record<string, Json> = {}
  for (const [name, value] of Object.entries(sent)) {
    const rule = Object.hasOwn(shape, name) ? shape[name] : undefined
    if (rule === undefined) return `json: unknown field ${JSON.stringify(name)}`
    if (value === null) continue
    if (!rule[0](value)) return `json: ${name} must be ${rule[1]}`
    fields[name] = value
  }
  return fields
}

const templateOf = (body: JsonObject): Partial<ScheduleTemplate> | string => {
  const fields = strict(body, template)
  if (typeof fields === "string") return fields
  const pressure = strict(isObject(fields["backpressure"]) ? fields["backpressure"] : {}, backpressure)
  if (typeof pressure === "string") return pressure
  return { ...fields, backpressure: { skip_if_running: false, max_queue_depth: 0, ...pressure } }
}

/** The body in the words of this route, which says more than the others. */
const bodyOf = (call: Call): Effect.Effect<JsonObject, Refused> =>
  Effect.mapError(call.body, (refused) =>
    refused.message === "invalid json" ? refuse(400, "invalid json: the body is not one JSON object") : refused,
  )

const refusals: Readonly<Record<number, Described>> = {
  400: { description: "What was asked for cannot be.", schema: "Error" },
  403: { description: "The caller may not.", schema: "Error" },
  500: { description: "The ledger could not be written; nothing was acknowledged.", schema: "Error" },
}

const allowed: Readonly<Record<string, string>> = { HEAD: "GET" }

export const scheduleRoutes = (app: App): ReadonlyArray<Route> => {
  const { jobspec, ledger, now_ms } = app
  const caller = { actor: actors.scheduler }
  /** A ledger may hold schedules of other writers, and of types that are registered elsewhere. */
  const shown = (template: ScheduleTemplate): ScheduleTemplate & { readonly invalid?: string } => {
    const invalid = jobspec.refuseSchedule(template)
    return invalid === undefined ? template : { ...template, invalid }
  }
  const create = (call: Call): Effect.Effect<Answer, Error> =>
    Effect.gen(function* () {
      const asked = templateOf(yield* bodyOf(call))
      if (typeof asked === "string") return yield* refuse(400, `invalid json: ${asked}`)
      yield* ledger.transact(jobspec.scheduling, { kind: "create", template: asked }, caller)
      return { status: 201, document: { name: asked.name ?? "" } }
    })
  const remove = (call: Call): Effect.Effect<Answer, Error> => {
    const name = call.parameters["name"] ?? ""
    const command = { kind: "delete", name, now_ms: now_ms() } as const
    return Effect.as(ledger.transact(jobspec.scheduling, command, caller), ok({ name, deleted: true }))
  }
  return [
    {
      path: "/v1/schedules",
      allow: (method) => allowed[method] ?? "GET, HEAD, POST",
      operations: {
        GET: {
          id: "schedules",
          summary:
            "Every schedule, in the order of creation. One that never fires, because this server refuses it, says why.",
          answers: { 200: { description: "The schedules.", schema: "Schedules" } },
          handle: () =>
            ledger.query(jobspec.projections.schedules, (view) => ok({ schedules: schedules(view).map(shown) })),
        },
        POST: {
          id: "create_schedule",
          summary: "Makes a schedule; its name exists once. Unknown fields are refused.",
          capabilities: ["admin"],
          body: { schema: "ScheduleTemplate" },
          answers: {
            201: { description: "It exists.", schema: "ScheduleName" },
            ...refusals,
            408: { description: "The body took too long.", schema: "Error" },
            409: { description: "The name is taken.", schema: "Error" },
            413: { description: "The body is too large.", schema: "Error" },
          },
          handle: create,
        },
      },
    },
    {
      path: "/v1/schedules/{name}",
      operations: {
        DELETE: {
          id: "delete_schedule",
          summary: "Deletes a schedule; says the same when there was none.",
          capabilities: ["admin"],
          answers: { 200: { description: "It does not exist.", schema: "ScheduleDeleted" }, ...refusals },
          handle: remove,
        },
      },
    },
  ]
}
