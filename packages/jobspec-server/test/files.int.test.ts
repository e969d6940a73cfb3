/** What a server leaves on disk (JobSpec v0 §7), as a reader of the reference daemon's folder finds it. */
import { layerNodeFiles } from "@waybill/host"
import { makeJsonlStore } from "@waybill/ledger-store"
import { Effect } from "effect"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { listIn } from "./support/client.ts"
import { accepted, writeRoot } from "./support/referenceRoot.ts"
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
