/** A ledger's database that goes away under a running server, and comes back. */
import { findPostgres, type PostgresServer, startPostgres } from "@waybill/conformance/postgres-server"
import type { Json } from "@waybill/ledger"
import { makePostgresStore } from "@waybill/ledger-store/postgres"
import { Effect, Redacted } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { needs } from "../../../test/support/needs.ts"
import type { Log } from "../src/index.ts"
import { withServer } from "./support/server.ts"

let running: PostgresServer | undefined
beforeAll(async () => {
  if (findPostgres() !== undefined) running = await startPostgres()
}, 60_000)
afterAll(() => running?.close())

const lines: Array<{ readonly message: string; readonly fields: Readonly<Record<string, Json>> | undefined }> = []
let told: (() => void) | undefined
const log: Log = (_level, message, fields) => {
  lines.push({ message, fields })
  told?.()
}
/** Waits until the log has so many lines. */
const logged = async (count: number): Promise<ReadonlyArray<string>> => {
  while (lines.length < count) await new Promise<void>((resolve) => (told = resolve))
  return lines.map(({ message }) => message)
}

const url = Effect.sync(() => Redacted.make(running?.url ?? ""))
const store = Effect.flatMap(url, (at) => makePostgresStore({ url: at, patience_ms: 100 }))

needs("PostgreSQL (initdb and postgres)", () => findPostgres() !== undefined)(it)(
  "a database that is gone is a 503 with Retry-After on every route that needs it, said once in the log, and over by itself",
  withServer({ store, log }, async ({ get, post }) => {
    const submit = (idempotency_key: string) => post("/v1/jobs", { job_type: "wiki.build", idempotency_key })
    expect((await submit("before")).status).toBe(202)
    await running?.stop("fast")
    for (const asked of [
      () => get("/v1/ready"),
      () => get("/v1/status"),
      () => get("/v1/events"),
      () => submit("meanwhile"),
      () => submit("meanwhile"),
    ]) {
      const { headers, json, status } = await asked()
      expect([status, headers["retry-after"]]).toEqual([503, "2"])
      expect(json()["error"]).toMatch(/^PostgreSQL at 127\.0\.0\.1:\d+\/postgres, schema waybill: /u)
    }
    expect((await get("/v1/health")).status).toBe(200)
    const away = "the ledger cannot be reached; requests are answered 503 until it is"
    expect(await logged(1)).toEqual([away])
    await running?.start()
    expect(await logged(2)).toEqual([away, "the ledger is reached again"])
    expect((await submit("meanwhile")).status).toBe(202)
    expect((await get("/v1/ready")).status).toBe(200)
    expect(JSON.stringify(lines)).not.toContain(running?.password)
  }),
  60_000,
)
