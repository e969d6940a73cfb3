import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { listIn } from "./support/client.ts"
import { accepted, line, writeRoot } from "./support/referenceRoot.ts"
import { clockAt, withRoot, withServer } from "./support/server.ts"

const clock = () => clockAt("2026-04-28T12:00:00.500Z").now_ms
const ids = (list: ReadonlyArray<Record<string, unknown>>, name = "job_id") => list.map((each) => each[name])

describe("§3 read routes", () => {
  it(
    "§3.1, §1.4, §16.1.1 health answers whatever else is broken, in RFC 3339 without trailing zeros",
    withServer({ now_ms: clock }, async ({ get }) => {
      for (const path of ["/v1/health", "/health"])
        expect((await get(path)).text).toBe(
          '{"status":"ok","daemon":"agentopsd","read_only":true,"now":"2026-04-28T12:00:00.5Z","implementation":"waybill","version":"0.1.0"}\n',
        )
    }),
  )
  it(
    "§3.2, §16.1.2 readiness of a sound ledger; reading makes no file",
    withRoot(
      () => undefined,
      async ({ get, post }, root) => {
        const files = () => readdirSync(root, { recursive: true })
        for (const path of [
          "/v1/ready",
          "/v1/status",
          "/v1/events",
          "/openclaw/v1/snapshot/latest",
          "/waybill/v1/metrics",
        ])
          expect((await get(path)).status).toBe(200)
        expect(files()).toEqual([])
        expect((await get("/ready")).text).toBe(
          '{"ready":true,"ledger_replay_status":"complete","projection_status":"current","projection_lag":{"event_count":0,"corrupt_record_count":0,"degraded":false}}\n',
        )
        await post("/v1/jobs", { job_type: "rpi.run", job_id: "j" })
        expect((await get("/v1/ready")).json()).toMatchObject({
          projection_lag: { last_event_id: "evt_job.accepted_j_000001", event_count: 1 },
        })
      },
    ),
  )
  it(
    "§3.3, §16.1.5, §16.1.6 status shows the queue as it is in the ledger, with token, epoch, expiry and attempt",
    withServer({ now_ms: clock }, async ({ get, post }) => {
      await post("/v1/jobs", { job_type: "rpi.run", job_id: "b" })
      await post("/v1/jobs", { job_type: "wiki.build", job_id: "a" })
      await post("/waybill/v1/jobs/a/claim")
      await post("/v1/schedules", { name: "n", cron: "@daily", job_type: "rpi.run" })
      const status = (await get("/status")).json()
      expect(Object.keys(status)).toEqual(["ready", "projection_lag", "queue", "projections"])
      const jobs = listIn(status, "queue", "jobs")
      expect(ids(jobs)).toEqual(["b", "a"])
      expect(jobs[1]).toMatchObject({
        status: "running",
        claim_token: expect.stringMatching(/^[0-9a-f]{64}$/u),
        lease_epoch: 1,
        lease_expires_at: "2026-04-28T12:01:00.5Z",
        attempt: 1,
        max_attempts: 3,
      })
      expect(ids(listIn(status, "projections", "jobs"))).toEqual(["b", "a"])
      expect(listIn(status, "projections", "schedules")).toHaveLength(1)
    }),
  )
  it(
    "§3.4, §16.1.9 events follow a cursor, under a limit; the last id is the ledger's",
    withServer({}, async ({ get, post }) => {
      for (const job_id of ["a", "b", "c"]) await post("/v1/jobs", { job_type: "rpi.run", job_id })
      const last = "evt_job.accepted_c_000003"
      const page = async (query: string) => {
        const { json, status } = await get(`/v1/events${query}`)
        return status === 200 ? ids(listIn(json(), "events")).join("") : json()["error"]
      }
      const first = encodeURIComponent("evt_job.accepted_a_000001")
      expect(await page("")).toBe("abc")
      expect(await page(`?since=${first}`)).toBe("bc")
      expect(await page(`?since=%20&after_id=%20${first}%20`)).toBe("bc")
      expect(await page(`?since=${first}&after_id=nobody&since=nobody`)).toBe("bc")
      expect(await page(`?since=${last}`)).toBe("")
      expect([
        await page("?limit=1"),
        await page("?limit=%2B2"),
        await page("?limit=-0"),
        await page("?limit="),
      ]).toEqual(["a", "ab", "", "abc"])
      expect(await page("?limit=2000")).toBe("abc")
      for (const limit of ["x", "-1", "1.5", "99999999999999999999"])
        expect(await page(`?limit=${limit}`)).toBe("limit must be a non-negative integer")
      expect(await page("?since=evt_job.accepted_a_000002&limit=x")).toBe("event cursor not found")
      expect((await get(`/v1/events?limit=1`)).json()).toMatchObject({ last_event_id: last })
      const [event] = listIn((await get("/v1/events?limit=1")).json(), "events")
      expect(Object.keys(event ?? {})).toEqual([
        "schema_version",
        "event_id",
        "request_id",
        "job_id",
        "event_type",
        "occurred_at",
        "actor",
        "payload",
      ])
    }),
  )
  it(
    "§3.5 plans: a cursor nobody knows is no error, and after it is nothing",
    withServer({ now_ms: clock }, async ({ get, post }) => {
      await post("/v1/jobs", { job_type: "rpi.run", job_id: "a" })
      const last_event_id = "evt_job.accepted_a_000001"
      expect((await get("/v1/plans/diff?since=nobody&after_id=x")).json()).toEqual({ events: [], last_event_id })
      expect(listIn((await get("/v1/plans/diff?limit=5")).json(), "events")).toHaveLength(1)
      expect((await get("/v1/plans/diff?limit=x")).status).toBe(400)
      expect((await get("/v1/plans/manifest")).json()).toEqual({
        schema_version: 1,
        entries: [],
        last_event_id,
        rebuilt_at: "2026-04-28T12:00:00.5Z",
      })
    }),
  )
  it(
    "§15.2 a client of the reference finds the paths it asks for, with a base that ends in a slash",
    withServer({}, async ({ get, post }) => {
      for (const path of ["/ready", "/status", "/health", "/v1/events", "/v1/schedules", "/openclaw/v1/health"])
        expect((await get(`/${path}`)).status).toBe(200)
      expect((await post("//v1/jobs", { job_type: "rpi.run", job_id: "j" })).status).toBe(202)
      expect((await post("//v1/jobs/cancel", { job_id: "j" })).status).toBe(202)
    }),
  )
})

