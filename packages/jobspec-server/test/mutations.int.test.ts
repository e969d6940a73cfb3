import { describe, expect, it } from "vitest"
import type { Log } from "../src/index.ts"
import { listIn } from "./support/client.ts"
import { clockAt, type TestServer, withServer } from "./support/server.ts"

const job = { job_type: "rpi.run" }
const events = async ({ get }: TestServer) => listIn((await get("/v1/events")).json(), "events")

describe("§5.1 POST /v1/jobs", () => {
  it(
    "§5.1 the golden pair",
    withServer({}, async ({ post }) => {
      const golden = {
        request_id: "req-golden-submit",
        job_id: "job-golden-rpi",
        idempotency_key: "idem-golden-rpi",
        ...job,
      }
      const answer = await post("/v1/jobs", golden)
      expect(answer.status).toBe(202)
      expect(answer.text).toBe(
        '{"accepted":true,"request_id":"req-golden-submit","job_id":"job-golden-rpi","status":"queued",' +
          '"last_event_id":"evt_job.accepted_job-golden-rpi_000001","projection_status":"current",' +
          '"projection_lag":{"last_event_id":"evt_job.accepted_job-golden-rpi_000001","event_count":1,"corrupt_record_count":0,"degraded":false},' +
          '"idempotency_key":"idem-golden-rpi"}\n',
      )
    }),
  )
  it(
    "§5.1, §16.1.3 the first check that fails answers",
    withServer({}, async ({ ask, post }) => {
      const long = "ä".repeat(129)
      const wrong = { idempotency_key: long, job_type: "x", request_id: "a b", job_id: "schedule" }
      const text = async (body: object) => {
        const { status, text: said } = await post("/v1/jobs", body)
        return [status, (JSON.parse(said) as { error: string }).error]
      }
      expect((await ask({ method: "PUT", path: "/v1/jobs", body: "[" })).status).toBe(405)
      expect((await ask({ method: "POST", path: "/v1/jobs", body: "[" })).status).toBe(403)
      expect(await text([])).toEqual([400, "invalid json"])
      const key = await post("/v1/jobs", wrong)
      expect([key.status, key.text]).toEqual([
        400,
        '{"error":"idempotency_key exceeds MaxIdempotencyKeyBytes","max_bytes":256,"got_bytes":258}\n',
      ])
      const { idempotency_key: _, ...named } = wrong
      expect(await text(named)).toEqual([400, 'invalid job type "x"'])
      const typed = { ...named, job_type: "rpi.run" }
      expect((await text({ ...typed, payload: { goal: 1 } }))[1]).toMatch(
        /^daemon queue: invalid job payload: rpi\.run payload: /u,
      )
      expect(await text(typed)).toEqual([400, 'job_id "schedule" is reserved'])
      expect(await text({ ...typed, job_id: " schedule " })).toEqual([400, 'job_id "schedule" is reserved'])
      expect(await text({ ...typed, job_id: "j" })).toEqual([400, 'request_id "a b" must not contain whitespace'])
      expect(await text({ ...typed, job_id: "j", request_id: " " })).toEqual([400, "request_id is required"])
    }),
  )
  it(
    "§5.1, §16.1.4 a repetition by key or id answers the job that is there and appends nothing, also with a bad request id",
    withServer({}, async (server) => {
      const { post } = server
      const first = { ...job, request_id: "r1", job_id: " j1 ", idempotency_key: "k" }
      await post("/v1/jobs", first)
      const repeated = [
        { ...job, idempotency_key: "k", request_id: "a b" },
        { ...job, job_id: "j1" },
        { job_type: "wiki.forge", job_id: "j1" },
      ]
      for (const body of repeated) {
        const { json, status } = await post("/v1/jobs", body)
        expect(status).toBe(202)
        expect(json()).toMatchObject({ accepted: true, job_id: "j1", request_id: "r1", idempotency_key: "k" })
      }
      expect(await events(server)).toHaveLength(1)
    }),
  )
  it(
    "§18.2 two hundred submissions without ids at the same time are two hundred jobs",
    withServer({}, async (server) => {
      const asked = Array.from({ length: 200 }, (_, i) => server.post("/v1/jobs", { ...job, idempotency_key: `k${i}` }))
      const answers = await Promise.all(asked)
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202))
      expect(answers.map(({ json }) => json()["idempotency_key"])).toEqual(answers.map((_, i) => `k${i}`))
      expect(new Set(answers.map(({ json }) => json()["job_id"])).size).toBe(200)
      expect(await events(server)).toHaveLength(200)
    }),
  )
})

