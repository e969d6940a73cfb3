/**
 * A program whose handlers do what no handler should. It is started as a process of its own by the tests.
 *
 * @module
 */
import { execSync, spawn } from "node:child_process"
import { writeSync } from "node:fs"
import http from "node:http"
import { defineExitCode, job_descriptor_schema } from "@waybill/command-contract"
import { CommandError, type Context, application, command, main } from "../../src/index.ts"

const SUCCESS = { description: "Done", retryable: false, side_effects: "none" } as const
const TIMEOUT = { description: "Out of time", retryable: true, side_effects: "none" } as const
const UNAVAILABLE = { description: "Not reachable", retryable: true, side_effects: "none" } as const
const NOT_FOUND = { description: "Not there", retryable: false, side_effects: "none" } as const
const PARTIAL_FAILURE = { description: "Stopped midway", retryable: false, side_effects: "partial" } as const
const QUOTA_EXHAUSTED = defineExitCode(80, "QUOTA_EXHAUSTED", SUCCESS)
const any = { type: "object" } as const

const never = () => new Promise<never>(() => undefined)
const forever = (): never => {
  for (;;);
}

/** A misbehaving handler with a limit that the test waits for. */
const hostile = (name: string, execute: () => Promise<unknown>, timeout_ms = 60_000) =>
  command({
    name: `hostile ${name}`,
    description: `Does what its name says: ${name}.`,
    danger_level: "safe",
    timeout_ms,
    exit_codes: { SUCCESS },
    output_schema: any,
    execute,
  })

const short_ms = 700

const hostiles = [
  hostile("loop", async () => forever(), short_ms),
  hostile("exec-sync", async () => execSync("sleep 60"), short_ms),
  hostile("never", never, short_ms),
  hostile("top-level-await", async () => import("./never-loads.ts"), short_ms),
  hostile("throw-null", async () => {
    // oxlint-disable-next-line typescript/only-throw-error -- this is what the test is about
    throw null
  }),
  hostile("throw-text", async () => {
    // oxlint-disable-next-line typescript/only-throw-error -- this is what the test is about
    throw "plain words"
  }),
  hostile("throw-error", async () => {
    throw new TypeError("first line\n    at somewhere (file.ts:1:2)")
  }),
  hostile("stdout", async () => {
    console.log("prose from a dependency")
    console.log('{"ok":true}')
    writeSync(1, "\u001b[31mred\u001b[0m prose\n")
    return { fine: true }
  }),
  hostile("flood", async () => {
    const block = "x".repeat(1 << 20)
    for (let written = 0; written < 50; written++) await new Promise((resolve) => process.stdout.write(block, resolve))
    return { fine: true }
  }),
  hostile("large-result", async () => ({
    items: Array.from({ length: 500_000 }, (_, id) => ({ id, text: "x".repeat(90) })),
  })),
  hostile("exit", async () => process.exit(0)),
  hostile("exit-13", async () => process.exit(13)),
  hostile("kill-itself", async () => process.kill(process.pid, "SIGKILL")),
  hostile(
    "stubborn-child",
    async () => {
      spawn("bash", ["-c", "trap '' TERM; exec -a waybill-stubborn sleep 60"], { stdio: "ignore" })
      spawn("bash", ["-c", "trap '' TERM; exec -a waybill-stubborn sleep 60"], { stdio: "ignore", detached: true })
      forever()
    },
    short_ms,
  ),
  hostile(
    "daemon",
    async () => {
      execSync("setsid bash -c 'exec -a waybill-daemon sleep 60' >/dev/null 2>&1 &")
      return never()
    },
    short_ms,
  ),
  hostile("forgotten-child", async () => {
    spawn("sleep", ["61"], { stdio: "ignore" }).unref()
    spawn("sleep", ["61"], { stdio: "ignore", detached: true }).unref()
    return {}
  }),
  hostile("unhandled-rejection", async () => {
    void Promise.reject(new Error("nobody waits for this"))
    return never()
  }),
  hostile("throw-in-timer", async () => {
    setTimeout(() => {
      throw new Error("thrown in a timer")
    }, 1)
    return never()
  }),
  hostile("circular", async () => {
    const circle: Record<string, unknown> = {}
    circle["itself"] = circle
    return circle
  }),
  hostile("bad-json", async () => ({
    toJSON: () => {
      throw new Error("no JSON of me")
    },
  })),
  hostile("odd-numbers", async () => ({
    big: 12n,
    nan: Number.NaN,
    infinite: Number.POSITIVE_INFINITY,
    gone: undefined,
  })),
  hostile("nothing", async () => undefined),
  hostile("scalar", async () => 7),
  hostile("unawaited", async () => {
    setTimeout(() => undefined, 300)
    return {}
  }),
  hostile("swallows-abort", never, short_ms),
  command({
    name: "hostile late-success",
    description: "Heeds the abort and answers as if nothing were.",
    danger_level: "safe",
    timeout_ms: short_ms,
    exit_codes: { SUCCESS },
    output_schema: any,
    execute: async (_, ctx) => {
      await new Promise<void>((resolve) => {
        ctx.signal.addEventListener("abort", () => resolve())
      })
      return { late: true }
    },
  }),
]

const get = (address: string, agent: http.Agent, signal: AbortSignal) =>
  new Promise<string>((resolve, reject) => {
    const request = http.get(address, { agent, signal }, (response) => {
      let body = ""
      response.on("data", (chunk) => (body += String(chunk)))
      response.on("end", () => resolve(body))
      response.on("error", reject)
    })
    request.on("error", reject)
  })

const network = (name: string, execute: (args: { readonly url: string }, ctx: Context) => Promise<unknown>) =>
  command({
    name,
    description: "Asks an address.",
    danger_level: "safe",
    has_network_io: true,
    parameters: { url: { type: "string", required: true, positional: 0, description: "Where" } },
    exit_codes: { SUCCESS, TIMEOUT, UNAVAILABLE },
    output_schema: any,
    execute,
  })

const app = application({
  name: "tool",
  version: "1.2.3",
  description: "Misbehaves on request.",
  commands: [
    ...hostiles,
    network("fetch", async ({ url }, ctx) => {
      const response = await ctx.fetch(url)
      return { status: response.status, body: await response.text() }
    }),
    network("agent", async ({ url }, ctx) => ({
      body: await get(url, ctx.httpAgent, ctx.signal),
    })),
    network("own-limit", async ({ url }) => {
      await fetch(url, { signal: AbortSignal.timeout(200) })
      return {}
    }),
    network("idle", async () => never()),
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
      name: "serve",
      description: "Serves until it is told to stop.",
      danger_level: "safe",
      service: true,
      exit_codes: { SUCCESS },
      output_schema: any,
      execute: async (_, ctx) => {
        const server = http.createServer((_request, response) => response.end("served"))
        await new Promise<void>((resolve) => {
          server.listen(0, "127.0.0.1", resolve)
        })
        await ctx.write({ event: "listening", address: server.address() })
        await new Promise((resolve) => {
          ctx.signal.addEventListener("abort", resolve)
        })
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
