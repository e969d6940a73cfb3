import { Effect } from "effect"
import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { listIn } from "./support/client.ts"
import { clockAt, type TestServer, withServer } from "./support/server.ts"

const claims = "/waybill/v1/claims"
const submit = ({ post }: TestServer, job_id: string, job_type = "wiki.build", payload: object = {}) =>
  post("/v1/jobs", { job_id, job_type, payload })

const claim = async ({ post }: TestServer, body: object = {}) => {
  const answer = await post(claims, body)
  return answer.status === 204 ? undefined : answer.json()
}
const holdOf = (claimed: Record<string, unknown> | undefined) => ({
  claim_token: claimed?.["claim_token"],
  lease_epoch: claimed?.["lease_epoch"],
})

describe("worker routes", () => {
  const clock = clockAt("2026-04-28T12:00:00Z")
  it(
    "a job is claimed, held, completed; its token is told once and stands nowhere",
    withServer({ now_ms: () => clock.now_ms }, async (server) => {
      const { get, post } = server
      await submit(server, "a/b", "wiki.build", { x: 1 })
      const claimed = await claim(server, { job_types: ["wiki.build"], lease: "30s" })
      expect(claimed).toMatchObject({
        job_id: "a/b",
        lease_epoch: 1,
        attempt: 1,
        lease_expires_at: "2026-04-28T12:00:30Z",
        job: { status: "running", payload: { x: 1 } },
      })
      const secret = String(claimed?.["claim_token"])
      expect(secret).toMatch(/^[0-9a-f]{64}$/u)
      clock.now_ms += 20_000
      const beat = await post("/waybill/v1/jobs/a%2Fb/heartbeat", { ...holdOf(claimed), lease: 60 })
      expect(beat.json()).toMatchObject({ job: { lease_expires_at: "2026-04-28T12:01:20Z" } })
      const report = { artifacts: { page: "x.html" } }
      const done = await post("/waybill/v1/jobs/a%2Fb/complete", { ...holdOf(claimed), ...report })
      expect(done.json()).toMatchObject({ job: { status: "completed", artifacts: { page: "x.html" } } })
      expect((await post("/waybill/v1/jobs/a%2Fb/complete", holdOf(claimed))).status).toBe(200)
      for (const path of ["/v1/status", "/v1/events", "/waybill/v1/jobs/a%2Fb/facts"]) {
        const { text } = await get(path)
        expect(text).not.toContain(secret)
        expect(text).toContain(createHash("sha256").update(secret).digest("hex"))
      }
      const facts = listIn((await get("/waybill/v1/jobs/a%2Fb/facts")).json(), "events")
      expect(facts.map(({ actor, event_type }) => `${String(event_type)} ${String(actor)}`)).toEqual([
        "job.accepted ao-http:legacy",
        "job.claimed agentopsd-worker:legacy",
        "job.heartbeat agentopsd-worker:legacy",
        "job.completed agentopsd-worker:legacy",
      ])
    }),
  )
  it(
    "a hold that does not count is a 409 with its name, and changes nothing",
    withServer({ now_ms: () => clock.now_ms }, async (server) => {
      const { get, post } = server
      await submit(server, "j")
      const hold = holdOf(await claim(server))
      const refused = async (verb: string, body: object) => {
        const { json, status } = await post(`/waybill/v1/jobs/j/${verb}`, body)
        return [status, json()["code"]]
      }
      const before = (await get("/v1/events")).text
      for (const verb of ["heartbeat", "complete", "fail", "release"]) {
        expect(await refused(verb, { ...hold, claim_token: "other" })).toEqual([409, "LeaseMismatch"])
        expect(await refused(verb, { ...hold, lease_epoch: 2 })).toEqual([409, "LeaseMismatch"])
        expect(await refused(verb, {})).toEqual([409, "LeaseMismatch"])
        expect((await post(`/waybill/v1/jobs/nobody/${verb}`, hold)).status).toBe(404)
      }
      expect(await refused("claim", {})).toEqual([409, "AlreadyClaimed"])
      expect(await refused("fail", { ...hold, failure: { code: "nobody.s" } })).toEqual([400, "InvalidFailureCode"])
      expect((await refused("complete", { ...hold, artifact_refs: { a: { path: "x" } } }))[0]).toBe(400)
      expect((await refused("complete", { ...hold, artifacts: { a: 1 } }))[0]).toBe(400)
      expect((await refused("heartbeat", { ...hold, lease: "soon" }))[0]).toBe(400)
      clock.now_ms += 60_000
      expect(await refused("heartbeat", hold)).toEqual([409, "LeaseExpired"])
      expect((await get("/v1/events")).text).toBe(before)
      expect((await get("/waybill/v1/jobs/j")).json()).toMatchObject({ job: { status: "retry_waiting", attempt: 1 } })
      await post("/v1/jobs/cancel", { job_id: "j" })
      expect(await refused("heartbeat", hold)).toEqual([409, "NoClaimableJobs"])
    }),
  )
  it(
    "§16.1.7 an expired lease is claimable until the attempts are used up; then the job fails",
    withServer({ now_ms: () => clock.now_ms }, async (server) => {
      await submit(server, "j")
      for (const epoch of [1, 2, 3]) {
        expect(await claim(server)).toMatchObject({ job_id: "j", lease_epoch: epoch, attempt: epoch })
        clock.now_ms += 60_000
      }
      await submit(server, "k")
      expect(await claim(server)).toMatchObject({ job_id: "k" })
      expect((await server.get("/waybill/v1/jobs/j")).json()).toMatchObject({
        job: { status: "failed", failure: { code: "retry_exhausted" } },
      })
    }),
  )
  it(
    "a released job waits again at once; a failed one is over",
    withServer({}, async (server) => {
      await submit(server, "j")
      const released = await server.post("/waybill/v1/jobs/j/release", holdOf(await claim(server)))
      expect(released.json()).toMatchObject({ job: { status: "retry_waiting" } })
      const again = await server.post("/waybill/v1/jobs/j/claim")
      expect(again.json()).toMatchObject({ lease_epoch: 2 })
      const failed = await server.post("/waybill/v1/jobs/j/fail", {
        ...holdOf(again.json()),
        failure: { message: "no source", retryable: true },
      })
      expect(failed.json()).toMatchObject({
        job: { status: "failed", failure: { code: "request_rejected", message: "no source", retryable: true } },
      })
    }),
  )
  it(
    "who waits for a job gets the next one that fits, and 204 when none came",
    withServer({}, async (server) => {
      expect((await server.post(claims, { wait: "0s" })).status).toBe(204)
      const waiting = claim(server, { job_types: ["rpi.run"], wait: "20s" })
      const brief = claim(server, { job_types: ["eval.suite"], wait: "300ms" })
      await submit(server, "other")
      await submit(server, "mine", "rpi.run")
      expect(await waiting).toMatchObject({ job_id: "mine" })
      expect(await brief).toBeUndefined()
      for (const body of [{ wait: "61s" }, { wait: -1 }, { lease: "0s" }, { lease: "25h" }])
        expect((await server.post(claims, body)).status).toBe(400)
      expect((await server.post(claims, { job_types: [1] })).text).toContain("invalid json")
    }),
  )
  it(
    "who waits wakes when a lease ends",
    withServer({}, async (server) => {
      await submit(server, "j")
      await claim(server, { lease: "200ms" })
      expect(await claim(server, { wait: "20s" })).toMatchObject({ job_id: "j", lease_epoch: 2 })
    }),
  )
  it(
    "a claim whose answer was lost is asked again with its token: the same job, the same hold, nothing recorded",
    withServer({ now_ms: () => clock.now_ms }, async (server) => {
      await submit(server, "j")
      await submit(server, "k")
      const mine = { claim_token: "ab".repeat(32) }
      const first = await claim(server, mine)
      expect(first).toMatchObject({ ...mine, job_id: "j", lease_epoch: 1, attempt: 1 })
      const before = (await server.get("/v1/events")).text
      clock.now_ms += 30_000
      expect(await claim(server, { ...mine, wait: "20s" })).toEqual(first)
      expect((await server.post("/waybill/v1/jobs/j/claim", mine)).json()).toEqual(first)
      const second = await server.post("/waybill/v1/jobs/k/claim", mine)
      expect([second.status, second.json()["code"]]).toEqual([409, "TokenInUse"])
      expect((await server.get("/v1/events")).text).toBe(before)
      expect((await server.post("/waybill/v1/jobs/j/heartbeat", holdOf(first))).status).toBe(200)
      for (const claim_token of ["", "ab", "AB".repeat(32), `${"ab".repeat(32)} `])
        expect((await server.post(claims, { claim_token })).status).toBe(400)
    }),
  )
  it(
    "who only waits is told that there is something, and holds nothing",
    withServer({}, async (server) => {
      const wait = (body: object) => server.post(`${claims}/wait`, body)
      expect((await wait({})).status).toBe(204)
      const waiting = wait({ job_types: ["rpi.run"], wait: "20s" })
      await submit(server, "other")
      await submit(server, "mine", "rpi.run")
      expect((await waiting).json()).toEqual({ claimable: true })
      expect((await wait({ wait: "20s" })).json()).toEqual({ claimable: true })
      expect((await server.get("/waybill/v1/jobs/mine")).json()).toMatchObject({ job: { status: "queued" } })
    }),
  )
  it(
    "who waits when the server stops is told to come back",
    withServer({}, async (server) => {
      const waiting = server.post(`${claims}/wait`, { wait: "20s" })
      const isWaiting = async () => (await server.get("/waybill/v1/metrics")).text.includes("waybill_followers 1\n")
      while (!(await isWaiting())) await server.get("/v1/health")
      await Effect.runPromise(server.drain(20_000))
      const { headers, status } = await waiting
      expect([status, headers["retry-after"]]).toEqual([503, "1"])
    }),
  )
  it(
    "64 workers on 300 jobs hold every job once",
    withServer({}, async (server) => {
      await Promise.all(Array.from({ length: 300 }, (_, i) => submit(server, `j${i}`)))
      const held: Array<string> = []
      const worker = async (): Promise<void> => {
        for (let got = await claim(server); got !== undefined; got = await claim(server)) {
          held.push(`${String(got["job_id"])} ${String(got["lease_epoch"])}`)
          const done = await server.post(`/waybill/v1/jobs/${String(got["job_id"])}/complete`, holdOf(got))
          expect(done.status).toBe(200)
        }
      }
      await Promise.all(Array.from({ length: 64 }, worker))
      expect(held).toHaveLength(300)
      expect(new Set(held).size).toBe(300)
      expect(held.every((each) => each.endsWith(" 1"))).toBe(true)
    }),
  )
})