describe("§5.2, §5.3 cancel", () => {
  it(
    "§5.2, §16.1.8 each state has its outcome; a cancellation appends once",
    withServer({}, async (server) => {
      const { post } = server
      const cancel = async (body: object | string) => {
        const { json, status } = await post("/v1/jobs/cancel", body)
        return [status, json()]
      }
      expect(await cancel("")).toEqual([400, { error: "invalid json" }])
      expect(await cancel({})).toEqual([400, { error: "job_id is required" }])
      expect(await cancel({ job_id: "j" })).toEqual([404, { error: "daemon queue: job not found" }])
      await post("/v1/jobs", { ...job, job_id: "j", request_id: "r" })
      expect(await cancel({ job_id: " j " })).toEqual([404, { error: "daemon queue: job not found" }])
      expect(await cancel({ job_id: "j", request_id: "a b" })).toEqual([
        400,
        { error: 'request_id "a b" must not contain whitespace' },
      ])
      const [status, first] = await cancel({ job_id: "j", reason: " enough " })
      expect([status, first]).toMatchObject([
        202,
        {
          cancelled: true,
          outcome: "cancelled",
          job: { job_id: "j", status: "cancelled" },
          projection_status: "current",
        },
      ])
      expect((await cancel({ job_id: "j", request_id: "a b" }))[1]).toMatchObject({
        cancelled: true,
        outcome: "already_terminal_cancelled",
      })
      const recorded = await events(server)
      expect(recorded.map(({ event_type, request_id }) => [event_type, request_id])).toEqual([
        ["job.accepted", "r"],
        ["job.cancelled", "r"],
      ])
      expect(recorded[1]).toMatchObject({ payload: { reason: "enough", result_status: "cancelled" } })
    }),
  )
  it(
    "§5.3 the path names the job; the body may be missing, and must not name another",
    withServer({}, async ({ ask, post }) => {
      await post("/v1/jobs", { ...job, job_id: "a b" })
      const cancel = async (path: string, body?: object | string) => {
        const { json, status } = await post(path, body)
        return [status, json()]
      }
      expect(await cancel("/v1/jobs/a%20b/cancel", "{")).toEqual([400, { error: "invalid json" }])
      expect(await cancel("/v1/jobs/a%20b/cancel", { job_id: "x" })).toEqual([
        400,
        { error: "job_id does not match path" },
      ])
      expect(await cancel("/v1/jobs/%20/cancel")).toEqual([400, { error: "job_id is required" }])
      expect((await cancel("/v1/jobs/a%2Fb/cancel"))[1]).toEqual({
        error: "daemon mutation denied: path outside mutation scope",
      })
      for (const body of ["", " \n", "null", { job_id: " a b " }])
        expect(await cancel("/v1/jobs/%20a%20b/cancel", body)).toMatchObject([202, { cancelled: true }])
      expect((await ask({ method: "POST", path: "/jobs/a%20b/cancel" })).status).toBe(404)
    }),
  )
})