describe("§13 the consumer surface", () => {
  it(
    "§13, §16.1.10 both names serve the same jobs that status shows; §16.1.11 the trigger has its list",
    withServer({ now_ms: clock }, async ({ get, post }) => {
      await post("/v1/jobs", { job_type: "rpi.run", job_id: "r" })
      await post("/v1/jobs", { job_type: "wiki.forge", job_id: "w" })
      await post("/v1/jobs", { job_type: "eval.suite", job_id: "e" })
      const last = "evt_job.accepted_e_000003"
      for (const name of ["openclaw", "consumer"]) {
        const health = (await get(`/${name}/v1/health`)).json()
        expect(health).toEqual({
          status: "ok",
          ready: true,
          snapshot_id: `snap_${last}`,
          generated_at: "2026-04-28T12:00:00.5Z",
          source: { ledger: ".agents/daemon/ledger.jsonl", last_event_id: last },
          snapshot_status: "current",
          resource_counts: { runs: 1, jobs: 3, wiki: 1 },
        })
        const snapshot = (await get(`/${name}/v1/snapshot/latest`)).json()
        for (const [list, expected] of [
          ["runs", ["r"]],
          ["jobs", ["r", "w", "e"]],
          ["wiki", ["wiki-w"]],
        ] as const) {
          const own = listIn((await get(`/${name}/v1/${list}`)).json(), list)
          expect(ids(own, "resource_id")).toEqual(expected)
          expect(listIn(snapshot, "resources", list)).toEqual(own)
        }
        const refused = await post(`/${name}/v1/triggers/jobs`, { job_type: "eval.suite" })
        expect(refused.status).toBe(400)
      }
      const shown = ids(listIn((await get("/v1/status")).json(), "projections", "jobs"))
      expect(shown).toEqual(ids(listIn((await get("/openclaw/v1/jobs")).json(), "jobs")))
    }),
  )
})

