import type { Fault, FileOperation } from "@waybill/host"
import { failures } from "@waybill/workspace-job"
import { Cause, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { settleJob } from "../src/index.ts"
import { faultsOf, settleOn, sweep, wholeTrace } from "./support/crashTable.ts"
import { makeMachine, root } from "./support/Machine.ts"
import { leave, sloppyJob } from "./support/sloppyJob.ts"

const trace = await wholeTrace()
const reasons: ReadonlySet<string> = new Set(Object.keys(failures))
/** The plain job, which the disk may bring to any end of the catalogue. */
const anyEnd = { twist: {}, outcomes: ["verified", ...reasons] }
/** What may come out of a settlement that is no fact: the host's own trouble. */
const hostErrors = new Set(["StoreFull", "StorePoisoned", "StoreUnavailable", "StoreRefused", "HoldFailed", "NoRoom"])

const tagOf = (exit: Exit.Exit<unknown, unknown>): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const error: unknown = Cause.squash(exit.cause)
  return typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : Cause.pretty(exit.cause)
}

/** Operations that take room on a disk, or can be refused by one that is broken. */
const refusable: ReadonlySet<string> = new Set<FileOperation>([
  "write",
  "flush",
  "rename",
  "chmod",
  "list",
  "read",
  "info",
  "link",
])

const looking: ReadonlySet<string> = new Set<FileOperation>(["read", "info", "list"])

describe("[W-29] [W-30] a disk that refuses ends in the catalogue's own words or in a typed error, at every operation", () => {
  const operations = trace.flatMap((entry) =>
    entry.kind === "operation" && refusable.has(entry.operation) ? [entry] : [],
  )
  // Of looking, every third time will do.
  const nths = operations.filter(({ nth, operation }) => nth % 3 === 0 || !looking.has(operation))

  it("once: the job is settled by asking again at the latest", async () => {
    const faults: Array<string> = []
    for (const { nth, operation, path } of nths) {
      const machine = makeMachine(leave, anyEnd)
      // Looking takes no room.
      const code = nth % 2 === 0 && !looking.has(operation) ? "ENOSPC" : "EIO"
      const at = `${code} at ${operation} ${path} (${nth})`
      const refuse = (_: string, __: string, count: number): Fault | undefined =>
        count === nth ? { kind: "fail", code } : undefined
      const first = await settleOn(machine, undefined, refuse)
      const tag = tagOf(first.exit)
      if (tag !== undefined && !hostErrors.has(tag)) faults.push(`${at}: ${tag}`)
      const { exit } = await settleOn(machine)
      if (Exit.isFailure(exit)) {
        faults.push(`${at}: asking again: ${Cause.pretty(exit.cause)}`)
        continue
      }
      const status = exit.value
      if (status.status === "failed") {
        const { reason, retryable } = status.failed.failure
        if (code === "ENOSPC") faults.push(`${at}: a full disk ended the attempt: ${reason}`)
        if (!reasons.has(reason)) faults.push(`${at}: ${reason} is no word of the catalogue`)
        if (retryable === undefined) faults.push(`${at}: ${reason} is not retryable`)
        // Trouble with the ledger is never the work's end.
        if (path.includes("/.agents") || path.includes("/holds")) faults.push(`${at}: ended by the ledger's disk`)
      }
      // A disk that refuses to remove leaves something to be removed.
      await sweep(machine)
      const left = await faultsOf(machine)
      faults.push(...left.map((fault) => `${at}: ${fault}`))
    }
    expect(faults).toEqual([])
  }, 180_000)

  // A row of the seal is written behind the flush that it seals: behind the last one, everything is durable.
  const sealing = nths.filter(({ operation, path }) => operation === "write" && path.includes("/seals/")).at(-1)

  it("for good, from any operation on: the job stays resumable, and is verified when there is room again", async () => {
    const faults: Array<string> = []
    for (const { nth, operation, path } of nths.filter((entry) => entry.operation === "write")) {
      const machine = makeMachine(leave)
      const refuse = (of: string, _: string, count: number): Fault | undefined =>
        count >= nth && of === "write" ? { kind: "fail", code: "ENOSPC" } : undefined
      const first = await settleOn(machine, undefined, refuse)
      const tag = tagOf(first.exit)
      if (nth === sealing?.nth) {
        if (tag !== undefined) faults.push(`what was durable was refused: ${tag}`)
      } else if (tag !== "StoreFull" && tag !== "NoRoom")
        faults.push(`${operation} ${path} (${nth}): ${tag ?? "was settled on a full disk"}`)
      const { exit } = await settleOn(machine)
      if (Exit.isFailure(exit)) faults.push(`${nth}: asking again: ${Cause.pretty(exit.cause)}`)
      else if (exit.value.status !== "verified") faults.push(`${nth}: the full disk ended it: ${exit.value.status}`)
      const left = await faultsOf(machine)
      faults.push(...left.map((fault) => `${operation} ${path} (${nth}): ${fault}`))
    }
    expect(faults).toEqual([])
  }, 180_000)
})

describe("[W-29] a seed that cannot be written is tried three times", () => {
  const settleWith = (refusals: number) => {
    const machine = makeMachine(leave)
    let count = 0
    const runner = machine.makeRunner(undefined, (operation, path) =>
      operation === "write" && path.startsWith(`${root}/data/workspaces/`) && ++count <= refusals
        ? { kind: "fail", code: "EIO" }
        : undefined,
    )
    const settled = Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(settleJob(sloppyJob(machine, runner)))
      // Time stands still until it is moved, so what waits between two tries waits for this.
      for (let n = 0; n < 10; n++) yield* TestClock.adjust("1 second")
      return yield* Fiber.join(fiber)
    })
    return runner.run(settled.pipe(Effect.provide(TestClock.layer()))).then((exit) => ({ exit, tries: count }))
  }

  it("two refusals are gone over", async () => {
    const { exit } = await settleWith(2)
    expect(Exit.isSuccess(exit) && exit.value.status).toBe("verified")
  })

  it("three are the end, and it is said that it is worth trying again", async () => {
    const { exit, tries } = await settleWith(1000)
    expect(tries).toBe(3)
    expect(Exit.isSuccess(exit) && exit.value).toMatchObject({
      status: "failed",
      failed: { failure: { phase: "seed", reason: "seed_write_failed", retryable: true } },
    })
  })
})
