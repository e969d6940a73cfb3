import { type Fact, foldAll, type RecordedEvent } from "@waybill/ledger"
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { JobSpec, type ScheduleCommand, schedules, type ScheduleTemplate } from "../src/index.ts"
import { recorded, start_ms } from "./support/desk.ts"

const jobspec = JobSpec.make({ refuseCron: (text) => (text.split(" ").length === 5 ? undefined : "want five fields") })
const nightly = { name: "nightly", cron: "0 3 * * *", job_type: "rpi.run" }

/** A board of schedules: commands in, facts recorded. */
const board = () => {
  const events: Array<RecordedEvent> = []
  const view = () => foldAll(jobspec.projections.schedules, events)
  const act = (command: ScheduleCommand): ReadonlyArray<Fact<string, unknown>> | string => {
    const decided = jobspec.scheduling.decide(view(), command)
    if (Result.isFailure(decided)) return `${decided.failure._tag}: ${decided.failure.message}`
    for (const { event_type, job_id, payload } of decided.success)
      events.push(recorded(events.length + 1, event_type, job_id, payload))
    return decided.success
  }
  const create = (template: Partial<ScheduleTemplate>) => act({ kind: "create", template })
  const remove = (name: string) => act({ kind: "delete", name, now_ms: start_ms })
  return { create, remove, act, view, names: () => schedules(view()).map(({ name }) => name) }
}

describe("§5.5 schedules", () => {
  it("§5.5 are created once, deleted once, and can be created again", () => {
    const { create, names, remove } = board()
    expect(create({ ...nightly, payload: { goal: "tidy" }, timeout: 5e9 })).toMatchObject([
      { event_type: "schedule.created", job_id: "schedule", payload: { name: "nightly" } },
    ])
    expect(create(nightly)).toBe('ScheduleExists: schedule "nightly" already exists')
    expect(remove("nightly")).toMatchObject([
      { event_type: "schedule.deleted", payload: { deleted_at: "2026-04-28T12:00:00Z" } },
    ])
    expect(remove("nightly")).toEqual([])
    expect(names()).toEqual([])
    expect(create(nightly)).toHaveLength(1)
    expect(names()).toEqual(["nightly"])
  })
  it.each([
    [{ name: "" }, "schedule name is required"],
    [{ name: "a/b" }, "schedule name must not contain path separators or '..'"],
    [{ name: "a\\b" }, "schedule name must not contain path separators or '..'"],
    [{ name: "a..b" }, "schedule name must not contain path separators or '..'"],
    [{ name: "a b" }, "schedule name must not contain whitespace"],
    [{ name: "n".repeat(129) }, "schedule name is longer than 128 characters"],
    [{ cron: " " }, "cron is required"],
    [{ cron: "* * * * * *" }, 'invalid cron "* * * * * *": want five fields'],
    [{ job_type: "" }, "job_type is required"],
    [{ job_type: "no.such" }, 'invalid payload: invalid job type "no.such"'],
    [{ payload: { goal: 5 } }, "invalid payload: goal must be a string"],
    // The order of checks.
    [{ name: "", cron: "", job_type: "" }, "schedule name is required"],
    [{ cron: "x", job_type: "" }, 'invalid cron "x": want five fields'],
  ])("§5.5 %j is refused in the contract's words, and nothing is recorded", (change, text) => {
    const { create, names } = board()
    expect(create({ ...nightly, ...change })).toBe(`InvalidSchedule: ${text}`)
    expect(names()).toEqual([])
  })
  it("§5.5 a name that could not be one is not deleted, either", () => {
    expect(board().remove("../x")).toBe("InvalidSchedule: schedule name must not contain path separators or '..'")
  })
  it("§8 §9 each event is recorded under its schedule's request id", () => {
    const { create, view } = board()
    const [fact] = create(nightly)
    if (typeof fact !== "object") throw new Error("refused")
    expect(jobspec.scheduling.requestId?.(view(), { kind: "delete", name: "nightly", now_ms: 0 }, fact)).toBe(
      "schedule-nightly",
    )
    expect(jobspec.scheduling.requestId?.(view(), { kind: "create", template: nightly }, fact)).toBe("schedule-nightly")
  })
  it("without a check of cron expressions any text will do", () => {
    const decided = JobSpec.make().scheduling.decide(foldAll(jobspec.projections.schedules, []), {
      kind: "create",
      template: { ...nightly, cron: "whenever" },
    })
    expect(Result.isSuccess(decided)).toBe(true)
  })
})
