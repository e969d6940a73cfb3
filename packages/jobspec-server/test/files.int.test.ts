/** What a server leaves on disk (JobSpec v0 §7), as a reader of the reference daemon's folder finds it. */
import { layerNodeFiles } from "@waybill/host"
import { makeJsonlStore, verifyLedger } from "@waybill/ledger-store"
import { Effect } from "effect"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { type Log, runServer } from "../src/index.ts"
import { listIn } from "./support/client.ts"
import { accepted, line, writeRoot } from "./support/referenceRoot.ts"
import { folder, startServer, withRoot } from "./support/server.ts"

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)
const daemon = (root: string): string => join(root, ".agents", "daemon")
const ledger = (root: string): string => join(daemon(root), "ledger.jsonl")

describe("§7 the files", () => {
  it(
    "§7.1 the first append makes the folder and the ledger, for their owner alone",
    withRoot(
      () => undefined,
      async ({ get, post }, root) => {
        await get("/v1/status")
        expect(existsSync(join(root, ".agents"))).toBe(false)
        await post("/v1/jobs", { job_type: "rpi.run", job_id: "a" })
        expect([modeOf(daemon(root)), modeOf(ledger(root))]).toEqual(["700", "600"])
      },
    ),
  )
  it(
    "§7.4 the whole line is in the file when the submission is answered, and a repetition adds none",
    withRoot(
      () => undefined,
      async ({ post }, root) => {
        for (let n = 1; n <= 3; n++) {
          const job = { job_type: "rpi.run", job_id: `j${n}`, idempotency_key: `k${n}` }
          const { last_event_id } = (await post("/v1/jobs", job)).json()
          const text = readFileSync(ledger(root), "utf8")
          expect(text.endsWith("\n")).toBe(true)
          expect(JSON.parse(text.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({ event_id: last_event_id })
          await post("/v1/jobs", job)
          expect(readFileSync(ledger(root), "utf8")).toBe(text)
        }
      },
    ),
  )
  it("§7.5 a ledger that grows too large goes on in a new file; the old one is an archive, and is read like the rest", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const root = yield* folder
          const store = Effect.provide(makeJsonlStore({ root, rotate_bytes: 2_000 }), layerNodeFiles)
          const { get, post } = yield* startServer({ store })
          yield* Effect.promise(async () => {
            const ids = Array.from({ length: 20 }, (_, n) => `j${n}`)
            for (const job_id of ids) expect((await post("/v1/jobs", { job_type: "rpi.run", job_id })).status).toBe(202)
            const archives = readdirSync(daemon(root)).filter((name) => /^ledger\..+\.jsonl(?:\.gz)?$/u.test(name))
            expect(archives.length).toBeGreaterThan(0)
            const events = listIn((await get("/v1/events")).json(), "events")
            expect(events.map(({ job_id }) => job_id)).toEqual(ids)
            expect((await post("/v1/jobs", { job_type: "rpi.run", job_id: "j0" })).json()).toMatchObject({
              job_id: "j0",
            })
            expect(listIn((await get("/v1/events")).json(), "events")).toHaveLength(ids.length)
          })
        }),
      ),
    ))
  it("a start upon a long history of the reference saves what it folded and seals it, once", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const root = yield* folder
          const heartbeat = { claim_token: "t", lease_epoch: 1, lease_expires_at: "2026-04-28T12:01:00Z" }
          const beats = Array.from({ length: 5000 }, () => line("job.heartbeat", "a", heartbeat))
          const text = `${[accepted("a", "rpi.run"), line("job.claimed", "a", heartbeat), ...beats].join("\n")}\n`
          writeRoot(root, { active: text })
          const kept = () =>
            ["checkpoints", "index", "seals"].map((name) =>
              readdirSync(join(daemon(root), name)).map((file) => statSync(join(daemon(root), name, file)).mtimeMs),
            )
          yield* Effect.scoped(startServer({ root }))
          const first = kept()
          expect(first.filter(({ length }) => length === 0)).toEqual([])
          expect(yield* Effect.provide(verifyLedger({ root }), layerNodeFiles)).toMatchObject({
            sealed: 5002,
            unsealed: 0,
            flaws: [],
          })
          expect(readFileSync(ledger(root), "utf8")).toBe(text)
          const { get, post } = yield* startServer({ root })
          expect(kept()).toEqual(first)
          yield* Effect.promise(async () => {
            expect((await post("/v1/jobs", { job_type: "rpi.run", job_id: "b" })).status).toBe(202)
            expect((await get("/v1/ready")).json()).toMatchObject({
              ready: true,
              projection_lag: { event_count: 5003 },
            })
          })
        }),
      ),
    ))
  it("§7.6 a start upon a write that was cut off lays it aside, says so in the log, and is ready", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const root = yield* folder
          const whole = `${accepted("a", "rpi.run")}\n`
          writeRoot(root, { active: `${whole}{"torn":` })
          const said: Array<unknown> = []
          const log: Log = (level, _, fields) => void said.push([level, fields])
          const { url } = yield* runServer({ root, address: { host: "127.0.0.1", port: 0 }, log })
          expect(said).toContainEqual([
            "warn",
            { line_number: 2, error: "partial trailing line at EOF", torn_bytes: '{"torn":'.length },
          ])
          expect(readFileSync(ledger(root), "utf8")).toBe(whole)
          const [kept = ""] = readdirSync(join(daemon(root), "quarantine"))
          expect(readFileSync(join(daemon(root), "quarantine", kept), "utf8")).toBe('{"torn":')
          yield* Effect.promise(async () => {
            const ready = await fetch(`${url}/v1/ready`, { signal: AbortSignal.timeout(30_000) })
            expect(await ready.json()).toMatchObject({ ready: true, projection_lag: { event_count: 1 } })
          })
        }),
      ).pipe(Effect.provide(layerNodeFiles)),
    ))
  it(
    "§7.7 reading puts nothing in quarantine; a torn tail is copied there before it is cut for the next append",
    withRoot(
      (root) => writeRoot(root, { active: `${accepted("a", "rpi.run")}\n{"torn":` }),
      async ({ get, post }, root) => {
        const quarantine = join(daemon(root), "quarantine")
        for (const path of ["/v1/ready", "/v1/status", "/v1/events"]) await get(path)
        expect(existsSync(quarantine)).toBe(false)
        await post("/v1/jobs", { job_type: "rpi.run", job_id: "b" })
        const [name = ""] = readdirSync(quarantine)
        expect([modeOf(quarantine), modeOf(join(quarantine, name))]).toEqual(["700", "600"])
        expect(readFileSync(join(quarantine, name), "utf8")).toBe('{"torn":')
        expect(readFileSync(ledger(root), "utf8")).not.toContain("torn")
      },
    ),
  )
})