describe("§7 folders of the reference daemon", () => {
  const duplicate = accepted("twice", "rpi.run")
  const newest = accepted("late", "consumer.snapshot")
  const whole = {
    archive: [
      accepted("oldest", "rpi.run"),
      line("job.claimed", "oldest", {
        claim_token: "claim_oldest-1_000002",
        lease_epoch: 1,
        attempt: 1,
        lease_expires_at: "2026-04-28T11:00:00Z",
      }),
    ],
    plainArchive: [accepted("middle", "openclaw.snapshot", { idempotency_key: "k" }), duplicate],
    active: `${[duplicate, "", line("job.completed", "middle"), newest, line("nobody.knows", "late", { x: 1 }), accepted("newer", "type.of.tomorrow")].join("\n")}\n`,
  }
  it(
    "§18.6 a claim token that the reference recorded in clear is shown to nobody",
    withRoot(
      (root) => {
        const lease = { lease_epoch: 1, attempt: 1, lease_expires_at: "2099-04-28T11:00:00Z" }
        const claimed = line("job.claimed", "a", { claim_token: "claim_a-1_000002", ...lease })
        const beat = line("job.heartbeat", "a", { claim_token: "claim_a-1_000002", ...lease })
        writeRoot(root, { active: `${[accepted("a", "rpi.run"), claimed, beat].join("\n")}\n` })
      },
      async ({ get, post }) => {
        const paths = ["/v1/events", "/v1/status", "/waybill/v1/jobs/a", "/waybill/v1/jobs/a/facts", "/v1/plans/diff"]
        const answers = await Promise.all(paths.map((path) => get(path)))
        const all = [...answers, await post("/v1/jobs/cancel", { job_id: "a" })]
        for (const { text } of all) expect(text).not.toContain("claim_a-1_000002")
        expect(all.filter(({ text }) => text.includes('"claim_token":"(redacted)"')).length).toBeGreaterThan(3)
      },
    ),
  )
  it(
    "§7.6 archives, duplicates, unknown types and both names of the consumer are read in order and left as they are",
    withRoot(
      (root) => writeRoot(root, whole),
      async ({ get, post }, root) => {
        const before = readFileSync(join(root, ".agents/daemon/ledger.jsonl"), "utf8")
        expect((await get("/v1/ready")).json()).toMatchObject({ ready: true, ledger_replay_status: "complete" })
        const status = (await get("/v1/status")).json()
        expect(
          listIn(status, "queue", "jobs").map((job) => `${String(job["job_id"])} ${String(job["status"])}`),
        ).toEqual(["oldest retry_waiting", "middle completed", "twice queued", "late queued", "newer queued"])
        const events = listIn((await get("/v1/events")).json(), "events")
        expect(ids(events)).toEqual(["oldest", "oldest", "middle", "twice", "middle", "late", "late", "newer"])
        const cursor = String(events[3]?.["event_id"])
        expect(cursor).toMatch(/^evt_job_accepted_twice_\d{6}$/u)
        for (let again = 0; again < 2; again++)
          expect(ids(listIn((await get(`/v1/events?since=${cursor}`)).json(), "events"))).toEqual([
            "middle",
            "late",
            "late",
            "newer",
          ])
        expect(readFileSync(join(root, ".agents/daemon/ledger.jsonl"), "utf8")).toBe(before)
        expect((await post("/v1/jobs", { job_type: "rpi.run", idempotency_key: "k" })).json()).toMatchObject({
          job_id: "middle",
        })
        expect((await post("/v1/jobs", { job_type: "rpi.run", job_id: "new" })).status).toBe(202)
        expect(readFileSync(join(root, ".agents/daemon/ledger.jsonl"), "utf8").startsWith(before)).toBe(true)
        expect((await post("/waybill/v1/claims", {})).json()).toMatchObject({
          job_id: "oldest",
          lease_epoch: 2,
          attempt: 2,
        })
      },
      { now_ms: clock },
    ),
  )
  it(
    "§3.2, §3.4, §4, §7.6 corrupt lines are counted and named, hold ready false and the trigger at 503; submission goes on",
    withRoot(
      (root) =>
        writeRoot(root, { active: `${accepted("a", "rpi.run")}\n{broken\n\n[]\n${accepted("b", "rpi.run")}\n` }),
      async ({ get, post }) => {
        const reason = "read-only ledger replay observed corrupt records"
        const ready = await get("/v1/ready")
        expect([ready.status, ready.json()]).toMatchObject([
          200,
          {
            ready: false,
            ledger_replay_status: "corrupt",
            projection_status: "degraded",
            projection_lag: { event_count: 2, corrupt_record_count: 2, degraded: true },
            degraded_reasons: [reason],
          },
        ])
        const events = (await get("/v1/events")).json()
        expect(ids(listIn(events, "events"))).toEqual(["a", "b"])
        expect(listIn(events, "corrupt").map(({ line_number }) => line_number)).toEqual([2, 4])
        const trigger = await post("/openclaw/v1/triggers/jobs", "not even json")
        expect([trigger.status, trigger.json()]).toMatchObject([
          503,
          { error: "daemon is not ready", projection_lag: { corrupt_record_count: 2 }, degraded_reasons: [reason] },
        ])
        const submitted = await post("/v1/jobs", { job_type: "rpi.run", job_id: "c" })
        expect([submitted.status, submitted.json()]).toMatchObject([
          202,
          { projection_status: "degraded", projection_lag: { corrupt_record_count: 2 }, degraded_reasons: [reason] },
        ])
        expect((await get("/openclaw/v1/health")).json()).toMatchObject({ ready: false, snapshot_status: "degraded" })
      },
    ),
  )
  it.each([
    ["half a line", '{"schema_version":1,"eve', ["a", "n"]],
    ["NULs", "\0".repeat(4096), ["a", "n"]],
    ["a whole line that lacks its newline", accepted("b", "rpi.run"), ["a", "b", "n"]],
  ])("§7.6 %s at the end is told as corrupt wherever the ledger is told of, until the next append", (_, tail, after) =>
    withRoot(
      (root) => writeRoot(root, { active: `${accepted("a", "rpi.run")}\n\n${tail}` }),
      async ({ get, post }) => {
        const events = (await get("/v1/events")).json()
        expect(ids(listIn(events, "events"))).toEqual(["a"])
        expect(listIn(events, "corrupt")).toEqual([{ line_number: 3, error: "partial trailing line at EOF" }])
        expect((await get("/waybill/v1/jobs/b")).status).toBe(404)
        expect((await get("/v1/ready")).json()).toMatchObject({
          ready: false,
          ledger_replay_status: "corrupt",
          projection_lag: { event_count: 1, corrupt_record_count: 1 },
        })
        expect((await get("/consumer/v1/health")).json()).toMatchObject({ ready: false })
        expect((await get("/waybill/v1/metrics")).text).toContain("\nwaybill_ledger_corrupt_records 1\n")
        await post("/v1/jobs", { job_type: "rpi.run", job_id: "n" })
        const mended = (await get("/v1/events")).json()
        expect(ids(listIn(mended, "events"))).toEqual(after)
        expect(mended).not.toHaveProperty("corrupt")
        expect((await get("/v1/ready")).json()).toMatchObject({ ready: true })
      },
    )(),
  )
  it(
    "§7.6 what the trigger's own append would see to does not refuse it",
    withRoot(
      (root) => writeRoot(root, { active: `${accepted("a", "rpi.run")}\n{"torn":` }),
      async ({ get, post }) => {
        expect((await get("/v1/ready")).json()).toMatchObject({ ready: false })
        const triggered = await post("/consumer/v1/triggers/jobs", { job_type: "wiki.forge", job_id: "t" })
        expect([triggered.status, triggered.text]).toMatchObject([202, expect.stringContaining('"t"')])
        expect((await get("/v1/ready")).json()).toMatchObject({ ready: true })
      },
    ),
  )
  it(
    "§7.6 blank bytes at the end are no damage",
    withRoot(
      (root) => writeRoot(root, { active: `${accepted("a", "rpi.run")}\n  \t` }),
      async ({ get }) => {
        expect((await get("/v1/ready")).json()).toMatchObject({ ready: true })
        expect((await get("/v1/events")).json()).not.toHaveProperty("corrupt")
      },
    ),
  )
  it(
    "§7.6, §18.5 a torn last line does not swallow the next submission",
    withRoot(
      (root) => writeRoot(root, { active: `${accepted("a", "rpi.run")}\n{"schema_version":1,"eve` }),
      async ({ get, post }) => {
        expect((await post("/v1/jobs", { job_type: "rpi.run", job_id: "b" })).status).toBe(202)
        expect(ids(listIn((await get("/v1/events")).json(), "events"))).toEqual(["a", "b"])
        expect((await get("/v1/status")).json()).toMatchObject({ queue: { jobs: [{ job_id: "a" }, { job_id: "b" }] } })
      },
    ),
  )
  it(
    "§3.5 the plans of a stored snapshot are served; a broken one is named and holds nothing else up",
    withRoot(
      (root) =>
        writeRoot(root, {
          active: `${accepted("a", "rpi.run")}\n`,
          snapshot: JSON.stringify({
            schema_version: 1,
            plans: { project_id: "p", entries: [{ beads_id: "x", title: "T" }] },
          }),
        }),
      async ({ get }, root) => {
        expect((await get("/v1/plans/manifest")).json()).toMatchObject({
          project_id: "p",
          entries: [{ beads_id: "x", title: "T" }],
        })
        writeRoot(root, {
          active: readFileSync(join(root, ".agents/daemon/ledger.jsonl"), "utf8"),
          snapshot: '{"schema_version":2}',
        })
        expect((await get("/v1/plans/manifest")).json()).toMatchObject({ entries: [] })
        expect((await get("/v1/ready")).json()).toMatchObject({
          ready: true,
          projection_status: "current",
          degraded_reasons: ["ignored stale projection snapshot: schema_version mismatch: got 2 want 1"],
        })
      },
    ),
  )
})
