import { layerSeededEntropy } from "@waybill/host"
import { repairLedger } from "@waybill/ledger-store"
import { Cause, Effect, Exit, Layer } from "effect"
import { describe, expect, it } from "vitest"
import { deliverJob, settleJob, statusOf } from "../src/index.ts"
import { settleOn } from "./support/crashTable.ts"
import { type ForeignFact, writeForeign } from "./support/foreignWriter.ts"
import { type Machine, makeMachine, root } from "./support/Machine.ts"
import { leave, sloppyJob } from "./support/sloppyJob.ts"

const ledgerFile = `${root}/.agents/daemon/ledger.jsonl`
const textOf = ({ disk }: Machine): string => Buffer.from(disk.bytes(ledgerFile) ?? new Uint8Array()).toString("utf8")

/** Changes one line of the ledger, counted from 1. */
const damage = (machine: Machine, nth: number, change: (line: string) => string): void => {
  const lines = textOf(machine).split("\n")
  lines[nth - 1] = change(lines[nth - 1] ?? "")
  machine.disk.overwrite(ledgerFile, Buffer.from(lines.join("\n")))
}

/** A machine whose job is settled: asked for (facts 1 and 2) and claimed (3), attempt 1 rejected (10), attempt 2 verified (17). */
const settled = async (): Promise<Machine> => {
  const machine = makeMachine(leave)
  const { exit } = await settleOn(machine)
  expect(exit).toMatchObject({ _tag: "Success", value: { status: "verified" } })
  return machine
}

const ask = async (machine: Machine, what: "settle" | "status" | "deliver") => {
  const runner = machine.makeRunner()
  const released = () => Effect.die(new Error("released"))
  const exit = await runner.run(
    Effect.gen(function* () {
      if (what === "deliver") return yield* Effect.as(deliverJob("run-1", { sink: released }), "delivered")
      return (yield* what === "settle" ? settleJob(sloppyJob(machine, runner)) : statusOf("run-1")).status
    }),
  )
  if (Exit.isSuccess(exit)) return { answer: exit.value, error: undefined }
  return { answer: undefined, error: Cause.squash(exit.cause) as { readonly _tag: string; readonly message: string } }
}

const acknowledge = ({ files }: Machine) =>
  Effect.runPromise(
    repairLedger({ root, actor: "a test", requestId: "req-repair" }).pipe(
      Effect.provide(Layer.mergeAll(files, layerSeededEntropy(9))),
    ),
  )

const flipDigest = (line: string): string =>
  line.replace(/sha256:([0-9a-f])/u, (_, digit: string) => `sha256:${digit === "0" ? "1" : "0"}`)

const expectRefused = async (machine: Machine, nth: number) => {
  const text = textOf(machine)
  for (const what of ["settle", "status", "deliver"] as const) {
    const { answer, error } = await ask(machine, what)
    // What is not verified any more may be said to be so; whatever else is asked is refused.
    if (answer !== undefined) expect([what, answer]).toEqual(["status", expect.stringMatching(/running|missing/u)])
    else if (what === "deliver") expect(error?._tag).toMatch(/LedgerDamaged|NotDeliverable/u)
    else expect([what, error?._tag]).toEqual([what, "LedgerDamaged"])
    if (error?._tag === "LedgerDamaged")
      expect(error.message).toMatch(new RegExp(`record ${nth} \\(ledger\\.jsonl, line ${nth}, byte \\d+\\)`, "u"))
  }
  expect(textOf(machine)).toBe(text)
}

describe("a ledger that was damaged behind our back", () => {
  it.each([
    ["the request is garbage", 2, (line: string) => "?".padEnd(line.length, "?")],
    ["a line of the first attempt is garbage", 8, (line: string) => "garbage".padEnd(line.length, "!")],
    ["the digest in the first finalized fact is another", 9, flipDigest],
    ["the digest in the second finalized fact is another", 16, flipDigest],
    ["a verdict is garbage", 10, (line: string) => "{}".padEnd(line.length)],
  ] as const)("%s: nothing is added to it, before and after somebody acknowledges it", async (_, nth, change) => {
    const machine = await settled()
    const before = machine.starts()
    damage(machine, nth, change)
    await expectRefused(machine, nth)

    const { fact } = await acknowledge(machine)
    expect(fact).toBeDefined()
    const repaired = textOf(machine)
    const { error } = await ask(machine, "settle")
    expect([error?._tag, error?.message]).toEqual([
      "HistoryBroken",
      expect.stringMatching(/record \d+ \(workspace_job\.\w+\): /u),
    ])
    expect(textOf(machine)).toBe(repaired)
    expect(machine.starts()).toEqual(before)
  })

  it("a byte order mark stands before the first line: nothing is added to it", async () => {
    const machine = await settled()
    damage(machine, 1, (line) => `\ufeff${line}`)
    await expectRefused(machine, 1)
  })
})

const attempt = {
  requestedEventId: "evt_workspace_job.requested_run-1_000002",
  runId: "run-1",
  idempotencyKey: "key-1",
}
const failed = { ...attempt, failure: { phase: "submit", code: "c", reason: "tool_error" } }
const verified = {
  ...attempt,
  terminalFinalizedEventId: "evt_workspace_job.terminal_finalized_run-1_000099",
  checks: [{ name: "c", status: "passed" }],
}

describe("an attempt that has an end in the ledger, whether it joins or not, never gets another", () => {
  const cutBehind = async (fact: string) => {
    const machine = makeMachine(leave)
    await settleOn(machine, { behind: fact })
    return machine
  }
  it.each([
    ["a verdict that joins nothing", "seed_written", { name: "verified", job_id: "run-1", payload: verified }],
    ["a verdict that cannot be read", "seed_written", { name: "verified", job_id: "run-1", payload: { ...attempt } }],
    [
      "another end after the one that stands",
      "verifier_rejected",
      { name: "failed", job_id: "run-1", payload: failed },
    ],
  ] as const satisfies ReadonlyArray<readonly [string, string, ForeignFact]>)("%s", async (_, behind, fact) => {
    const machine = await cutBehind(behind)
    await writeForeign(machine, [fact])
    const text = textOf(machine)
    const { error } = await ask(machine, "settle")
    expect(error).toMatchObject({
      _tag: "HistoryBroken",
      runId: "run-1",
      anomalies: [{ event_type: `workspace_job.${fact.name}` }],
    })
    expect(textOf(machine)).toBe(text)
  })

  it("facts of a run whose request is not there are not settled a second time", async () => {
    const machine = makeMachine(leave)
    await writeForeign(machine, [{ name: "failed", job_id: "run-1", payload: failed }])
    const { error } = await ask(machine, "settle")
    expect(error?._tag).toBe("HistoryBroken")
    expect(machine.starts()).toEqual([])
  })

  it("a copy that says the same as the end that stands is no reason to stop", async () => {
    const machine = await cutBehind("verifier_rejected")
    const line = textOf(machine).trim().split("\n").at(-1) ?? ""
    const { payload } = JSON.parse(line) as { readonly payload: ForeignFact["payload"] }
    await writeForeign(machine, [{ name: "verifier_rejected", job_id: "run-1", payload }])
    const { answer } = await ask(machine, "settle")
    expect(answer).toBe("verified")
  })

  it("a job that is settled stays so, whatever is written behind it", async () => {
    const machine = await settled()
    await writeForeign(machine, [{ name: "failed", job_id: "run-1", payload: failed }])
    const text = textOf(machine)
    const { answer } = await ask(machine, "settle")
    expect(answer).toBe("verified")
    expect(textOf(machine)).toBe(text)
  })
})