describe("§5.4 the trigger, under both names", () => {
  for (const [route, title, snapshot] of [
    ["/openclaw/v1", "OpenClaw", "openclaw.snapshot"],
    ["/consumer/v1", "Consumer", "consumer.snapshot"],
  ] as const)
    it(
      `§5.4 ${route} takes what is on its list, shares keys with submission, and says its own name`,
      withServer({}, async ({ post }) => {
        const refused = { error: `job_type is not allowlisted for ${title} trigger` }
        for (const job_type of ["rpi.phase", "nobody.s", ""]) {
          const answer = await post(`${route}/triggers/jobs`, { job_type, idempotency_key: "x".repeat(300) })
          expect([answer.status, answer.json()]).toEqual([400, refused])
        }
        await post("/v1/jobs", { job_type: "rpi.phase", idempotency_key: "k", job_id: "p" })
        for (const job_type of ["rpi.run", "dream.run", "wiki.forge", snapshot])
          expect((await post(`${route}/triggers/jobs`, { job_type })).json()).toMatchObject({
            accepted: true,
            job_type,
          })
        const shared = await post(`${route}/triggers/jobs`, { ...job, idempotency_key: "k" })
        expect([shared.status, Object.keys(shared.json())]).toEqual([
          202,
          [
            "accepted",
            "request_id",
            "job_id",
            "job_type",
            "status",
            "last_event_id",
            "snapshot_status",
            "idempotency_key",
          ],
        ])
        expect(shared.json()).toMatchObject({ job_id: "p", job_type: "rpi.phase", snapshot_status: "current" })
      }),
    )
})

describe("§5.5, §3.6 schedules", () => {
  const nightly = { name: "nightly", cron: "0 3 * * *", job_type: "rpi.run" }
  it(
    "§5.5 each mistake is named, in order; unknown fields are refused",
    withServer({}, async ({ post }) => {
      const said = async (body: object | string) => {
        const { json, status } = await post("/v1/schedules", body)
        return [status, json()["error"]]
      }
      for (const body of [
        "",
        "{",
        "[]",
        { ...nightly, extra: 1 },
        { ...nightly, timeout: "1" },
        { ...nightly, timeout: -1 },
        { ...nightly, backpressure: { x: 1 } },
      ])
        expect(await said(body)).toEqual([400, expect.stringMatching(/^invalid json: /u)])
      expect(await said({})).toEqual([400, "schedule name is required"])
      for (const name of ["a/b", "a\\b", ".."])
        expect(await said({ name })).toEqual([400, "schedule name must not contain path separators or '..'"])
      expect(await said({ name: "a" })).toEqual([400, "cron is required"])
      for (const cron of [
        "* * * * * *",
        "61 * * * *",
        "@never",
        "nonsense",
        "@every 1ms",
        "CRON_TZ=No/Where 0 0 * * *",
      ])
        expect(await said({ name: "a", cron })).toEqual([
          400,
          expect.stringContaining(`invalid cron ${JSON.stringify(cron)}: `),
        ])
      expect(await said({ name: "a", cron: "@daily" })).toEqual([400, "job_type is required"])
      expect((await said({ ...nightly, job_type: "x" }))[1]).toBe('invalid payload: invalid job type "x"')
      expect((await said({ ...nightly, payload: { goal: 1 } }))[1]).toMatch(/^invalid payload: /u)
    }),
  )
  it(
    "§5.5 a name exists once, however many ask; §3.6 the list is in the order of creation; deleting says the same twice",
    withServer({}, async ({ ask, get, post }) => {
      const created = await Promise.all([1, 2, 3].map(() => post("/v1/schedules", nightly)))
      expect(created.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 409, 409])
      expect(created.map(({ text }) => text).sort()).toEqual([
        '{"error":"schedule \\"nightly\\" already exists"}\n',
        '{"error":"schedule \\"nightly\\" already exists"}\n',
        '{"name":"nightly"}\n',
      ])
      const every = {
        ...nightly,
        name: "a",
        cron: "CRON_TZ=Europe/Berlin */5 * * * *",
        payload: { goal: "x" },
        timeout: 1e9,
      }
      expect((await post("/v1/schedules", { ...every, backpressure: { skip_if_running: true } })).status).toBe(201)
      expect((await post("/v1/schedules", { ...nightly, name: "b", cron: "@every 1s" })).status).toBe(201)
      const listed = listIn((await get("/v1/schedules")).json(), "schedules")
      expect(listed).toEqual([
        { ...nightly, backpressure: { skip_if_running: false, max_queue_depth: 0 } },
        { ...every, backpressure: { skip_if_running: true, max_queue_depth: 0 } },
        { ...nightly, name: "b", cron: "@every 1s", backpressure: { skip_if_running: false, max_queue_depth: 0 } },
      ])
      const remove = async (name: string) => {
        const { json, status } = await ask({
          method: "DELETE",
          path: `/v1/schedules/${name}`,
          headers: { Authorization: "Bearer s3cret-of-the-tests" },
        })
        return [status, json()]
      }
      for (const name of ["nightly", "nightly", "nobody"])
        expect(await remove(name)).toEqual([200, { name, deleted: true }])
      expect((await remove("a%2Fb"))[0]).toBe(400)
      expect(listIn((await get("/v1/schedules")).json(), "schedules")).toHaveLength(2)
      const recorded = listIn((await get("/v1/events")).json(), "events")
      expect(recorded.map(({ actor, event_type }) => `${String(actor)} ${String(event_type)}`).slice(-2)).toEqual([
        "agentopsd-scheduler schedule.created",
        "agentopsd-scheduler schedule.deleted",
      ])
    }),
  )
})

