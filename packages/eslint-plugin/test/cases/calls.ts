import { type Case, missing, right, ts, wrong } from "./Case.ts"

/** Which calls count, group by group. */
export const calls: ReadonlyArray<Case> = [
  wrong("fetch", `fetch("u")`, missing),
  wrong("fetch", `fetch("u", {})`, missing),
  wrong("fetch", `fetch("u", { method: "POST" })`, missing),
  wrong("fetch", `await globalThis.fetch("u")`, missing),
  wrong("fetch", `window.fetch("u")`, missing),
  wrong("fetch", `globalThis["fetch"]("u")`, missing),
  wrong("fetch", `const f = fetch; f("u")`, missing),
  wrong("fetch", `const f = globalThis.fetch; const g = f; g("u")`, missing),
  wrong("fetch", `fetch?.("u")`, missing),
  wrong("fetch", `(fetch)("u")`, missing),
  wrong("fetch", `fetch!("u")`, missing, ts),
  wrong("fetch", `(fetch as typeof fetch)("u")`, missing, ts),
  wrong("fetch", `(fetch satisfies unknown)("u")`, missing, ts),
  wrong("fetch", `import { fetch } from "undici"; fetch("u")`, missing),
  wrong("fetch", `import fetch from "node-fetch"; fetch("u")`, missing),
  wrong("fetch", `const fetch = require("cross-fetch"); fetch("u")`, missing),
  wrong("fetch", `import load from "cross-fetch"; load("u").then((r) => r.json())`, missing),
  right("fetch", `fetch(new Request("u", { signal: AbortSignal.timeout(500) }))`),
  wrong("fetch", `fetch(new Request("u"))`, missing),
  right("fetch", `import fetch from "node-fetch"; fetch("u", { signal: AbortSignal.timeout(500) })`),

  wrong("undici", `import { request } from "undici"; request("u")`, missing),
  wrong("undici", `import * as undici from "undici"; undici.stream("u", {}, f)`, missing),
  wrong("undici", `const { pipeline: p } = require("undici"); p("u", { method: "GET" }, f)`, missing),
  wrong("undici", `const { upgrade } = await import("undici"); upgrade("u")`, missing),
  wrong(
    "undici",
    `import { Client } from "undici"; const c = new Client("o"); await c.request({ path: "/" })`,
    missing,
  ),
  wrong("undici", `import { Pool } from "undici"; new Pool("o").request({ path: "/" })`, missing),
  right(
    "undici",
    `import { Client } from "undici"; const c = new Client("o"); c.request({ path: "/", signal: AbortSignal.timeout(9) })`,
  ),
  right(
    "undici",
    `import { Pool } from "undici"; const p = new Pool("o", { headersTimeout: 100, bodyTimeout: 100 }); p.request({ path: "/" })`,
  ),
  wrong(
    "undici",
    `import { Pool } from "undici"; const p = new Pool("o", { headersTimeout: 100 }); p.request({ path: "/" })`,
    missing,
  ),

  wrong("core", `import http from "node:http"; http.get("u", (answer) => answer)`, missing),
  wrong("core", `import * as https from "https"; https.request({ host: "h" })`, missing),
  wrong("core", `import { get as fetchIt } from "node:https"; fetchIt("u")`, missing),
  wrong("core", `const { request } = require("http"); request("u")`, missing),
  wrong("core", `import http = require("http"); http.get("u")`, missing, ts),
  wrong("core", `import http2 from "node:http2"; http2.connect("u")`, missing),
  wrong("core", `import net from "node:net"; net.connect(80, "h")`, missing),
  wrong("core", `import { createConnection } from "net"; createConnection({ port: 80 })`, missing),
  wrong("core", `import tls from "node:tls"; tls.connect({ port: 443 })`, missing),
  right("core", `import net from "node:net"; net.connect({ port: 80, signal: AbortSignal.timeout(100) })`),

  wrong("clients", `import axios from "axios"; axios("u")`, missing),
  wrong("clients", `import axios from "axios"; axios.get("u")`, missing),
  wrong("clients", `import axios from "axios"; axios.post("u", { timeout: 5 })`, missing),
  wrong("clients", `import axios from "axios"; const api = axios.create({ baseURL: "u" }); api.get("/x")`, missing),
  wrong("clients", `import got from "got"; got("u").json()`, missing),
  wrong("clients", `import got from "got"; got.post("u", { json: {} })`, missing),
  wrong("clients", `import ky from "ky"; ky.get("u")`, missing),
  wrong("clients", `import superagent from "superagent"; superagent.get("u").set("a", "b")`, missing),
  wrong("clients", `import needle from "needle"; needle.get("u", (error) => error)`, missing),
  wrong("clients", `const needle = require("needle"); needle("get", "u")`, missing),

  wrong("Effect", `import { HttpClient } from "effect/http"; HttpClient.get("u")`, missing),
  wrong("Effect", `import { HttpClient } from "effect/http"; const load = () => HttpClient.execute(request)`, missing),
  wrong("Effect", `import { HttpClient } from "@effect/platform"; HttpClient.post("u").pipe(Effect.retry(2))`, missing),
  wrong("Effect", `import * as HttpClient from "effect/unstable/http/HttpClient"; HttpClient.del("u")`, missing),
  wrong(
    "Effect",
    `import { Effect } from "effect"; import { HttpClient } from "effect/http"
    Effect.gen(function* () { const client = yield* HttpClient.HttpClient; return yield* client.get("u") })`,
    missing,
  ),

  wrong("sockets", `new WebSocket("u")`, missing),
  wrong("sockets", `const source = new EventSource("u"); source.onmessage = f`, missing),
  wrong("sockets", `import WebSocket from "ws"; new WebSocket("u")`, missing),
  wrong("sockets", `import { WebSocket } from "ws"; new WebSocket("u", { maxPayload: 1 })`, missing),

  wrong("stores", `import pg from "pg"; new pg.Client()`, missing),
  wrong("stores", `import { Pool } from "pg"; new Pool({ connectionString: "c" })`, missing),
  wrong("stores", `import postgres from "postgres"; postgres("u")`, missing),
  wrong("stores", `import mysql from "mysql2/promise"; mysql.createConnection({ host: "h" })`, missing),
  wrong("stores", `import { createClient } from "redis"; createClient({ url: "u" })`, missing),
  wrong("stores", `import Redis from "ioredis"; new Redis("u")`, missing),
  wrong("stores", `import { MongoClient } from "mongodb"; new MongoClient("u")`, missing),

  wrong("own", `import { call } from "@acme/rpc"; call("x")`, missing, {
    options: { additionalSinks: [{ module: "@acme/rpc", export: "call", accepts: ["deadline", "signal"] }] },
  }),
  right("own", `import { call } from "@acme/rpc"; call("x", { deadline: 500 })`, {
    options: { additionalSinks: [{ module: "@acme/rpc", export: "call", accepts: ["deadline", "signal"] }] },
  }),
  right("own", `import rpc from "@acme/rpc"; new rpc.Client({ signal: AbortSignal.timeout(500) })`, {
    options: { additionalSinks: [{ module: "@acme/rpc", export: "Client", accepts: ["signal"] }] },
  }),
  wrong("own", `import rpc from "@acme/rpc"; rpc("x", { limit: 0 })`, "infiniteTimeout", {
    options: { additionalSinks: [{ module: "@acme/rpc", export: "default", accepts: ["limit"] }] },
  }),
]
