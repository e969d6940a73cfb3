/** Requests made from the surface's own document: mostly what it asks for, and everything else that one could send. */
import { Effect, Stream } from "effect"
import { expect } from "vitest"
import type { Answered, Asking } from "./client.ts"
import { type Documented, makeChecker, operationsIn, type Schema, surfaceIn } from "./openapi.ts"
import { token, type TestServer } from "./server.ts"

const refOf = (schema: Schema): string => {
  const ref = schema["$ref"]
  return typeof ref === "string" ? ref : ""
}

/** Numbers from 0 up to 1 that the seed decides (mulberry32). */
const randomFrom = (seed: number) => {
  let state = seed >>> 0
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const texts = [
  "",
  " ",
  "j1",
  "j2",
  "j3",
  "schedule",
  "ledger",
  "rpi.run",
  "wiki.build",
  "wiki.forge",
  "openclaw.snapshot",
  "nobody.s",
  "a b",
  "a/b",
  "..",
  "\u0000",
  "\ud800",
  "<&>",
  "é".repeat(200),
  "x".repeat(257),
  "0 3 * * *",
  "@every 5s",
  "__proto__",
  "30s",
  "250ms",
  "-1",
]
const values: ReadonlyArray<unknown> = [null, true, 0, -1, 1.5, 1e308, "", "x", [], {}, [null], { a: { b: [1] } }]
const types_taken = ["rpi.run", "wiki.build", "eval.suite", "dream.run"]
const raws = [
  "",
  " ",
  "{",
  "[]",
  "null",
  "nul",
  '"x"',
  "{}{}",
  '{"a":1e400}',
  "[".repeat(20_000),
  '{"job_type":"rpi.run"} x',
  "\ufeff{}",
]

/**
 * Sends so many requests, one after the other. Each answer must be as documented; only a 503 may begin with 5; and a request
 * that was refused must leave the ledger as it was.
 */
export const fuzz = async (
  server: TestServer,
  seed: number,
  count: number,
): Promise<Readonly<Record<number, number>>> => {
  const surface = surfaceIn(await server.get("/openapi.json"))
  const check = makeChecker(surface)
  const operations = operationsIn(surface)
  const random = randomFrom(seed)
  const below = (n: number): number => Math.floor(random() * n)
  const pick = <T>(from: ReadonlyArray<T>): T => from[below(from.length)] as T
  let held: { readonly job_id: string; readonly claim_token: string; readonly lease_epoch: number } | undefined

  const like = (schema: Schema, depth = 0): unknown => {
    if (random() < 0.06 || depth > 4) return pick(values)
    const name = /([^/]+)$/u.exec(refOf(schema))?.[1]
    if (name !== undefined) return like(surface.components.schemas[name] ?? {}, depth)
    if (schema["enum"] !== undefined) return pick(schema["enum"] as ReadonlyArray<unknown>)
    const types = schema["type"]
    const type = Array.isArray(types) ? pick(types as ReadonlyArray<unknown>) : types
    if (type === "string") return pick(texts)
    if (type === "integer" || type === "number") return pick([0, 1, 2, 60, -1, 1e18, 2 ** 53])
    if (type === "boolean") return random() < 0.5
    if (type === "array") return Array.from({ length: below(3) }, () => like(schema["items"] as Schema, depth + 1))
    const fields: Record<string, unknown> = {}
    for (const [field, inner] of Object.entries((schema["properties"] ?? {}) as Record<string, Schema>))
      if (field === "job_type" ? random() < 0.9 : random() < 0.6)
        fields[field] = field === "job_type" && random() < 0.7 ? pick(types_taken) : like(inner, depth + 1)
    if (random() < 0.1) fields[pick(texts)] = pick(values)
    return fields
  }

  const request = ({ method, operation, path }: Documented): Asking => {
    const job =
      random() < 0.5 && held !== undefined
        ? held.job_id
        : pick(texts.filter((text) => text !== "" && text.isWellFormed()))
    const filled = path.replaceAll(/\{[^}]+\}/gu, () => (random() < 0.03 ? "%zz" : encodeURIComponent(job)))
    const query = (operation.parameters ?? [])
      .filter((each) => each.in === "query" && random() < 0.4)
      .map(
        ({ name }) =>
          `${name}=${encodeURIComponent(name === "wait" ? pick(["0", "1ms", "x", "61"]) : pick(["", "1", "0", "-1", "99999999999999999999", " +2 ", "evt_job.accepted_j1_000001", "x"]))}`,
      )
    const schema = operation.requestBody?.content["application/json"]?.schema
    const made = schema === undefined ? undefined : like(schema)
    const isHolder = held !== undefined && made !== null && typeof made === "object" && random() < 0.5
    const body = isHolder ? { ...made, ...held } : made
    if (body !== null && typeof body === "object" && "wait" in body) body.wait = pick(["0s", 0, "1ms", "x"])
    const isRaw = random() < 0.08
    return {
      method: random() < 0.02 ? pick(["PUT", "PATCH", "HEAD", "OPTIONS"]) : method,
      path: `${random() < 0.03 ? "/" : ""}${filled}${query.length === 0 ? "" : `?${query.join("&")}`}`,
      headers: {
        ...(random() < 0.93 ? { Authorization: `Bearer ${token}` } : {}),
        ...(random() < 0.02 ? { Host: "evil.example" } : {}),
        ...(random() < 0.02 ? { Origin: "http://evil.example" } : {}),
        ...(random() < 0.05 ? { "X-AgentOps-Failpoint": "before_append" } : {}),
      },
      ...(isRaw ? { body: pick(raws) } : body === undefined ? {} : { body: JSON.stringify(body) }),
    }
  }

  let end = 0
  /** How much has been recorded since this was asked last. */
  const recorded = async (): Promise<number> => {
    const events = await Effect.runPromise(Stream.runCollect(server.ledger.read({ after: end })))
    end = events.at(-1)?.position ?? end
    return events.length
  }
  const statuses: Record<number, number> = {}
  for (let n = 0; n < count; n++) {
    const documented = pick(operations)
    const asking = request(documented)
    const answered: Answered = await server.ask(asking)
    const { status, text } = answered
    statuses[status] = (statuses[status] ?? 0) + 1
    const said = typeof asking.body === "string" ? asking.body : ""
    const where = `seed ${seed}, request ${n}: ${asking.method} ${asking.path} ${said.slice(0, 300)}`
    const isElsewhere = text.startsWith("404 page")
    if (asking.method === documented.method && !isElsewhere) expect(check(documented, answered), where).toBeUndefined()
    expect(status < 500 || status === 503, `${where}: ${status} ${text}`).toBe(true)
    const count_recorded = await recorded()
    if (status >= 400 || asking.method === "GET")
      expect(count_recorded, `${where}: ${status} changed the ledger`).toBe(0)
    const told = status === 200 && text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : {}
    const { claim_token, job_id, lease_epoch } = told
    if (typeof claim_token === "string")
      held = { job_id: String(job_id), claim_token, lease_epoch: Number(lease_epoch) }
  }
  return statuses
}
