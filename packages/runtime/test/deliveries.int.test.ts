import { Cause, Exit } from "effect"
import { expect, it } from "vitest"
import { deliverJob } from "../src/index.ts"
import { settleOn } from "./support/crashTable.ts"
import { makeMachine, root } from "./support/Machine.ts"
import { leave } from "./support/sloppyJob.ts"

const settled = async () => {
  const machine = makeMachine(leave)
  await settleOn(machine)
  const deliver = async (file: string) => {
    const exit = await machine.makeRunner().run(deliverJob("run-1", { file }))
    return Exit.isFailure(exit)
      ? (Cause.squash(exit.cause) as { readonly _tag: string; readonly message: string })
      : undefined
  }
  return { ...machine, deliver }
}

it("a delivery never replaces the ledger it rests on", async () => {
  const { deliver, disk } = await settled()
  const ledger = `${root}/.agents/daemon/ledger.jsonl`
  const before = disk.bytes(ledger)
  for (const file of [ledger, `${root}/.agents/daemon/quarantine/artifact`, `${root}/holds/../.agents/daemon/x`])
    expect(await deliver(file)).toMatchObject({ _tag: "DestinationRefused" })
  expect(disk.bytes(ledger)).toEqual(before)
  expect(await deliver(`${root}/out/artifact`)).toBeUndefined()
})

it("a delivery never goes into the folders that holds and agents keep their records in", async () => {
  const { deliver, disk } = await settled()
  for (const file of [`${root}/holds/run-1.lock`, `${root}/agents/key/receipt.json`, `${root}/data/sealed/x`])
    expect(await deliver(file)).toMatchObject({ _tag: "DestinationRefused", path: file })
  expect(disk.files(`${root}/agents`)).toEqual([])
  expect(disk.bytes(`${root}/holds/run-1.lock`)).toHaveLength(0)
})

it("what a delivery that was killed left half made goes with the next one", async () => {
  const { deliver, disk, makeRunner } = await settled()
  expect(await deliver(`${root}/out/first`)).toBeUndefined()
  const whole = makeRunner()
  await whole.run(deliverJob("run-1", { file: `${root}/out/first` }))
  const nth = whole.trace.findIndex((entry) => entry.kind === "operation" && entry.operation === "rename") + 1
  await makeRunner({ nth }).run(deliverJob("run-1", { file: `${root}/out/second` }))
  expect(disk.files(`${root}/out`)).toEqual([`${root}/out/first`, expect.stringContaining(".waybill-tmp-")])
  expect(await deliver(`${root}/elsewhere/third`)).toBeUndefined()
  expect(disk.files(`${root}/out`)).toEqual([`${root}/out/first`])
})

it("a delivery that is refused for its sealed bytes names the run, the digest, the place and what to do", async () => {
  const { deliver, disk } = await settled()
  const sealed = disk.files(`${root}/data/sealed`)
  for (const file of sealed) disk.overwrite(file, new TextEncoder().encode("other!"))
  const changed = await deliver(`${root}/out/artifact`)
  for (const file of sealed) disk.remove(file)
  const gone = await deliver(`${root}/out/artifact`)
  expect([changed?._tag, gone?._tag]).toEqual(["BytesDiffer", "ArtifactMissing"])
  for (const error of [changed, gone]) {
    expect(error?.message).toMatch(/of the run "run-1" \(sha256:[0-9a-f]{64}, kept at \/job\/data\/sealed\/sha256\//u)
    expect(error?.message).toContain("Put a copy with that digest back in its place, or settle the work as a new run")
  }
  expect(disk.files(`${root}/out`)).toEqual([])
})