describe("§5.6 failpoints", () => {
  const header = (value: string) => ({ "X-AgentOps-Failpoint": value })
  it(
    "§5.6 unless the server was started for it, the header does nothing",
    withServer({}, async ({ post }) => {
      for (const each of ["before_append", "after_append_before_ack", "projection_rebuild"])
        expect((await post("/v1/jobs", job, header(each))).json()).toMatchObject({ projection_status: "current" })
    }),
  )
  it("what a route refuses on purpose is no error in the log, whatever its status", async () => {
    const said: Array<unknown> = []
    const log: Log = (level, message, fields) => void said.push([level, message, fields])
    await withServer({ hasFailpoints: true, log }, async ({ post }) => {
      expect((await post("/v1/jobs", job, header("before_append"))).status).toBe(503)
    })()
    const reason = "daemon queue failpoint: before_append"
    expect(said).toEqual([["info", "a request was refused", { route: "/v1/jobs", status: 503, reason }]])
  })
  it(
    "§5.6 before the append nothing is written, after it the job is there; a repetition reaches neither",
    withServer({ hasFailpoints: true, now_ms: () => clockAt("2026-04-28T12:00:00Z").now_ms }, async (server) => {
      const { post } = server
      const fail = async (point: string, body: object, path = "/v1/jobs") => {
        const { status, text } = await post(path, body, header(point))
        return [status, text.trim()]
      }
      const before = [503, '{"error":"daemon queue failpoint: before_append"}']
      const after = [503, '{"error":"daemon queue failpoint: after_append_before_ack"}']
      expect(await fail("before_append", { ...job, job_id: "a" })).toEqual(before)
      expect(await events(server)).toHaveLength(0)
      expect((await fail("before_append", { job_type: "x" }))[0]).toBe(400)
      expect(await fail("after_append_before_ack", { ...job, job_id: "a" })).toEqual(after)
      expect(await events(server)).toHaveLength(1)
      for (const point of ["before_append", "after_append_before_ack", "nobody.s"])
        expect((await fail(point, { ...job, job_id: "a" }))[0]).toBe(202)
      expect(await fail("before_append", { job_id: "a" }, "/v1/jobs/cancel")).toEqual(before)
      expect(await fail("after_append_before_ack", { job_id: "a" }, "/v1/jobs/cancel")).toEqual(after)
      expect((await fail("before_append", { job_id: "a" }, "/v1/jobs/cancel"))[0]).toBe(202)
      const rebuilt = await post("/v1/jobs", { ...job, job_id: "b" }, header("projection_rebuild"))
      expect([rebuilt.status, rebuilt.json()]).toMatchObject([
        202,
        {
          projection_status: "degraded",
          degraded_reasons: ["projection rebuild failpoint after durable ledger append"],
        },
      ])
    }),
  )
})
