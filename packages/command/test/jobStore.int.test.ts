import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { afterEach, beforeEach, expect, it } from "vitest"
import { type JobEnd, fileJobStore, jobFolder } from "../src/JobStore.ts"

let folder = ""
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "waybill-jobs-")), "jobs")
})
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }))

const record = (job_id: string) =>
  ({
    descriptor: {
      job_id,
      status: "running",
      terminal: false,
      status_command: `x job status ${job_id}`,
      cancel_command: `x job cancel ${job_id}`,
      poll_interval_ms: 1,
      timeout_ms: 1,
    },
    command: "x",
    started_ms: 0,
  }) as const

it("of ends that race, one stands and everybody is told the same", async () => {
  const end = fc.constantFrom<JobEnd["status"]>("complete", "failed", "cancelled")
  let count = 0
  await fc.assert(
    fc.asyncProperty(fc.array(end, { minLength: 1, maxLength: 8 }), async (ends) => {
      const id = `j${count++}`
      const store = fileJobStore(folder)
      await store.start(record(id))
      const answers = await Promise.all(ends.map((status) => store.end(id, { status })))
      expect(new Set(answers.map(({ status }) => status)).size).toBe(1)
      expect(await store.read(id)).toMatchObject({ kind: "found", end: answers[0] })
    }),
    { numRuns: 30 },
  )
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([])
})

it("the folder and its files are for their owner alone", async () => {
  await fileJobStore(folder).start(record("a"))
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(statSync(join(folder, "a.json")).mode & 0o777).toBe(0o600)
})

it("a second job of the same id is refused and the first is untouched", async () => {
  const store = fileJobStore(folder)
  await store.start(record("a"))
  await expect(store.start({ ...record("a"), started_ms: 9 })).rejects.toMatchObject({
    options: { exit: "CONFLICT", code: "JOB_ID_TAKEN", message: expect.stringContaining("There is a job a already") },
  })
  expect(await store.read("a")).toMatchObject({ record: { started_ms: 0 } })
})

it.each(["", "{", "null", '{"descriptor":{}}', '{"descriptor":{"job_id":"a"},"started_ms":0}'])(
  "a record that reads %j is corrupt, never missing and never a crash",
  async (text) => {
    const store = fileJobStore(folder)
    await store.start(record("a"))
    writeFileSync(join(folder, "b.json"), text)
    expect((await store.read("b")).kind).toBe("corrupt")
    writeFileSync(join(folder, "a.end.json"), text)
    expect((await store.read("a")).kind).toBe("corrupt")
    expect((await store.read("c")).kind).toBe("missing")
  },
)

it("jobs lie below the state folder of the user, wherever that is", () => {
  expect(jobFolder("x", { XDG_STATE_HOME: "/tmp/state", HOME: "/tmp/me" })).toBe("/tmp/state/x/jobs")
  expect(jobFolder("x", { XDG_STATE_HOME: "relative", HOME: "/tmp/me" })).toBe("/tmp/me/.local/state/x/jobs")
})
