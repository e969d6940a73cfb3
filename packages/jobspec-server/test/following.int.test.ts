import { layerNodeFiles } from "@waybill/host"
import { JobSpec, vocabularies } from "@waybill/jobspec"
import { Ledger } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { Effect } from "effect"
import { request } from "node:http"
import { describe, expect, it } from "vitest"
import { listIn } from "./support/client.ts"
import { type TestServer, withRoot, withServer } from "./support/server.ts"

/** Follows the ledger until so many events have come, then hangs up. */
const follow = ({ url }: TestServer, count: number, headers: Record<string, string> = {}, path = "/v1/events") =>
  new Promise<ReadonlyArray<{ readonly id: string; readonly event: string; readonly data: Record<string, unknown> }>>(
    (resolve, reject) => {
      const asked = request(`${url}${path}`, {
        agent: false,
        headers: { Accept: "text/event-stream", ...headers },
        signal: AbortSignal.timeout(20_000),
      })
      let text = ""
      asked.on("error", reject)
      asked.on("response", (response) => {
        expect(response.headers["content-type"]).toBe("text/event-stream")
        response.on("error", () => undefined)
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString("utf8")
          const records = text
            .split("\n\n")
            .slice(0, -1)
            .filter((record) => !record.startsWith(":"))
          if (records.length < count) return
          asked.destroy()
          resolve(
            records.map((record) => {
              const field = (name: string) => new RegExp(`^${name}: (.*)$`, "mu").exec(record)?.[1] ?? ""
              return {
                id: field("id"),
                event: field("event"),
                data: JSON.parse(field("data")) as Record<string, unknown>,
              }
            }),
          )
        })
      })
      asked.end()
    },
  )

/** Submits a job as another process does, of which the server hears from the ledger alone. */
const recordElsewhere = (root: string, job_id: string): Promise<unknown> =>
  Effect.gen(function* () {
    const ledger = yield* Ledger.make(yield* makeJsonlStore({ root }), vocabularies)
    return yield* ledger.transact(
      JobSpec.make().queue,
      { kind: "submit", job_type: "rpi.run", job_id },
      { actor: "elsewhere" },
    )
  }).pipe(Effect.provide(layerNodeFiles), Effect.scoped, Effect.runPromise)

describe("following the ledger", () => {
  it(
    "server-sent events begin where they are asked to and go on with what comes, in order, once each",
    withServer({}, async (server) => {
      const submit = (job_id: string) => server.post("/v1/jobs", { job_type: "rpi.run", job_id })
      await submit("a")
      await submit("b")
      const all = follow(server, 24)
      const later = follow(server, 23, { "Last-Event-ID": "1" })
      const since = follow(server, 22, {}, "/v1/events?since=evt_job.accepted_b_000002")
      for (let n = 0; n < 22; n++) await submit(`j${n}`)
      const positions = (await all).map(({ id }) => Number(id))
      expect(positions).toEqual(Array.from({ length: 24 }, (_, i) => i + 1))
      expect((await later).map(({ id }) => Number(id))).toEqual(positions.slice(1))
      expect((await since).map(({ data }) => data["job_id"])).toEqual(Array.from({ length: 22 }, (_, n) => `j${n}`))
      const [first] = await all
      expect(first).toMatchObject({ event: "job.accepted", data: { event_id: "evt_job.accepted_a_000001" } })
    }),
  )
  it(
    "a long poll answers with the first event that comes, and with none when its time is over",
    withServer({}, async (server) => {
      const waiting = server.get("/v1/events?wait=20s")
      await server.post("/v1/jobs", { job_type: "rpi.run", job_id: "a" })
      expect(listIn((await waiting).json(), "events")).toHaveLength(1)
      const last = "evt_job.accepted_a_000001"
      const none = await server.get(`/v1/events?wait=50ms&since=${last}`)
      expect(none.json()).toEqual({ events: [], last_event_id: last })
      expect((await server.get("/v1/events?wait=61s")).status).toBe(400)
    }),
  )
  it(
    "who follows says so by what is accepted, and goes on from a position or not at all",
    withServer({}, async ({ get, post }) => {
      await post("/v1/jobs", { job_type: "rpi.run", job_id: "a" })
      for (const accept of ["text/event-stream;q=0", "application/json, text/event-stream;q=0.5", "*/*", "text/*"])
        expect((await get("/v1/events", { Accept: accept })).headers["content-type"]).toBe("application/json")
      for (const seen of ["evt_job.accepted_a_000001", "-1", "1.5", "9".repeat(16)]) {
        const refused = await get("/v1/events", { Accept: "Text/Event-Stream", "Last-Event-ID": seen })
        expect([seen, refused.status]).toEqual([seen, 400])
      }
    }),
  )
  it(
    "who asks to go on after a position that the ledger has not come to is refused, whoever recorded what is there",
    withRoot(
      () => undefined,
      async (server, root) => {
        const goOn = (seen: number) =>
          server.get("/v1/events", { Accept: "text/event-stream", "Last-Event-ID": String(seen) })
        for (const seen of [1, 999_999]) {
          const refused = await goOn(seen)
          expect([seen, refused.status, refused.json()]).toEqual([seen, 400, { error: "event cursor not found" }])
        }
        await server.post("/v1/jobs", { job_type: "rpi.run", job_id: "a" })
        await recordElsewhere(root, "b")
        const following = follow(server, 1, { "Last-Event-ID": "2" })
        expect((await goOn(3)).status).toBe(400)
        await recordElsewhere(root, "c")
        expect((await following).map(({ id }) => id)).toEqual(["3"])
      },
    ),
  )
  it(
    "fifty followers of many submissions at once all see the same",
    withServer({}, async (server) => {
      const followers = Array.from({ length: 50 }, () => follow(server, 200))
      await Promise.all(
        Array.from({ length: 200 }, (_, n) => server.post("/v1/jobs", { job_type: "rpi.run", job_id: `j${n}` })),
      )
      const seen = await Promise.all(followers)
      const ids = seen.map((events) => events.map(({ id }) => id).join(" "))
      expect(new Set(ids).size).toBe(1)
      expect(new Set(seen[0]?.map(({ data }) => data["job_id"])).size).toBe(200)
    }),
  )
})
