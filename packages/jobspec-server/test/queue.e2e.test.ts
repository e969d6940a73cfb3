import { findPostgres } from "@waybill/conformance/postgres-server"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { needs } from "../../../test/support/needs.ts"
import { ask, listIn } from "./support/client.ts"
import { startProgram } from "./support/program.ts"
import { queueOnPostgres } from "./support/queueOnPostgres.ts"
import { queueSuite } from "./support/queueSuite.ts"
import { folder } from "./support/server.ts"

const inFolder = (body: (root: string) => Promise<void>) => (): Promise<void> =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(folder, (root) => Effect.promise(() => body(root)))))

it(
  "the queue over HTTP, on files: 64 workers on 1 000 jobs hold each epoch once",
  inFolder(async (root) => {
    const { end, first, token } = await startProgram(["--root", root, "--addr", "127.0.0.1:0"])
    try {
      await queueSuite([{ url: first.url, token }], 1000, 64)
    } finally {
      expect(await end("SIGTERM")).toBe(0)
    }
  }),
  60_000,
)

needs("PostgreSQL (initdb and postgres)", () => findPostgres() !== undefined)(it)(
  "the same suite on PostgreSQL: two servers on one database, workers in both",
  inFolder((folder) => queueOnPostgres(folder, 150, 16)),
  90_000,
)

it(
  "§16.1.3 killed in the middle of a load, every acknowledged submission is there once, and whatever was not lands once by its key",
  inFolder(async (root) => {
    const acknowledged = new Map<string, string>()
    const all: Array<string> = []
    for (let life = 0; life < 3; life++) {
      const { end, first, token } = await startProgram(["--root", root, "--addr", "127.0.0.1:0"])
      const submit = async (idempotency_key: string): Promise<void> => {
        const headers = { Authorization: `Bearer ${token}` }
        const body = { job_type: "wiki.build", idempotency_key }
        const answer = await ask(first.url, { method: "POST", path: "/v1/jobs", headers, body })
        expect(answer.status).toBe(202)
        const job_id = String(answer.json()["job_id"])
        expect(acknowledged.get(idempotency_key) ?? job_id).toBe(job_id)
        acknowledged.set(idempotency_key, job_id)
      }
      // Whatever had no answer in the life before is asked for again.
      await Promise.all(all.filter((key) => !acknowledged.has(key)).map(submit))
      const keys = Array.from({ length: 400 }, (_, n) => `life-${life}-${n}`)
      all.push(...keys)
      const load = Promise.allSettled(
        Array.from({ length: 16 }, async (_, lane) => {
          for (let n = lane; n < keys.length; n += 16) {
            await submit(keys[n] ?? "")
            if (acknowledged.size >= 100 * (life + 1) && life < 2) void end("SIGKILL")
          }
        }),
      )
      await load
      if (life < 2) {
        expect(acknowledged.size).toBeLessThan(all.length)
        await end("SIGKILL")
        continue
      }
      const events = listIn((await ask(first.url, { path: "/v1/events" })).json(), "events")
      const recorded = events.map((event) => (event["payload"] as Record<string, unknown>)["idempotency_key"])
      expect(recorded).toHaveLength(all.length)
      expect(new Set(recorded)).toEqual(new Set(all))
      expect(new Map(events.map((event, i) => [String(recorded[i]), String(event["job_id"])]))).toEqual(
        new Map(events.map((_, i) => [String(recorded[i]), acknowledged.get(String(recorded[i]))])),
      )
      expect(await end("SIGTERM")).toBe(0)
    }
  }),
  60_000,
)
