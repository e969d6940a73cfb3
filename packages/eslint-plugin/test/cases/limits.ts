import { type Case, missing, right, strict, wrong } from "./Case.ts"

/** What counts as an explicit, finite limit. */
export const limits: ReadonlyArray<Case> = [
  right("AbortSignal.timeout", `fetch("u", { signal: AbortSignal.timeout(5000) })`),
  right("AbortSignal.timeout", `fetch("u", { signal: AbortSignal.timeout(30 * 1000) })`),
  right("AbortSignal.timeout", `fetch("u", { signal: AbortSignal.timeout(limit) })`),
  right("AbortSignal.timeout", `fetch("u", { "signal": AbortSignal.timeout(2_147_483_647) })`),
  right("AbortSignal.timeout", `const signal = AbortSignal.timeout(5); fetch("u", { signal })`),
  right("AbortSignal.timeout", `const options = { signal: AbortSignal.timeout(5) }; fetch("u", options)`),
  right("AbortSignal.timeout", `fetch("u", { ...{ signal: AbortSignal.timeout(5) } })`),
  right(
    "AbortSignal.timeout",
    `const base = { signal: AbortSignal.timeout(5) }; fetch("u", { ...base, method: "GET" })`,
  ),
  right("AbortSignal.timeout", `import { request } from "undici"; request("u", { signal: AbortSignal.timeout(1) })`),
  right("AbortSignal.timeout", `import ky from "ky"; ky("u", { signal: AbortSignal.timeout(1) })`),
  right("AbortSignal.timeout", `import got from "got"; got({ url: "u", signal: AbortSignal.timeout(1) })`),

  wrong("AbortSignal.timeout", `fetch("u", { signal: AbortSignal.timeout() })`, "infiniteTimeout"),
  wrong("AbortSignal.timeout", `const AbortSignal = mine; fetch("u", { method: AbortSignal.timeout(5) })`, missing),

  right("AbortSignal.any", `fetch("u", { signal: AbortSignal.any([user, AbortSignal.timeout(5)]) })`),
  right("AbortSignal.any", `async (ctx) => fetch("u", { signal: AbortSignal.any([ctx.signal, other]) })`, strict),
  wrong(
    "AbortSignal.any",
    `fetch("u", { signal: AbortSignal.any([new AbortController().signal]) })`,
    "signalNotBounded",
  ),
  wrong("AbortSignal.any", `fetch("u", { signal: AbortSignal.any([]) })`, missing),
  right("AbortSignal.any", `fetch("u", { signal: AbortSignal.any(signals) })`),

  right("ctx.signal", `const execute = async (args, ctx) => fetch("u", { signal: ctx.signal })`, strict),
  right("ctx.signal", `const execute = async (args, { signal }) => fetch("u", { signal })`, strict),
  right(
    "ctx.signal",
    `async function execute(args, ctx) { const { signal } = ctx; await fetch("u", { signal }) }`,
    strict,
  ),

  wrong("ctx.signal", `const execute = async (args, ctx) => fetch("u", { method: ctx.signal })`, missing),

  right(
    "AbortController",
    `const c = new AbortController(); setTimeout(() => c.abort(), 500); fetch("u", { signal: c.signal })`,
  ),
  right(
    "AbortController",
    `const c = new AbortController(); setTimeout(c.abort.bind(c), 500); fetch("u", { signal: c.signal })`,
  ),
  right(
    "AbortController",
    `async function load() { const c = new AbortController(); const t = setTimeout(() => { c.abort() }, 500)
     try { return await fetch("u", { signal: c.signal }) } finally { clearTimeout(t) } }`,
  ),
  right(
    "AbortController",
    `const { signal, ...rest } = x; const c = new AbortController(); keep(c); fetch("u", { signal: c.signal })`,
  ),
  right(
    "AbortController",
    `const run = (ctx) => { const c = new AbortController(); ctx.signal.addEventListener("abort", () => c.abort()); return fetch("u", { signal: c.signal }) }`,
  ),

  wrong(
    "AbortController",
    `const c = new AbortController(); setTimeout(() => log("slow"), 500); fetch("u", { signal: c.signal })`,
    "signalNotBounded",
  ),

  right("parameter", `const load = (url, signal) => fetch(url, { signal })`),
  right("parameter", `const load = (url, options) => fetch(url, { signal: options.signal })`),
  wrong("parameter", `const load = (url, signal) => fetch(url, { signal })`, missing, strict),

  right("ctx.fetch", `const execute = async (args, ctx) => ctx.fetch("u")`, strict),
  right(
    "ctx.fetch",
    `import { request } from "undici"; const execute = async (args, ctx) => request("u", { dispatcher: ctx.dispatcher })`,
  ),
  right(
    "ctx.fetch",
    `import http from "http"; const execute = async (args, ctx) => http.get("u", { agent: ctx.httpAgent })`,
  ),
  wrong("ctx.fetch", `import http from "http"; http.get("u", { agent: new http.Agent() })`, missing),

  right("timeout option", `import axios from "axios"; axios.get("u", { timeout: 5000 })`),
  right("timeout option", `import axios from "axios"; axios({ url: "u", timeout: 5000 })`),
  right("timeout option", `import axios from "axios"; axios.post("u", data, { timeout: 5000 })`),
  right("timeout option", `import ky from "ky"; ky.get("u", { timeout: limit })`),
  right("timeout option", `import got from "got"; got("u", { timeout: { request: 5000 } })`),
  wrong("timeout option", `import got from "got"; got("u", { timeout: { connect: 5000 } })`, missing),
  right("timeout option", `import superagent from "superagent"; superagent.get("u").timeout(500).set("a", "b")`),
  right(
    "timeout option",
    `import superagent from "superagent"; superagent.get("u").timeout({ response: 9, deadline: 500 })`,
  ),
  wrong("timeout option", `import superagent from "superagent"; superagent.get("u").timeout({ response: 9 })`, missing),
  right("timeout option", `import needle from "needle"; needle.get("u", { timeout: 500 }, f)`),

  right("undici options", `import { request } from "undici"; request("u", { headersTimeout: 5, bodyTimeout: 5 })`),
  wrong("undici options", `import { request } from "undici"; request("u", { headersTimeout: 5 })`, missing),
  wrong(
    "undici options",
    `import { request } from "undici"; request("u", { headersTimeout: 5, bodyTimeout: 0 })`,
    "infiniteTimeout",
  ),

  right(
    "http timeout",
    `import http from "http"; const r = http.get("u", { timeout: 5 }, f); r.on("timeout", () => r.destroy())`,
  ),
  right(
    "http timeout",
    `import http from "http"; http.get("u", { timeout: 5 }).once("timeout", function () { this.destroy() })`,
  ),
  right(
    "http timeout",
    `import http from "http"; const r = http.request("u"); r.setTimeout(500, () => { r.destroy(new Error("slow")) })`,
  ),
  right(
    "http timeout",
    `import http from "http"; function stop() { r.destroy() } const r = http.request("u"); r.setTimeout(500, stop)`,
  ),

  wrong(
    "http timeout",
    `import http from "http"; const r = http.get("u"); r.on("timeout", () => r.destroy())`,
    missing,
  ),

  right("net setTimeout", `import net from "net"; const s = net.connect(80); s.setTimeout(500, () => s.destroy())`),
  right(
    "net setTimeout",
    `import tls from "tls"; tls.connect(443).setTimeout(500).on("timeout", function () { this.destroy() })`,
  ),
  right(
    "net setTimeout",
    `import http2 from "http2"; const s = http2.connect("u"); s.setTimeout(500, () => s.close())`,
  ),

  wrong(
    "net setTimeout",
    `import net from "net"; const s = net.connect(80); s.on("timeout", () => s.destroy())`,
    missing,
  ),

  right("preset", `import axios from "axios"; const api = axios.create({ timeout: 500 }); api.get("/x"); api("/y")`),
  right("preset", `import got from "got"; const api = got.extend({ timeout: { request: 500 } }); api("u").json()`),
  right(
    "preset",
    `import ky from "ky"; const api = ky.create({ timeout: 500 }); const v2 = api.extend({ prefix: "2" }); v2.get("u")`,
  ),
  wrong(
    "preset",
    `import axios from "axios"; const api = axios.create({ timeout: 500 }); api.get("/x", { timeout: 0 })`,
    "infiniteTimeout",
  ),

  right(
    "Effect",
    `import { Effect } from "effect"; import { HttpClient } from "effect/http"; HttpClient.get("u").pipe(Effect.timeout("5 seconds"))`,
  ),
  right(
    "Effect",
    `import { Effect, pipe } from "effect"; import { HttpClient } from "effect/http"; pipe(HttpClient.get("u"), Effect.timeoutOption(500))`,
  ),
  right(
    "Effect",
    `import * as Effect from "effect/Effect"; import * as HttpClient from "effect/http/HttpClient"; Effect.timeout(HttpClient.get("u"), "5 seconds")`,
  ),
  right(
    "Effect",
    `import { Effect } from "effect"; import { HttpClient } from "effect/http"
     const load = Effect.gen(function* () { const r = yield* HttpClient.get("u"); return yield* r.json }).pipe(Effect.timeoutOrElse({ duration: "5 seconds", orElse: f }))`,
  ),
  right(
    "Effect",
    `import { Effect } from "effect"; import { HttpClient } from "@effect/platform"; HttpClient.get("u").pipe(Effect.timeoutFail({ duration: "5 seconds", onTimeout: f }))`,
  ),
  right(
    "Effect",
    `import { Effect } from "effect"; import { HttpClient } from "effect/http"
     const load = Effect.fn("load")(function* () { return yield* HttpClient.get("u") }, Effect.timeout("1 minute"))`,
  ),
  right(
    "Effect",
    `import { Duration, Effect } from "effect"; import { HttpClient } from "effect/http"; HttpClient.get("u").pipe(Effect.timeout(Duration.seconds(5)))`,
  ),
  wrong(
    "Effect",
    `import { Effect } from "effect"; import { HttpClient } from "effect/http"; HttpClient.get("u").pipe(Effect.timeout("Infinity"))`,
    "infiniteTimeout",
  ),
  wrong(
    "Effect",
    `import { Duration, Effect } from "effect"; import { HttpClient } from "effect/http"; HttpClient.get("u").pipe(Effect.timeout(Duration.infinity))`,
    "infiniteTimeout",
  ),
  wrong(
    "Effect",
    `import { Effect } from "effect"; import { HttpClient } from "effect/http"; HttpClient.get("u").pipe(Effect.timeout(0))`,
    "zeroAborts",
  ),

  right(
    "Effect.tryPromise",
    `import { Effect } from "effect"; Effect.tryPromise((signal) => fetch("u", { signal })).pipe(Effect.timeout("5 seconds"))`,
  ),
  wrong(
    "Effect.tryPromise",
    `import { Effect } from "effect"; Effect.tryPromise((signal) => fetch("u", { signal }))`,
    "signalNotBounded",
  ),
  wrong(
    "Effect.tryPromise",
    `import { Effect } from "effect"; Effect.tryPromise({ try: (signal) => fetch("u", { signal }), catch: f })`,
    "signalNotBounded",
  ),
  wrong(
    "Effect.tryPromise",
    `import { Effect } from "effect"; Effect.tryPromise(() => fetch("u")).pipe(Effect.timeout("5 seconds"))`,
    missing,
  ),

  right("sockets", `const ws = new WebSocket("u"); setTimeout(() => ws.close(), 500)`),
  right(
    "sockets",
    `const run = (ctx) => { const s = new EventSource("u"); ctx.signal.addEventListener("abort", () => s.close()) }`,
  ),
  right("sockets", `import WebSocket from "ws"; new WebSocket("u", { handshakeTimeout: 500 })`),

  right("pg", `import pg from "pg"; new pg.Client({ connectionTimeoutMillis: 5, query_timeout: 5 })`),
  right("pg", `import { Pool } from "pg"; new Pool({ connectionTimeoutMillis: 5, statement_timeout: 5 })`),
  wrong("pg", `import { Pool } from "pg"; new Pool({ connectionTimeoutMillis: 5 })`, missing),
  right(
    "redis",
    `import { createClient } from "redis"; createClient({ socket: { connectTimeout: 5 }, commandOptions: { timeout: 5 } })`,
  ),
  right("redis", `import Redis from "ioredis"; new Redis("u", { connectTimeout: 5, commandTimeout: 5 })`),
  wrong("redis", `import Redis from "ioredis"; new Redis({ connectTimeout: 5 })`, missing),
  right("other stores", `import mysql from "mysql2"; mysql.createPool({ connectTimeout: 5 })`),
  right("other stores", `import { MongoClient } from "mongodb"; new MongoClient("u", { timeoutMS: 5 })`),
  right(
    "other stores",
    `import { MongoClient } from "mongodb"; new MongoClient("u", { serverSelectionTimeoutMS: 5, socketTimeoutMS: 5 })`,
  ),
  wrong("other stores", `import { MongoClient } from "mongodb"; new MongoClient("u", { socketTimeoutMS: 5 })`, missing),
  right("other stores", `import postgres from "postgres"; postgres("u", { connect_timeout: 5 })`),
]
