import { Ledger } from "@waybill/ledger"
import { Cause, Effect, Exit, Stream } from "effect"
import { createHash } from "node:crypto"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { deliverJob, settleJob } from "../src/index.ts"
import { settleOn } from "./support/crashTable.ts"
import { type ForeignFact, writeForeign } from "./support/foreignWriter.ts"
import { type Machine, makeMachine } from "./support/Machine.ts"
import { good, leave, sloppyJob } from "./support/sloppyJob.ts"

/** A machine whose runner died right behind the commit of this fact, in attempt 1. */
const cutBehind = async (fact: string, machine: Machine = makeMachine(leave)): Promise<Machine> => {
  const { runner } = await settleOn(machine, { behind: fact })
  expect(runner.isDead()).toBe(true)
  return machine
}

/** Settles, and tells all that can be seen. */
const goOn = async (machine: Machine) => {
  const before = machine.judged.length
  const runner = machine.makeRunner()
  const exit = await runner.run(
    Effect.gen(function* () {
      const status = yield* settleJob(sloppyJob(machine, runner))
      const ledger = yield* Ledger
      const own = yield* Stream.runCollect(ledger.readStream("run-1"))
      const chunks: Array<Uint8Array> = []
      yield* Effect.ignore(deliverJob("run-1", { sink: (chunk) => Effect.sync(() => void chunks.push(chunk)) }))
      return { status, own, delivered: Buffer.concat(chunks).toString() }
    }),
  )
  if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause))
  const { status } = exit.value
  return {
    ...exit.value,
    reason: status.status === "failed" ? status.failed.failure.reason : status.status,
    judged: machine.judged.slice(before),
  }
}

const requestedEventId = "evt_workspace_job.requested_run-1_000002"
const attempt = { requestedEventId, runId: "run-1", idempotencyKey: "key-1" }
const draft = `sha256:${createHash("sha256").update(leave(1)).digest("hex")}`
const other = `sha256:${"0".repeat(64)}`
const stored = {
  ...attempt,
  submitRunId: "run_key-1",
  schemaId: "text/v1",
  path: "artifact",
  artifactRef: "artifact:run-1:1:artifact",
}

