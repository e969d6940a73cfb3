import { layerNodeFiles } from "@waybill/host"
import type { Store } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { Effect } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { listIn } from "./support/client.ts"
import { folder, startServer, type TestServer, type TestServerOptions } from "./support/server.ts"

/** More than a connection takes unread, in records that are large. */
const large_records = 24
const payload_characters = 900_000

const lineOf = (n: number): string =>
  JSON.stringify({
    schema_version: 1,
    event_id: `evt_job.accepted_j${n}_${String(n).padStart(6, "0")}`,
    request_id: `r${n}`,
    job_id: `j${n}`,
    event_type: "job.accepted",
    occurred_at: "2026-04-28T12:00:00Z",
    actor: "test",
    payload: { job_type: "rpi.run", job_payload: { x: "y".repeat(payload_characters) }, max_attempts: 3 },
  })

/** A server over a ledger of large records, and how many records each page held that was read to be shown. */
const withLargeRecords =
  (options: TestServerOptions, body: (server: TestServer, pages: ReadonlyArray<number>) => Promise<void>) =>
  (): Promise<void> =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const root = yield* folder
          mkdirSync(join(root, ".agents", "daemon"), { recursive: true, mode: 0o700 })
          const lines = Array.from({ length: large_records }, (_, i) => `${lineOf(i + 1)}\n`)
          writeFileSync(join(root, ".agents", "daemon", "ledger.jsonl"), lines.join(""))
          const pages: Array<number> = []
          const inner = yield* Effect.provide(makeJsonlStore({ root }), layerNodeFiles)
          const readAfter: Store["readAfter"] = (...asked) =>
            Effect.tap(inner.readAfter(...asked), ({ events }) => Effect.sync(() => void pages.push(events.length)))
          const server = yield* startServer({ ...options, store: Effect.succeed({ ...inner, readAfter }) })
          pages.length = 0
          yield* Effect.promise(() => body(server, pages))
        }),
      ),
    )

/** Asks, and takes nothing of the answer until it is resumed. */
const stuck = ({ url }: TestServer, accept = "*/*"): Socket => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.pause()
  socket.on("error", () => undefined)
  socket.write(`GET /v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: ${accept}\r\n\r\n`)
  return socket
}

const taken = (socket: Socket): Promise<number> =>
  new Promise((resolve) => {
    let bytes = 0
    socket.on("data", (chunk: Buffer) => (bytes += chunk.byteLength))
    socket.on("close", () => resolve(bytes))
    socket.resume()
  })

const unread = async ({ get }: TestServer): Promise<number> =>
  Number(/^waybill_unread_bytes (\d+)$/mu.exec((await get("/waybill/v1/metrics")).text)?.[1])

const cut = async ({ get }: TestServer, reason: "time" | "room"): Promise<number> => {
  const { text } = await get("/waybill/v1/metrics")
  return Number(new RegExp(`^waybill_readers_cut_total\\{reason="${reason}"\\} (\\d+)$`, "mu").exec(text)?.[1] ?? 0)
}

const until = async (reached: () => Promise<boolean>): Promise<void> => {
  while (!(await reached())) await new Promise((resolve) => setImmediate(resolve))
}

describe("readers that take their answers slowly, or not at all", () => {
  it(
    "large records are read one by one, no more of them than were asked for",
    withLargeRecords({}, async ({ get }, pages) => {
      expect(listIn((await get("/v1/events?limit=1")).json(), "events")).toHaveLength(1)
      expect(pages).toEqual([1])
      expect(listIn((await get("/v1/events")).json(), "events")).toHaveLength(large_records)
      expect(Math.max(...pages)).toBe(1)
    }),
  )
  it.each(["application/json", "text/event-stream"])("of %s, what is not taken is not read from the ledger", (accept) =>
    withLargeRecords({}, async (server, pages) => {
      const socket = stuck(server, accept)
      await until(async () => (await unread(server)) > 0)
      expect(Math.max(...pages)).toBe(1)
      expect(pages.length).toBeLessThan(large_records)
      expect(await unread(server)).toBeLessThan(2 * payload_characters)
      if (accept === "application/json") expect(await taken(socket)).toBeGreaterThan(large_records * payload_characters)
      socket.destroy()
    })(),
  )
  it.each(["application/json", "text/event-stream"])(
    "a reader of %s that takes nothing loses its connection",
    (accept) =>
      withLargeRecords({ outflow_ms: 50 }, async (server) => {
        const socket = stuck(server, accept)
        await until(async () => (await cut(server, "time")) === 1)
        expect(await unread(server)).toBe(0)
        expect(await taken(socket)).toBeLessThan(large_records * payload_characters)
      })(),
  )
  it(
    "a server that stops waits neither for a list nor for a stream whose reader takes nothing",
    withLargeRecords({}, async (server) => {
      const list = stuck(server)
      await until(async () => (await unread(server)) > 0)
      const held = await unread(server)
      const stream = stuck(server, "text/event-stream")
      await until(async () => (await unread(server)) > held)
      await Effect.runPromise(server.drain(3_600_000))
      for (const socket of [list, stream]) expect(await taken(socket)).toBeLessThan(large_records * payload_characters)
    }),
  )
  it(
    "where too much waits for readers, the one that has waited longest is cut off, and nobody else",
    withLargeRecords({ outflow_bytes_max: payload_characters / 2 }, async (server) => {
      const first = stuck(server)
      await until(async () => (await unread(server)) > 0)
      const second = stuck(server)
      await until(async () => (await cut(server, "room")) === 1)
      expect(await taken(second)).toBeGreaterThan(large_records * payload_characters)
      expect(await taken(first)).toBeLessThan(large_records * payload_characters)
      expect(await cut(server, "room")).toBe(1)
    }),
  )
})
