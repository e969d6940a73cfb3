/** Workers in the server's process: what they run, what they never run, and how they end. */
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { type Answered, ask, listIn } from "./support/client.ts"
import { startProgram } from "./support/program.ts"
import { folder } from "./support/server.ts"

interface Working {
  readonly root: string
  readonly post: (path: string, body?: object) => Promise<Answered>
  readonly get: (path: string) => Promise<Answered>
  readonly job: (id: string) => Promise<Record<string, unknown>>
  /** Waits until a job has a fact of this type. */
  readonly ended: (id: string, type: string) => Promise<ReadonlyArray<string>>
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>
  readonly said: () => string
}

const node = process.execPath

const working =
  (plan: (root: string) => object, args: ReadonlyArray<string>, body: (working: Working) => Promise<void>) => () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.flatMap(folder, (root) =>
          Effect.promise(async () => {
            const path = join(root, "plan.json")
            writeFileSync(path, JSON.stringify(plan(root)))
            const { end, first, said, token } = await startProgram([
              "--root",
              root,
              "--addr",
              "127.0.0.1:0",
              "--workers",
              "2",
              "--work-plan",
              path,
              ...args,
            ])
            const headers = { Authorization: `Bearer ${token}` }
            const get: Working["get"] = (path) => ask(first.url, { path })
            const types = async (id: string) =>
              listIn((await get(`/waybill/v1/jobs/${id}/facts`)).json(), "events").map((each) =>
                String(each["event_type"]),
              )
            try {
              await body({
                root,
                get,
                said,
                end,
                post: (path, sent = {}) => ask(first.url, { method: "POST", path, body: sent, headers }),
                job: async (id) => (await get(`/waybill/v1/jobs/${id}`)).json()["job"] as Record<string, unknown>,
                ended: async (id, type) => {
                  for (;;) {
                    const known = await types(id)
                    if (known.includes(type)) return known
                    const last = listIn((await get("/v1/events?limit=1000")).json(), "events").at(-1)
                    await get(`/v1/events?since=${String(last?.["event_id"])}&wait=1s`)
                  }
                },
              })
            } finally {
              expect(await end("SIGTERM")).toBe(0)
            }
          }),
        ),
      ),
    )

/** Writes what it was given to a file of the root, and waits there until it may go on. */
const script = (root: string) => `
  const fs = require("fs")
  const text = fs.readFileSync(0, "utf8")
  fs.appendFileSync(${JSON.stringify(join(root, "ran"))}, process.env.WAYBILL_JOB_TYPE + " " + text + "\\n")
  const look = () => fs.existsSync(${JSON.stringify(join(root, "hold"))}) ? setTimeout(look, 5) : done()
  const done = () => console.log(JSON.stringify({ artifacts: { said: text } }))
  look()`
const commands = (root: string) => {
  const command = [node, "-e", script(root)]
  return { "report.build": { command }, "wiki.build": { command } }
}

it(
  "§15.3 the types of the plan are worked on by its commands; a payload is data, and other types are left alone",
  working(commands, [], async ({ ended, get, job, post, root, said }) => {
    const payload = { command: ["touch", join(root, "owned")], "$(touch owned)": "`touch owned`" }
    for (const job_type of ["report.build", "wiki.build", "rpi.run"])
      expect((await post("/v1/jobs", { job_type, job_id: job_type, payload })).status).toBe(202)
    await ended("report.build", "job.completed")
    await ended("wiki.build", "job.completed")
    expect(await job("report.build")).toMatchObject({
      status: "completed",
      artifacts: { said: JSON.stringify(payload) },
    })
    expect(await job("rpi.run")).toMatchObject({ status: "queued" })
    expect(readFileSync(join(root, "ran"), "utf8").trim().split("\n").toSorted()).toEqual(
      ["report.build", "wiki.build"].map((type) => `${type} ${JSON.stringify(payload)}`),
    )
    expect(existsSync(join(root, "owned"))).toBe(false)
    const metrics = (await get("/waybill/v1/metrics")).text
    expect(metrics).toContain('waybill_worker_events_total{event="completed",job_type="report.build"} 1')
    expect(said()).toContain('"a job is completed"')
  }),
)

