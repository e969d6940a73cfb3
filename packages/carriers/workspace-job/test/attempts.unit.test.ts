/** Which attempt a fact belongs to, how attempts follow each other, and that each ends once. */
import { Fold, foldAll } from "@waybill/ledger"
import { describe, expect, it } from "vitest"
import { attemptStatus, byIdempotencyKey, Jobs, jobStatus } from "../src/index.ts"
import {
  anomaliesOf,
  failed,
  foldOf,
  idOf as id,
  makeStory,
  passed,
  statusOf,
  type Story,
  told,
} from "./support/story.ts"

describe("a fact belongs to the attempt it names, by id, run and key", () => {
  it.each<readonly [string, (story: Story) => void, string]>([
    [
      "an attempt that is not there",
      (story) => void story.step("seed_written", { requestedEventId: "e9" }),
      "unknown_attempt: there is no attempt e9",
    ],
    [
      "another run's payload",
      (story) => void story.step("failed", { runId: "run-2" }),
      "run_mismatch: the payload's runId is not the event's job_id",
    ],
    [
      "another key",
      (story) => void story.step("failed", { idempotencyKey: "create-2" }),
      "key_mismatch: the idempotencyKey is not the attempt's",
    ],
  ])("%s", (_, tell, anomaly) => {
    const story = told((story) => {
      story.request()
      tell(story)
    })
    expect([statusOf(story), anomaliesOf(story)]).toEqual(["running", [anomaly]])
  })
  it("nothing belongs to a run that nobody asked for", () => {
    const story = told((story) => {
      story.say("failed", {
        requestedEventId: "e1",
        runId: "run-1",
        idempotencyKey: "k",
        failure: { phase: "seed", code: "c", reason: "r" },
      })
    })
    expect([statusOf(story), anomaliesOf(story)]).toEqual(["missing", ["unknown_attempt: there is no attempt e1"]])
  })
  it("a request in another run's stream asks for nothing", () => {
    const story = told(
      (story) =>
        void story.say(
          "requested",
          { runId: "run-1", idempotencyKey: "k", requestedBy: "x", terminalSchemaId: "v1" },
          "run-2",
        ),
    )
    expect([statusOf(story), statusOf(story, "run-2"), anomaliesOf(story, "run-2").length]).toEqual([
      "missing",
      "missing",
      1,
    ])
  })
})

describe("an attempt ends once", () => {
  const ends = ["verified", "verifier_rejected", "failed"] as const
  it.each(ends.flatMap((first) => ends.map((second) => [first, second] as const)))(
    "%s, then %s: the first stands",
    (first, second) => {
      const story = told((story) => {
        story.request()
        story.upToFinalized()
        story.proper(first, second, "seed_written")
      })
      expect([statusOf(story), anomaliesOf(story)]).toEqual([
        first,
        [
          `second_terminal: the attempt was ended by ${id(first, 7)}`,
          `after_terminal: the attempt was ended by ${id(first, 7)}`,
        ],
      ])
      expect(attemptStatus(foldOf(story), "run-1", id("requested", 1))).toEqual(jobStatus(foldOf(story), "run-1"))
    },
  )
  it("a verdict that did not join has not used up the place", () => {
    const story = told((story) => {
      story.request()
      story.proper("verified", "failed")
    })
    expect(statusOf(story)).toBe("failed")
  })
})

