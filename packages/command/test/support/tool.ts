/**
 * A program whose handlers do what no handler should. It is started as a process of its own by the tests.
 *
 * @module
 */
import { spawn } from "node:child_process"
import { writeSync } from "node:fs"
import http from "node:http"
import { setTimeout as sleep } from "node:timers/promises"
import { defineExitCode, job_descriptor_schema } from "@waybill/command-contract"
import { CommandError, application, command, main } from "../../src/index.ts"
import { forever, hostile_commands, never } from "./hostile-commands.ts"
import { network_commands } from "./network-commands.ts"

const SUCCESS = { description: "Done", retryable: false, side_effects: "none" } as const
const NOT_FOUND = { description: "Not there", retryable: false, side_effects: "none" } as const
const PARTIAL_FAILURE = { description: "Stopped midway", retryable: false, side_effects: "partial" } as const
const QUOTA_EXHAUSTED = defineExitCode(80, "QUOTA_EXHAUSTED", SUCCESS)
const any = { type: "object" } as const

const app = application({
  name: "tool",
  version: "1.2.3",
  description: "Misbehaves on request.",
  commands: [
    ...hostile_commands,
    ...network_commands,
    command({
      name: "echo",
      description: "Answers what it is given.",
      danger_level: "safe",
      aliases: ["say"],
      parameters: {
        text: { type: "string", required: true, positional: 0, description: "What to answer" },
        times: { type: "integer", default: 1, short: "n", description: "How often" },
        mood: { type: "enum", enum_values: ["glad", "sad"], description: "How" },
        token: { type: "string", secret: true, description: "Never shown" },
      },
      requires: [{ if_flag: "mood", if_value: "sad", then_required: ["token"] }],
      examples: [{ description: "Twice", command: "tool echo hello --times 2" }],
      exit_codes: { SUCCESS, NOT_FOUND, QUOTA_EXHAUSTED },
      output_schema: { type: "object", required: ["texts"], properties: { texts: { type: "array" } } },
      execute: async ({ text, times, token }, ctx) => {
        ctx.log(`the token is ${token ?? "none"}`)
        if (text === "aloud") console.error(`printed ${token ?? "none"} twice ${token ?? "none"}.`)
        if (text === "missing") {
          throw new CommandError({
            exit: "NOT_FOUND",
            code: "TEXT_MISSING",
            message: `No text, only ${token ?? "nothing"}.`,
          })
        }
        if (text === "quota") throw new CommandError({ exit: "QUOTA_EXHAUSTED", code: "QUOTA", message: "Used up." })
        return { texts: Array.from({ length: times }, () => text), token: token ?? null }
      },
    }),
    command({
      name: "list",
      description: "Lists numbers.",
      danger_level: "safe",
      list: {},
      parameters: { count: { type: "integer", default: 45, description: "How many there are" } },
      exit_codes: { SUCCESS },
      output_schema: any,
      execute: async ({ count }, ctx) => {
        const { limit = count } = ctx.list
        ctx.page({ total: count, next_cursor: limit < count ? "next" : null })
        return { items: Array.from({ length: Math.min(limit, count) }, (_, id) => ({ id, name: `item ${id}` })) }
      },
    }),
    command({
      name: "steps",
      description: "Works in three steps.",
      danger_level: "mutating",
      steps: ["fetch", "build", "ship"],
      timeout_ms: 3_000,
      parameters: {
        end: {
          type: "enum",
          enum_values: ["well", "throw", "hang", "disorder"],
          positional: 0,
          default: "well",
          description: "How",
        },
      },
      exit_codes: { SUCCESS: { ...SUCCESS, side_effects: "complete" }, PARTIAL_FAILURE },
      output_schema: any,
      execute: async ({ end }, ctx) => {
        ctx.steps.start("fetch")
        ctx.steps.complete("fetch")
        ctx.steps.start(end === "disorder" ? "ship" : "build")
        if (end === "throw") throw new Error("the build broke")
        if (end === "hang") forever()
        ctx.steps.complete("build")
        ctx.steps.start("ship")
        ctx.steps.complete("ship")
        return { effect: "created" }
      },
    }),
    command({
      name: "wait",
      description: "Waits to be told to stop, and cleans up.",
      danger_level: "safe",
      exit_codes: { SUCCESS },
      output_schema: any,
      execute: async (_, ctx) => {
        ctx.onCleanup(() => writeSync(2, "cleaned up\n"))
        writeSync(2, "waiting\n")
        await new Promise((resolve) => setTimeout(resolve, 60_000))
        return {}
      },
    }),
    command({
      name: "stubborn",
      description: "Has a cleanup that never ends.",
      danger_level: "safe",
      exit_codes: { SUCCESS },
      output_schema: any,
      execute: async (_, ctx) => {
        ctx.onCleanup(never)
        writeSync(2, "waiting\n")
        return never()
      },
    }),
    command({
      name: "deaf",
      description: "Serves, and does not stop when it is told to.",
      danger_level: "safe",
      service: true,
      exit_codes: { SUCCESS },
      output_schema: any,
      execute: async (_, ctx) => {
        ctx.signal.addEventListener("abort", () => writeSync(2, "told to stop\n"))
        await ctx.write({ event: "waiting" })
        return never()
      },
    }),
    command({
      name: "hasty",
      description: "Serves, and has little time to stop.",
      danger_level: "safe",
      service: true,
      grace_ms: 50,
      exit_codes: { SUCCESS },
      output_schema: any,
      execute: async (_, ctx) => {
        await ctx.write({ event: "waiting" })
        return never()
      },
    }),
    command({
      name: "render",
      description: "Starts a job.",
      danger_level: "mutating",
      async: true,
      job_descriptor_schema,
      parameters: {
        id: {
          type: "string",
          required: true,
          positional: 0,
          pattern_type: "alphanumeric_id",
          description: "Id of the job",
        },
        life: { type: "integer", description: "How long it may take, in milliseconds" },
        bad: { type: "boolean", description: "Answer no descriptor" },
      },
      exit_codes: { SUCCESS: { ...SUCCESS, side_effects: "partial" } },
      execute: async ({ bad, id, life }) => {
        if (bad) return { job_id: "not an id" }
        if (life !== undefined) return { job_id: id, timeout_ms: life }
        const child = spawn("sleep", ["30"], { detached: true, stdio: "ignore" })
        child.unref()
        return { job_id: id, pid: child.pid }
      },
    }),
    command({
      name: "remove",
      description: "Removes everything.",
      danger_level: "destructive",
      dry_run: "supported",
      exit_codes: { SUCCESS: { ...SUCCESS, side_effects: "complete" } },
      output_schema: any,
      validate: async () => (process.env["REFUSE"] === "1" ? [{ field: "output", message: "Not now." }] : []),
      execute: async (_, ctx) => ({ effect: ctx.dryRun ? "would_delete" : "deleted" }),
    }),
    command({
      name: "count",
      description: "Streams numbers.",
      danger_level: "safe",
      stream: { format: "jsonl" },
      parameters: {
        to: { type: "integer", default: 3, positional: 0, description: "Up to" },
        fail: { type: "boolean", description: "Fail" },
      },
      exit_codes: { SUCCESS },
      output_schema: any,
      execute: async ({ fail, to }, ctx) => {
        for (let n = 1; n <= to; n++) await ctx.write({ n })
        if (fail) throw new CommandError({ exit: "GENERAL_ERROR", code: "COUNT_FAILED", message: "Cannot count on." })
        return undefined
      },
    }),
    command({
      name: "follow",
      description: "Streams a number and waits until it is stopped.",
      danger_level: "safe",
      stream: { format: "jsonl" },
      parameters: { slowly: { type: "boolean", description: "Write once, then only wait" } },
      exit_codes: { SUCCESS },
      output_schema: { type: "object", required: ["n"], properties: { n: { type: "integer" } } },
      execute: async ({ slowly }, ctx) => {
        for (let n = 1; ; n++) {
          if (!slowly || n === 1) await ctx.write({ n })
          await sleep(5, undefined, { signal: ctx.signal }).catch(() => ctx.signal.throwIfAborted())
        }
      },
    }),
    command({
      name: "blob",
      description: "Streams bytes, all at once.",
      danger_level: "safe",
      stream: { format: "raw", media_type: "application/octet-stream" },
      exit_codes: { SUCCESS },
      output_schema: any,
      execute: async (_, ctx) => ctx.write(Buffer.alloc(180_000, "x")),
    }),
    command({
      name: "blob-here",
      description: "Streams bytes from the program's own process, and prints in between.",
      danger_level: "safe",
      isolation: "inline",
      stream: { format: "raw", media_type: "application/octet-stream" },
      exit_codes: { SUCCESS },
      output_schema: any,
      execute: async (_, ctx) => {
        await ctx.write("first ")
        console.log("prose")
        await ctx.write("second")
      },
    }),
    command({
      name: "serve",
      description: "Serves until it is told to stop.",
      danger_level: "safe",
      service: true,
      exit_codes: { SUCCESS },
      output_schema: any,
      execute: async (_, ctx) => {
        ctx.onCleanup(() => writeSync(2, "cleaned up\n"))
        const server = http.createServer((_request, response) => response.end("served"))
        await new Promise<void>((resolve) => {
          server.listen(0, "127.0.0.1", resolve)
        })
        await ctx.write({ event: "listening", address: server.address() })
        await new Promise((resolve) => {
          ctx.signal.addEventListener("abort", resolve)
        })
        await new Promise((resolve) => setTimeout(resolve, 300))
        await new Promise((resolve) => {
          server.close(resolve)
          server.closeAllConnections()
        })
        await ctx.write({ event: "closed" })
        return undefined
      },
    }),
  ],
  preflight: [{ name: "node", required: ">=24", check: async () => ({ version: process.version }) }],
})

await main(app)
