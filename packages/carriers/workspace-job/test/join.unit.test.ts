/** When a verdict is accepted: one history for each rule of the join. */
import { describe, expect, it } from "vitest"
import { jobSteps } from "../src/index.ts"
import {
  anomaliesOf,
  artifact,
  foldOf,
  idOf as id,
  otherArtifacts,
  statusOf,
  type Story,
  told,
} from "./support/story.ts"

describe("a verdict is accepted only where it joins what was read back and finalized", () => {
  it.each<readonly [string, (story: Story) => void]>([
    ["everything in order", (story) => story.upToFinalized()],
    ["nothing was ever said of writing", (story) => story.proper("artifact_readback_verified", "terminal_finalized")],
    [
      "finalized before it was read back",
      (story) => story.proper("artifact_written", "terminal_finalized", "artifact_readback_verified"),
    ],
  ])("accepted: %s", (_, tell) => {
    const story = told((story) => {
      story.request()
      tell(story)
      story.step("verified")
    })
    expect([statusOf(story), anomaliesOf(story)]).toEqual(["verified", []])
  })

  it.each<readonly [string, (story: Story) => void, ReadonlyArray<string>]>([
    [
      "nothing was read back",
      (story) => story.proper("artifact_written", "terminal_finalized"),
      ["verdict_does_not_join: the artifact was never read back"],
    ],
    [
      "nothing was finalized",
      (story) => story.proper("artifact_written", "artifact_readback_verified"),
      ["verdict_does_not_join: it names no finalized artifact of this attempt"],
    ],
    [
      "it names something else",
      (story) => {
        story.upToFinalized()
        story.step("verified", { terminalFinalizedEventId: id("artifact_written", 4) })
        story.step("verifier_rejected", { terminalFinalizedEventId: "nothing" })
        story.say("unheard_of", {})
        story.step("failed", { idempotencyKey: "another" })
      },
      [
        "verdict_does_not_join: it names no finalized artifact of this attempt",
        "verdict_does_not_join: it names no finalized artifact of this attempt",
        "key_mismatch: the idempotencyKey is not the attempt's",
      ],
    ],
    [
      "what was written came after the readback",
      (story) => story.proper("artifact_readback_verified", "artifact_written", "terminal_finalized"),
      ["verdict_does_not_join: written and read-back bytes differ"],
    ],
    [
      "the artifact is of another schema than was asked for",
      (story) => {
        story.step("artifact_readback_verified", { schemaId: "other/v1" })
        story.step("terminal_finalized", { terminalArtifact: { ...artifact, schemaId: "other/v1" } })
      },
      ["verdict_does_not_join: the artifact is of another schema"],
    ],
    ...otherArtifacts.flatMap(([what, other]) => [
      [
        `what was finalized has another ${what}`,
        (story: Story) => {
          story.proper("artifact_written", "artifact_readback_verified")
          story.step("terminal_finalized", { terminalArtifact: { ...artifact, ...other } })
        },
        [
          "finalized_disagrees: names other bytes than were read back",
          "verdict_does_not_join: it names no finalized artifact of this attempt",
        ],
      ] as const,
      [
        `what was finalized before the readback has another ${what}`,
        (story: Story) => {
          story.step("terminal_finalized", { terminalArtifact: { ...artifact, ...other } })
          story.proper("artifact_written", "artifact_readback_verified")
        },
        [
          `finalized_disagrees: ${id("terminal_finalized", 2)} names other bytes`,
          "verdict_does_not_join: it names no finalized artifact of this attempt",
        ],
      ] as const,
      [
        `what was written has another ${what}`,
        (story: Story) => {
          story.step("artifact_written", other)
          story.proper("artifact_readback_verified", "terminal_finalized")
        },
        ["verdict_does_not_join: written and read-back bytes differ"],
      ] as const,
    ]),
  ])("not accepted: %s", (_, tell, anomalies) => {
    const story = told((story) => {
      story.request()
      tell(story)
      if (story.events.at(-1)?.event_type !== "workspace_job.failed") story.step("verified")
    })
    expect(statusOf(story)).toBe("running")
    expect(anomaliesOf(story)).toEqual(anomalies)
  })

  it("one that came too early is not revived by what comes later, and one in time still counts", () => {
    const story = told((story) => {
      story.request()
      story.step("verified", { terminalFinalizedEventId: id("terminal_finalized", 7) })
      story.upToFinalized()
    })
    expect([statusOf(story), anomaliesOf(story).length]).toEqual(["running", 1])
    story.step("verifier_rejected")
    expect(statusOf(story)).toBe("verifier_rejected")
  })

  it("of several finalized artifacts the first that agrees with the readback counts", () => {
    const late = told((story) => {
      story.request()
      story.proper("artifact_readback_verified")
      story.step("terminal_finalized", { terminalArtifact: { ...artifact, bytes: 8 } })
      story.step("terminal_finalized")
      story.step("verified")
    })
    expect([statusOf(late), anomaliesOf(late)]).toEqual([
      "verified",
      ["finalized_disagrees: names other bytes than were read back"],
    ])
    const early = told((story) => {
      story.request()
      story.step("terminal_finalized", { terminalArtifact: { ...artifact, bytes: 8 } })
      story.step("terminal_finalized")
      story.step("terminal_finalized", { terminalArtifact: { ...artifact, bytes: 9 } })
      story.step("artifact_readback_verified")
      story.step("verified", { terminalFinalizedEventId: id("terminal_finalized", 3) })
    })
    expect([statusOf(early), anomaliesOf(early)]).toEqual([
      "verified",
      [
        `finalized_disagrees: ${id("terminal_finalized", 2)} names other bytes`,
        `finalized_disagrees: ${id("terminal_finalized", 4)} names other bytes`,
      ],
    ])
  })

  it("of several written artifacts one that came before the readback and agrees is enough", () => {
    const story = told((story) => {
      story.request()
      story.step("artifact_written", { bytes: 8 })
      story.proper("artifact_written", "artifact_readback_verified", "terminal_finalized", "verified")
    })
    expect([statusOf(story), anomaliesOf(story)]).toEqual(["verified", ["repeated_step"]])
  })

  it("the first readback counts; another one is told apart from a repeated one", () => {
    const story = told((story) => {
      story.request()
      story.proper("artifact_readback_verified", "artifact_readback_verified")
      for (const [, other] of otherArtifacts) story.step("artifact_readback_verified", other)
      story.proper("terminal_finalized", "verified")
    })
    expect([statusOf(story), anomaliesOf(story)]).toEqual([
      "verified",
      ["repeated_step", ...otherArtifacts.map(() => "readback_disagrees")],
    ])
  })

  it("what a hostile history repeats without end is kept eight times over at most", () => {
    const story = told((story) => {
      story.request()
      for (let i = 0; i < 20; i++) story.step("artifact_written", { bytes: 100 + i })
      for (let i = 0; i < 20; i++)
        story.step("terminal_finalized", { terminalArtifact: { ...artifact, bytes: 100 + i } })
    })
    const job = foldOf(story).get("run-1")
    expect([job?.current.otherWritten?.length, job?.current.finalizedEarly?.length]).toEqual([8, 8])
    expect(job?.current.artifactWritten?.payload.bytes).toBe(100)
    expect(job?.current.finalizedEarly?.at(-1)?.payload.terminalArtifact.bytes).toBe(107)
    expect(anomaliesOf(story)).toEqual(Array.from({ length: 19 + 12 }, () => "repeated_step"))
    // The eighth of each still counts.
    story.step("artifact_readback_verified", { bytes: 107 })
    story.step("verified", { terminalFinalizedEventId: id("terminal_finalized", 29) })
    expect(statusOf(story)).toBe("verified")
    expect(anomaliesOf(story).filter((anomaly) => anomaly.startsWith("finalized_disagrees"))).toHaveLength(7)
  })

  it("the first of every other step counts", () => {
    const story = told((story) => {
      story.request()
      story.step("seed_written", { seedPaths: ["a"] })
      story.step("seed_written", { seedPaths: ["b"] })
      story.step("agent_started", { submitRunId: "submit-1" })
      story.step("agent_started", { submitRunId: "submit-2" })
      story.step("terminal_build_attempted", { bytes: 1 })
      story.step("terminal_build_attempted", { bytes: 2 })
      story.proper("artifact_readback_verified", "terminal_finalized", "terminal_finalized")
    })
    expect(anomaliesOf(story)).toEqual(Array(4).fill("repeated_step"))
    expect(jobSteps(foldOf(story), "run-1")).toMatchObject({
      seedWritten: { payload: { seedPaths: ["a"] } },
      agentStarted: { payload: { submitRunId: "submit-1" } },
      terminalBuildAttempted: { payload: { bytes: 1 } },
      terminalFinalized: { eventId: id("terminal_finalized", 9) },
    })
  })
})