describe("attempts form a chain", () => {
  const rejectedOnce = () =>
    told((story) => {
      story.request()
      story.upToFinalized()
      story.step("verifier_rejected")
    })
  const attempt = { index: 2, maxAttempts: 3, cause: "verifier_repair", repairOfRequestedEventId: id("requested", 1) }

  it("a repair of the rejected attempt is the job; the earlier one keeps its end", () => {
    const story = rejectedOnce()
    expect(jobStatus(foldOf(story), "run-1")).toMatchObject({
      status: "verifier_rejected",
      attemptsLeft: 2,
      checks: [failed],
    })
    story.repair(2)
    expect(jobStatus(foldOf(story), "run-1")).toMatchObject({
      status: "running",
      attemptsLeft: 1,
      requestedEventId: id("requested", 8),
    })
    expect(attemptStatus(foldOf(story), "run-1", id("requested", 1)).status).toBe("verifier_rejected")
    story.upToFinalized()
    story.step("verifier_rejected")
    story.repair(3)
    story.upToFinalized()
    story.step("verified")
    expect(jobStatus(foldOf(story), "run-1")).toMatchObject({ status: "verified", attemptsLeft: 0, checks: [passed] })
    expect(anomaliesOf(story)).toEqual([])
    expect(
      foldOf(story)
        .get("run-1")
        ?.earlier.map(({ terminal }) => terminal?.kind),
    ).toEqual(["verifier_rejected", "verifier_rejected"])
  })

  it.each<readonly [string, object, string]>([
    ["repairs something else", { repairOfRequestedEventId: "e9" }, "does not repair the current attempt"],
    ["skips an attempt", { index: 3 }, "attempt 3 does not follow 1"],
    ["asks for another budget", { maxAttempts: 9 }, "the budget is 3"],
  ])("a repair that %s is no attempt, and takes no key from anybody", (_, fields, why) => {
    const story = rejectedOnce()
    story.repair(2, { attempt: { ...attempt, ...fields } })
    expect([statusOf(story), anomaliesOf(story)]).toEqual(["verifier_rejected", [`broken_attempt_chain: ${why}`]])
    expect(byIdempotencyKey(foldOf(story), "create-1:repair:2").status).toBe("missing")
  })
  it.each(["verified", "failed"] as const)("an attempt that is %s is not repaired", (end) => {
    const story = told((story) => {
      story.request()
      story.upToFinalized()
      story.step(end)
      story.repair(2)
    })
    expect([statusOf(story), anomaliesOf(story)]).toEqual([
      end,
      ["broken_attempt_chain: the attempt to repair was not rejected"],
    ])
  })
  it("an attempt that is still running is not repaired, nor one that is not there", () => {
    const running = told((story) => {
      story.request()
      story.repair(2)
    })
    expect(anomaliesOf(running)).toEqual(["broken_attempt_chain: the attempt to repair was not rejected"])
    const nothing = told((story) => void story.repair(2, { attempt }))
    expect([statusOf(nothing), anomaliesOf(nothing)]).toEqual([
      "missing",
      ["broken_attempt_chain: there is no attempt to repair"],
    ])
  })
  it("a second first attempt takes over a job that has not ended, never one that has", () => {
    const story = told((story) => {
      story.request()
      story.request({ idempotencyKey: "create-2" })
    })
    expect(jobStatus(foldOf(story), "run-1")).toMatchObject({ status: "running", requestedEventId: id("requested", 2) })
    story.step("failed")
    story.request({ idempotencyKey: "create-3" })
    expect([statusOf(story), anomaliesOf(story)]).toEqual([
      "failed",
      [`settled_run: the run was settled by ${id("failed", 3)}`],
    ])
  })
  it("facts of an earlier attempt that arrive late change that attempt, not the job", () => {
    const story = makeStory()
    story.request()
    const ref = story.ref()
    story.request({ idempotencyKey: "create-2" })
    story.say("failed", { ...ref, failure: { phase: "seed", code: "c", reason: "r" } })
    expect([statusOf(story), anomaliesOf(story)]).toEqual(["running", []])
    expect(attemptStatus(foldOf(story), "run-1", id("requested", 1)).status).toBe("failed")
    expect(foldOf(story).get("run-1")?.earlier).toHaveLength(1)
  })
  it("a late fact of an earlier attempt leaves the current one, which somebody has seen, as it was seen", () => {
    const story = makeStory()
    story.request()
    const ref = story.ref()
    story.request({ idempotencyKey: "create-2" })
    story.say("failed", { ...ref, failure: { phase: "seed", code: "c", reason: "r" } })
    story.step("failed")
    const fold = new Fold(Jobs).applyAll(story.events.slice(0, 2))
    const before = fold.get("run-1")
    expect(fold.applyAll(story.events.slice(2)).get("run-1")?.current.terminal).toBeDefined()
    expect(before?.current.terminal).toBeUndefined()
  })
  it("a request under the id of an attempt that is there begins none", () => {
    const story = told((story) => void story.request())
    const [first] = story.events
    if (first === undefined) throw new Error("nothing was recorded")
    const payload = { ...first.payload, idempotencyKey: "create-2" }
    const fold = foldAll(Jobs, [first, { ...first, position: 2, payload }])
    expect(fold.get("run-1")?.earlier).toEqual([])
    expect(byIdempotencyKey(fold, "create-2").status).toBe("missing")
    expect(fold.anomalies("run-1").map(({ code, detail }) => [code, detail])).toEqual([
      ["repeated_event_id", "an attempt of this run has the same id"],
    ])
  })
})
