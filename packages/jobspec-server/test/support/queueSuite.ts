/** What the queue promises over HTTP, on any number of servers over one ledger. */
import { Agent } from "node:http"
import { expect } from "vitest"
import { type Answered, ask, listIn } from "./client.ts"

export interface Peer {
  readonly url: string
  readonly token: string
}

interface Desk {
  readonly post: (path: string, body: object) => Promise<Answered>
  readonly get: (path: string) => Promise<Answered>
}

/** Requests that go to each server in turn, over connections that stay. */
const deskOf = (peers: ReadonlyArray<Peer>, agent: Agent): Desk => {
  let turn = 0
  const next = (): Peer => {
    const peer = peers[turn++ % peers.length]
    if (peer === undefined) throw new TypeError("there is no server")
    return peer
  }
  return {
    post: (path, body) => {
      const { token, url } = next()
      return ask(url, { method: "POST", path, body, agent, headers: { Authorization: `Bearer ${token}` } })
    },
    get: (path) => ask(next().url, { path, agent }),
  }
}

/** Runs the suite; `jobs` and `workers` say how large. */
export const queueSuite = async (peers: ReadonlyArray<Peer>, jobs: number, workers: number): Promise<void> => {
  const agent = new Agent({ keepAlive: true, maxSockets: workers })
  const desk = deskOf(peers, agent)
  try {
    // Every key is sent twice at the same time: one job each.
    const keys = Array.from({ length: jobs }, (_, n) => `key-${n}`)
    const submitted = await Promise.all(
      [...keys, ...keys].map((idempotency_key) => desk.post("/v1/jobs", { job_type: "wiki.build", idempotency_key })),
    )
    expect(submitted.map(({ status }) => status)).toEqual(submitted.map(() => 202))
    const ids = submitted.map(({ json }) => String(json()["job_id"]))
    expect(ids.slice(jobs)).toEqual(ids.slice(0, jobs))
    expect(new Set(ids).size).toBe(jobs)

    // Nobody holds what another holds, and everything is worked on once.
    const held: Array<string> = []
    const worker = async (): Promise<void> => {
      for (;;) {
        const claimed = await desk.post("/waybill/v1/claims", { job_types: ["wiki.build"] })
        if (claimed.status === 204) return
        expect(claimed.status).toBe(200)
        const { claim_token, job_id, lease_epoch } = claimed.json()
        held.push(String(job_id))
        const path = `/waybill/v1/jobs/${String(job_id)}`
        const stale = await desk.post(`${path}/complete`, { claim_token, lease_epoch: Number(lease_epoch) + 1 })
        expect(stale.status).toBe(409)
        expect((await desk.post(`${path}/complete`, { claim_token, lease_epoch })).status).toBe(200)
      }
    }
    await Promise.all(Array.from({ length: workers }, worker))
    expect(held).toHaveLength(jobs)
    expect(new Set(held).size).toBe(jobs)

    // A server that waits hears of what another recorded.
    const waiting = desk.post("/waybill/v1/claims", { job_types: ["eval.suite"], wait: "30s" })
    await desk.post("/v1/jobs", { job_type: "eval.suite", job_id: "last" })
    expect((await waiting).json()).toMatchObject({ job_id: "last", lease_epoch: 1 })
    for (const peer of peers) {
      const cancelled = await desk.post("/v1/jobs/cancel", { job_id: "last" })
      expect([peer.url === "", cancelled.json()["cancelled"]]).toEqual([false, true])
    }

    // Every server tells the same.
    const told = await Promise.all(
      peers.map(async ({ url }) => {
        const events = await ask(url, { path: "/v1/events", agent })
        const types = listIn(events.json(), "events").map(({ event_type }) => event_type)
        const count = (type: string) => types.filter((each) => each === type).length
        expect([count("job.accepted"), count("job.claimed"), count("job.completed"), count("job.cancelled")]).toEqual([
          jobs + 1,
          jobs + 1,
          jobs,
          1,
        ])
        return events.text
      }),
    )
    expect(new Set(told).size).toBe(1)
  } finally {
    agent.destroy()
  }
}
