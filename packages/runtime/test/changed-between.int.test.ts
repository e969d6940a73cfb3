import { Cause, Effect, Exit } from "effect"
import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { deliverJob, settleJob } from "../src/index.ts"
import { settleOn } from "./support/crashTable.ts"
import { type Machine, makeMachine, root } from "./support/Machine.ts"
import { good, leave, sloppyJob } from "./support/sloppyJob.ts"

const places = { built: "/data/staging/", artifact: "/data/artifacts/", seal: "/data/sealed/" } as const
type Place = keyof typeof places

const ways: Readonly<Record<string, (machine: Machine, path: string) => void>> = {
  "other bytes of the same length": ({ disk }, path) => disk.overwrite(path, new TextEncoder().encode("DRAFT!")),
  "more bytes": ({ disk }, path) => disk.overwrite(path, new TextEncoder().encode("draft!!")),
  "fewer bytes": ({ disk }, path) => disk.overwrite(path, new Uint8Array()),
  nothing: ({ disk }, path) => disk.remove(path),
  "a link": ({ disk }, path) => disk.plant(path, "link"),
  "a folder": ({ disk }, path) => disk.plant(path, "directory"),
  "a FIFO": ({ disk }, path) => disk.plant(path, "fifo"),
}

const change = (machine: Machine, place: Place, way: string) => {
  const files = machine.disk.files(`${root}${places[place]}`)
  expect(files).toHaveLength(1)
  for (const path of files) ways[way]?.(machine, path)
}

/** What a file stands for in the end: its attempt goes on with the true bytes, or ends. Never a verdict about others. */
const outcomes: ReadonlyArray<readonly [fact: string, places: ReadonlyArray<Place>, reasons: ReadonlyArray<string>]> = [
  // The private copy is made again from the candidate, and must come out the same; where it cannot be put, that is not the builder's fault.
  ["terminal_build_attempted", ["built"], ["verified", "terminal_write_failed"]],
  ["artifact_written", ["artifact"], ["readback_mismatch", "terminal_read_failed", "path_refused"]],
  ["artifact_readback_verified", ["artifact"], ["artifact_changed", "path_refused"]],
  ["terminal_finalized", ["artifact"], ["artifact_changed", "path_refused"]],
  // A seal that was damaged is made again, from bytes that are compared on the way.
  ["terminal_finalized", ["seal"], ["verified", "artifact_changed", "path_refused"]],
  ["terminal_finalized", ["artifact", "seal"], ["artifact_changed", "path_refused"]],
]

describe("[W-02] what is changed while nobody looks is noticed by whoever goes on", () => {
  const cases = outcomes.flatMap(([fact, where, reasons]) =>
    Object.keys(ways).map((way) => [fact, where, way, reasons] as const),
  )
  it.each(cases)("behind %s, in the place of %s: %s", async (fact, where, way, reasons) => {
    const machine = makeMachine(leave)
    expect((await settleOn(machine, { behind: fact })).runner.isDead()).toBe(true)
    const asked = machine.judged.length
    for (const place of where) change(machine, place, way)
    const runner = machine.makeRunner()
    const chunks: Array<Uint8Array> = []
    const exit = await runner.run(
      Effect.gen(function* () {
        const status = yield* settleJob(sloppyJob(machine, runner))
        yield* Effect.ignore(deliverJob("run-1", { sink: (chunk) => Effect.sync(() => void chunks.push(chunk)) }))
        return status
      }),
    )
    if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause))
    const status = exit.value
    expect(reasons).toContain(status.status === "failed" ? status.failed.failure.reason : status.status)
    const isGood = status.status === "verified"
    expect(Buffer.concat(chunks).toString()).toBe(isGood ? good : "")
    // The verifier has seen the true bytes of an attempt, or none.
    const truth = [leave(1), good].map((bytes) => createHash("sha256").update(bytes).digest("hex"))
    expect(machine.judged.slice(asked)).toEqual(isGood ? truth.map((hex) => `sha256:${hex} ${hex}`) : [])
    expect(machine.starts().map(([, count]) => count)).toEqual(isGood ? [1, 1] : [1])
  })
})

describe("[W-12] built bytes that are lost have to come out the same again", () => {
  const lose = async (build: (machine: Machine) => string) => {
    const machine = makeMachine(leave)
    const first = machine.makeRunner({ behind: "terminal_build_attempted" })
    const job = (runner: typeof first) => ({ ...sloppyJob(machine, runner), build: () => ({ source: build(machine) }) })
    await first.run(settleJob(job(first), { observe: first.observe }))
    expect(first.isDead()).toBe(true)
    change(machine, "built", "nothing")
    const next = machine.makeRunner()
    const exit = await next.run(settleJob(job(next)))
    if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause))
    return { status: exit.value, machine }
  }

  it("they do, and the attempt goes on with one build fact", async () => {
    const { machine, status } = await lose(() => good)
    expect(status.status).toBe("verified")
    expect(machine.starts()).toEqual([["key-1", 1]])
  })

  it("they do not, and the attempt ends without a verdict and without another agent run", async () => {
    let count = 0
    const { machine, status } = await lose(() => `${good}${count++}`)
    expect(status).toMatchObject({
      status: "failed",
      failed: { failure: { phase: "finalize", reason: "build_not_reproducible", retryable: true } },
    })
    expect(machine.judged).toEqual([])
    expect(machine.starts()).toEqual([["key-1", 1]])
  })
})
