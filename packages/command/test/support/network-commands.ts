/**
 * Handlers that use the network in every way there is.
 *
 * @module
 */
import http from "node:http"
import https from "node:https"
import { request } from "undici"
import { type Context, command } from "../../src/index.ts"
import { never } from "./hostile-commands.ts"

const SUCCESS = { description: "Done", retryable: false, side_effects: "none" } as const
const TIMEOUT = { description: "Out of time", retryable: true, side_effects: "none" } as const
const UNAVAILABLE = { description: "Not reachable", retryable: true, side_effects: "none" } as const

const get = (address: string, agent: http.Agent, signal: AbortSignal) =>
  new Promise<string>((resolve, reject) => {
    const { get: ask } = address.startsWith("https:") ? https : http
    const asked = ask(address, { agent, signal }, (response) => {
      let body = ""
      response.on("data", (chunk) => (body += String(chunk)))
      response.on("end", () => resolve(body))
      response.on("error", reject)
    })
    asked.on("error", reject)
  })

const network = (name: string, execute: (args: { readonly url: string }, ctx: Context) => Promise<unknown>) =>
  command({
    name,
    description: "Asks an address.",
    danger_level: "safe",
    has_network_io: true,
    parameters: { url: { type: "string", required: true, positional: 0, description: "Where" } },
    exit_codes: { SUCCESS, TIMEOUT, UNAVAILABLE },
    output_schema: { type: "object" },
    execute,
  })

export const network_commands = [
  network("fetch", async ({ url }, ctx) => {
    const response = await ctx.fetch(url)
    return { status: response.status, body: await response.text() }
  }),
  network("agent", async ({ url }, ctx) => ({
    body: await get(url, url.startsWith("https:") ? ctx.httpsAgent : ctx.httpAgent, ctx.signal),
  })),
  network("dispatcher", async ({ url }, ctx) => {
    const { body } = await request(url, { dispatcher: ctx.dispatcher, signal: ctx.signal })
    return { body: await body.text() }
  }),
  network("signal", async ({ url }, ctx) => {
    const response = await fetch(url, { signal: ctx.signal })
    return { body: await response.text() }
  }),
  network("own-limit", async ({ url }) => {
    await fetch(url, { signal: AbortSignal.timeout(200) })
    return {}
  }),
  network("bare", async ({ url }, ctx) => {
    const settled = await Promise.allSettled([
      // oxlint-disable-next-line waybill/network-call-needs-timeout -- this is what the test is about
      fetch(url),
      fetch(url, { signal: ctx.signal }),
      ctx.fetch(url),
      get(url, ctx.httpAgent, ctx.signal),
    ])
    return { calls: settled.length }
  }),
  network("idle", async () => never()),
]
