import { checkServer } from "@waybill/conformance"
import { expect, it } from "vitest"
import { withBrokenProgram } from "./support/brokenProgram.ts"
import { leastLease } from "./support/leastLease.ts"

const only = ["QUEUE-07", "QUEUE-08", "QUEUE-09"]

it("a server whose leases are a second at least holds the laws of leases that end: they wait as long as it says", () =>
  withBrokenProgram([leastLease(600)], async (target) => {
    const { laws } = await checkServer(target, { only })
    expect(laws.map(({ verdict }) => verdict)).toEqual(only.map(() => ({ status: "pass" })))
  }))

it("leases that nobody can wait for are no verdict on what comes after them", () =>
  withBrokenProgram([leastLease(60_000)], async (target) => {
    const { laws } = await checkServer(target, { only })
    expect(laws.map(({ verdict }) => verdict)).toEqual(
      only.map(() => ({ status: "not applicable", reason: expect.stringMatching(/the server gave one of \d+ ms/u) })),
    )
  }))