describe("[W-03] an attempt whose recorded facts contradict each other is ended at once", () => {
  const contradictions: ReadonlyArray<readonly [string, string, ForeignFact, string]> = [
    [
      "other bytes were read back than were written",
      "artifact_written",
      { name: "artifact_readback_verified", job_id: "run-1", payload: { ...stored, bytes: 14, sha256: other } },
      "artifact_changed",
    ],
    [
      "other bytes were written than were built",
      "terminal_build_attempted",
      { name: "artifact_written", job_id: "run-1", payload: { ...stored, bytes: 14, sha256: other } },
      "terminal_read_failed",
    ],
    [
      "bytes were read back before they were written",
      "terminal_build_attempted",
      { name: "artifact_readback_verified", job_id: "run-1", payload: { ...stored, bytes: 14, sha256: other } },
      "artifact_changed",
    ],
    [
      "the right bytes were read back before they were written, so that no verdict joins",
      "terminal_build_attempted",
      { name: "artifact_readback_verified", job_id: "run-1", payload: { ...stored, bytes: 6, sha256: draft } },
      "artifact_changed",
    ],
  ]
  it.each(contradictions)("%s", async (_, fact, foreign, reason) => {
    const machine = await cutBehind(fact)
    await writeForeign(machine, [foreign])
    const first = await goOn(machine)
    expect(first.status.status).toBe("failed")
    expect(first.reason).toBe(reason)
    // Asked again once, since the refusal might have been another runner's progress; never a third time.
    expect(first.judged.length).toBeLessThanOrEqual(2)
    expect(first.delivered).toBe("")
    // Only metadata that was truly read back is ever finalized.
    for (const { event_type, payload } of first.own)
      if (event_type === "workspace_job.terminal_finalized") expect(JSON.stringify(payload)).toContain(draft)
    const again = await goOn(machine)
    expect(again.status).toEqual(first.status)
    expect(again.own).toEqual(first.own)
    expect(machine.starts()).toEqual([["key-1", 1]])
  })

  const digest = fc.constantFrom(draft, draft, other)
  const bytes = fc.constantFrom(6, 6, 14)
  const foreignFact: fc.Arbitrary<ForeignFact> = fc
    .record({
      name: fc.constantFrom(
        "seed_written" as const,
        "agent_started" as const,
        "terminal_build_attempted" as const,
        "artifact_written" as const,
        "artifact_readback_verified" as const,
        "terminal_finalized" as const,
        "requested" as const,
      ),
      runId: fc.constantFrom("run-1", "run-1", "run-1", "run-2"),
      of: fc.constantFrom(requestedEventId, requestedEventId, "evt_workspace_job.requested_run-1_000099"),
      path: fc.constantFrom("artifact", "artifact", "other", "../artifact"),
      submitRunId: fc.constantFrom("run_key-1", "run_key-1", "run_key-2", ""),
      bytes,
      sha256: digest,
    })
    .map(({ name, of, runId, ...rest }) => ({
      name,
      job_id: "run-1",
      payload:
        name === "requested"
          ? { runId, idempotencyKey: "key-9", requestedBy: "somebody else", terminalSchemaId: "text/v1" }
          : name === "seed_written"
            ? { ...attempt, runId, requestedEventId: of, seedPaths: [] }
            : name === "terminal_finalized"
              ? {
                  ...attempt,
                  requestedEventId: of,
                  terminalArtifact: { ...rest, artifactRef: "a", schemaId: "text/v1" },
                }
              : { ...stored, ...rest, runId, requestedEventId: of },
    }))

  it("whatever is written behind our back, one call settles the job, and nothing is delivered but what was verified", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(
          "requested",
          "seed_written",
          "agent_started",
          "terminal_build_attempted",
          "artifact_written",
          "artifact_readback_verified",
          "terminal_finalized",
        ),
        fc.array(foreignFact, { minLength: 1, maxLength: 4 }),
        async (fact, foreign) => {
          const machine = await cutBehind(fact)
          await writeForeign(machine, foreign)
          const took = foreign.some(({ name, payload }) => name === "requested" && payload["runId"] === "run-1")
          const runner = machine.makeRunner()
          const exit = await runner.run(settleJob(sloppyJob(machine, runner)))
          // A first request under another key that came while the job ran is the job now, and ours is told so.
          if (Exit.isFailure(exit)) {
            expect(took, Cause.pretty(exit.cause)).toBe(true)
            return
          }
          expect(["verified", "failed", ...(took ? ["verifier_rejected"] : [])]).toContain(exit.value.status)
          const { delivered, judged, status } = await goOn(machine)
          expect(status).toEqual(exit.value)
          expect(judged).toEqual([])
          expect(delivered).toBe(status.status === "verified" ? good : "")
          for (const pair of machine.judged) expect(pair.split(" ")[0]).toBe(`sha256:${pair.split(" ")[1]}`)
          expect(machine.starts().every(([, count]) => count === 1)).toBe(true)
        },
      ),
      { numRuns: 100 },
    )
  }, 180_000)
})

it("[W-08] a settlement sees all its own facts, however many others lie before, between and behind them", async () => {
  const strangers = (from: number, count: number): ReadonlyArray<ForeignFact> =>
    Array.from({ length: count }, (_, n) => ({
      name: "requested",
      job_id: `stranger-${from + n}`,
      payload: {
        runId: `stranger-${from + n}`,
        idempotencyKey: `stranger-${from + n}`,
        requestedBy: "somebody else",
        terminalSchemaId: "text/v1",
      },
    }))
  const machine = makeMachine(leave)
  await writeForeign(machine, strangers(0, 1500))
  await cutBehind("artifact_written", machine)
  await writeForeign(machine, strangers(1500, 1500))
  // Its own stream is longer than a page, too: copies of a step that change nothing.
  await writeForeign(
    machine,
    Array.from({ length: 1100 }, () => ({
      name: "seed_written",
      job_id: "run-1",
      payload: { ...attempt, requestedEventId: "evt_workspace_job.requested_run-1_001502", seedPaths: [] },
    })),
  )
  const { delivered, own, reason } = await goOn(machine)
  expect(reason).toBe("verified")
  expect(delivered).toBe(good)
  expect(own.filter(({ event_type }) => !event_type.startsWith("job."))).toHaveLength(2 + 1 + 2 * 6 + 1100)
  expect(machine.starts().map(([, count]) => count)).toEqual([1, 1])
}, 30_000)
