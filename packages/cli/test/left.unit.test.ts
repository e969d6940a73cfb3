import type { SettlementEvent, Step } from "@waybill/runtime"
import { describe, expect, it } from "vitest"
import { placeOf } from "../src/Place.ts"
import { leftWords, standingAfter, type Standing } from "../src/settling/left.ts"

const place = placeOf({ root: "/project" }, {})
const step = (name: Step, state: "started" | "done" | "failed"): SettlementEvent => ({
  kind: "step",
  at_ms: 0,
  attempt: 1,
  step: name,
  state,
})
const recorded = (event_type: string) => ({ kind: "recorded", at_ms: 0, fact: { event_type } }) as SettlementEvent
const waiting: SettlementEvent = { kind: "waiting", at_ms: 0, runId: "r" }

const standing = (...events: ReadonlyArray<SettlementEvent>): Standing => events.reduce(standingAfter, "nothing")

describe("whoever cuts a settlement off is told what goes on without it, and only that", () => {
  it.each<readonly [string, ReadonlyArray<SettlementEvent>, Standing]>([
    ["before anything is recorded", [], "nothing"],
    ["while somebody else has it", [recorded("job.accepted"), waiting], "elsewhere"],
    ["once it has the run after all", [waiting, step("agent", "started")], "agent"],
    ["while it is seeded", [recorded("job.accepted"), step("seed", "started")], "here"],
    ["while its agent is at work", [step("agent", "started"), recorded("workspace_job.agent_started")], "agent"],
    ["when its agent has ended", [step("agent", "started"), step("agent", "done")], "here"],
    ["when its agent has failed", [step("agent", "started"), step("agent", "failed")], "here"],
    ["while it is judged", [step("agent", "done"), step("verify", "started")], "here"],
    ["when it has ended", [step("verify", "done"), recorded("job.completed")], "nothing"],
  ])("%s", (_, events, expected) => expect(standing(...events)).toBe(expected))

  it("in words that say what to do", () => {
    expect(leftWords("nothing", "r", place)).toBeUndefined()
    expect(leftWords("agent", "r 1", place)).toEqual({
      code: "RUN_GOES_ON",
      message:
        "The agent of run r 1 goes on by itself. Make the same call with --run-id 'r 1' to wait for its verdict; see where it stands with: waybill job status 'r 1' --root /project",
    })
    expect(leftWords("here", "r", place)).toEqual({
      code: "RUN_LEFT",
      message:
        "Nobody works on run r now; what was done is kept. Make the same call with --run-id r to go on from there.",
    })
    expect(leftWords("elsewhere", "r", place)?.message).toContain("this call only waited")
  })
})