it(
  "SIGTERM lets running work end",
  working(commands, ["--grace", "20s"], async ({ end, ended, job, post, root }) => {
    writeFileSync(join(root, "hold"), "")
    await post("/v1/jobs", { job_type: "wiki.build", job_id: "a" })
    await ended("a", "job.claimed")
    expect(await job("a")).toMatchObject({ status: "running" })
    const ending = end("SIGTERM")
    rmSync(join(root, "hold"))
    expect(await ending).toBe(0)
    const ledger = readFileSync(join(root, ".agents/daemon/ledger.jsonl"), "utf8")
    expect(ledger).toContain('"event_type":"job.completed"')
  }),
)

it(
  "§15.3 work that outlasts the grace is ended and handed back",
  working(commands, ["--grace", "100ms"], async ({ end, ended, post, root }) => {
    writeFileSync(join(root, "hold"), "")
    await post("/v1/jobs", { job_type: "wiki.build", job_id: "a" })
    await ended("a", "job.claimed")
    expect(await end("SIGTERM")).toBe(0)
    const ledger = readFileSync(join(root, ".agents/daemon/ledger.jsonl"), "utf8")
    expect(ledger.trim().split("\n").at(-1)).toContain('"event_type":"job.lease_expired"')
  }),
)

const settled = (agent: string) => () => ({
  "report.build": {
    settle: {
      agent: [node, "-e", agent],
      candidate: "report.txt",
      schema: "text/v1",
      verify: [
        [node, "-e", 'console.log(JSON.stringify({ checks: [{ name: "any", status: "passed" }] }))'],
        ["grep", "-q", "n=7"],
      ],
    },
  },
})
const asking = { job_type: "report.build", job_id: "r1", payload: { terminal_artifact: { schema: "text/v1" }, n: 7 } }

it(
  "a job that asks for a terminal artifact is settled in its own stream, and its result names the digest; a verifier that exits with 1 rejects, as with `settle --verify`",
  working(
    settled(
      'require("fs").writeFileSync("report.txt", "n=" + JSON.parse(require("fs").readFileSync("payload.json")).n)',
    ),
    [],
    async ({ ended, get, job, post }) => {
      await post("/v1/jobs", asking)
      const facts = await ended("r1", "job.completed")
      expect(facts).toEqual(expect.arrayContaining(["workspace_job.requested", "workspace_job.verified"]))
      expect(await job("r1")).toMatchObject({
        artifacts: { terminal_artifact_sha256: `sha256:${createHash("sha256").update("n=7").digest("hex")}` },
      })
      await post("/v1/jobs", { ...asking, job_id: "r2", payload: { ...asking.payload, n: 8 } })
      expect(await ended("r2", "job.failed")).toContain("workspace_job.verifier_rejected")
      const status = listIn((await get("/v1/status")).json(), "queue", "jobs")
      expect(status).toEqual([
        expect.objectContaining({ job_id: "r1", status: "completed" }),
        expect.objectContaining({ job_id: "r2", status: "failed" }),
      ])
    },
  ),
)

it(
  "a settlement that is cancelled by the route is ended, with its agent and its open attempt",
  working(settled("setInterval(() => {}, 1000)"), ["--lease", "4s"], async ({ ended, job, post }) => {
    await post("/v1/jobs", asking)
    await ended("r1", "workspace_job.requested")
    expect((await post("/v1/jobs/r1/cancel", { reason: "not needed" })).json()).toMatchObject({ outcome: "cancelled" })
    const facts = await ended("r1", "workspace_job.failed")
    expect(facts).toContain("job.cancelled")
    expect(await job("r1")).toMatchObject({ status: "cancelled" })
  }),
)
