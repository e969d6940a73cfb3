/**
 * What the two pages of the CLI Agent Spec that this framework is built on demand, one test for each of their acceptance criteria:
 * REQ-C-022, async commands, and REQ-C-012, commands that use the network.
 *
 * @module
 */
import { checkCommand, job_descriptor_schema, refuseDescriptor } from "@waybill/command-contract"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { application, check, command, invoke } from "../src/index.ts"
import { fileJobStore } from "../src/JobStore.ts"
import { ask, call, envelopeIn } from "./support/call.ts"
import { network_commands } from "./support/network-commands.ts"
import { type StrangeServers, startStrangeServers } from "./support/strange-servers.ts"

const SUCCESS = { description: "Done", retryable: false, side_effects: "none" } as const

describe("an async command", () => {
  let state = ""
  beforeAll(() => {
    state = mkdtempSync(join(tmpdir(), "waybill-pages-"))
  })
  afterAll(() => rmSync(state, { recursive: true, force: true }))
  const inState = () => ({ env: { XDG_STATE_HOME: state } })

  it("that declares no descriptor schema is refused when it is registered, by name and before anything runs [C-022]", async () => {
    const declaration = {
      name: "render",
      description: "Renders.",
      danger_level: "mutating",
      async: true,
      exit_codes: { SUCCESS },
      execute: async () => ({ job_id: "a" }),
    }
    expect(checkCommand(declaration).map(({ code }) => code)).toEqual(["ASYNC_SCHEMA_REQUIRED"])
    // @ts-expect-error the types refuse it as well
    const tool = application({ name: "tool", version: "1.0.0", commands: [command(declaration)] })
    expect(() => check(tool)).toThrow(/render: .*\[ASYNC_SCHEMA_REQUIRED\]/u)
    expect(await invoke(tool, ["render"])).toMatchObject({
      exit_code: 1,
      envelope: { ok: false, data: null, error: { code: "ASYNC_SCHEMA_REQUIRED" } },
    })
  })

  it("answers at once with the whole descriptor of its job, as data and nowhere else [C-022]", async () => {
    const { exit_code, stdout } = await call(["render", "p1", "--life", "60000"], inState())
    const { data, error, ok } = envelopeIn(stdout)
    expect([exit_code, ok, error]).toEqual([0, true, null])
    expect(refuseDescriptor(data)).toEqual([])
    expect(Object.keys(data ?? {})).toEqual(expect.arrayContaining([...job_descriptor_schema.required]))
    expect(data).toMatchObject({
      job_id: "p1",
      status: "running",
      terminal: false,
      status_command: "tool job status p1",
      cancel_command: "tool job cancel p1",
    })
  })

  it("has its descriptor's schema and the codes of its two commands in --schema [C-022]", async () => {
    const { stdout } = await call(["render", "--schema"], inState())
    expect(JSON.parse(stdout)).toMatchObject({
      async: true,
      parameters: { id: { type: "string" } },
      job_descriptor_schema: { required: [...job_descriptor_schema.required] },
      job_commands: {
        status: { command: "job.status", exit_codes: { "0": {}, "3": {}, "4": {}, "5": {} } },
        cancel: { command: "job.cancel", exit_codes: { "0": {}, "3": {}, "5": {}, "6": {} } },
      },
    })
  })

  it.for([
    ["complete", 0, null],
    ["running", 3, "JOB_RUNNING"],
    ["failed", 4, "JOB_FAILED"],
    ["cancelled", 4, "JOB_CANCELLED"],
  ] as const)("whose job is %s: job status ends with %i [C-022]", async ([status, code, error]) => {
    const id = `s-${status}`
    expect((await call(["render", id, "--life", "60000"], inState())).exit_code).toBe(0)
    if (status !== "running") await fileJobStore(join(state, "tool/jobs")).end(id, { status })
    const { envelope, exit_code } = await ask(["job", "status", id], inState())
    expect([exit_code, envelope.error?.code ?? null]).toEqual([code, error])
    // Who polls reads the state there, also where the answer is no success.
    expect(envelope.data).toMatchObject({ job_id: id, status, terminal: status !== "running" })
  })

  it("whose job nobody knows: job status ends with 5 [C-022]", async () => {
    const { envelope, exit_code } = await ask(["job", "status", "nobody"], inState())
    expect([exit_code, envelope.data, envelope.error?.code]).toEqual([5, null, "JOB_NOT_FOUND"])
  })
})

describe("a command that uses the network", () => {
  const tool = application({ name: "tool", version: "1.0.0", commands: network_commands })

  it("always has --timeout and --connect-timeout, in its schema, its help and the manifest [C-012]", async () => {
    const { envelope } = await invoke(tool, ["manifest"])
    const manifest = envelope?.data as { readonly commands: Readonly<Record<string, { readonly flags: object }>> }
    for (const { declaration } of network_commands) {
      const name = String(declaration.name)
      expect(manifest.commands[name]?.flags).toMatchObject({
        timeout: { type: "string", required: false, default: "300s" },
        "connect-timeout": { type: "string", required: false, default: "10s" },
      })
      expect(JSON.parse((await invoke(tool, [name, "--schema"])).stdout)).toMatchObject({
        has_network_io: true,
        parameters: { timeout: {}, "connect-timeout": {} },
      })
      expect((await invoke(tool, [name, "--help"])).stderr).toMatch(/--timeout DURATION/u)
    }
  })

  it("cannot declare these flags itself, nor leave out the exit code of a limit [C-012]", () => {
    const of = (more: object) =>
      checkCommand({
        name: "get",
        description: "Gets.",
        danger_level: "safe",
        has_network_io: true,
        exit_codes: { SUCCESS, TIMEOUT: SUCCESS },
        output_schema: { type: "object" },
        execute: async () => ({}),
        ...more,
      }).map(({ code }) => code)
    const flag = { type: "string", description: "Mine" }
    expect(of({})).toEqual([])
    expect(of({ parameters: { timeout: flag, "connect-timeout": flag } })).toEqual(["FLAG_RESERVED", "FLAG_RESERVED"])
    expect(of({ exit_codes: { SUCCESS } })).toEqual(["TIMEOUT_EXIT_REQUIRED"])
    expect(of({ timeout_ms: 0 })).toEqual(["TIMEOUT_OUT_OF_RANGE"])
  })

  describe("against a server of this machine", { retry: 3 }, () => {
    let servers: StrangeServers
    beforeAll(async () => {
      servers = await startStrangeServers()
    })
    afterAll(() => servers.close())
    const asking = (way: string, ...words: ReadonlyArray<string>) =>
      ask([way, ...words], way === "effectful" ? { program: "effect-tool.ts" } : {})

    /** Every way in which a handler reaches the network. */
    const ways = ["fetch", "agent", "dispatcher", "signal", "effectful"] as const

    describe.concurrent("--timeout reaches the request", () => {
      const isEnded = async (way: string, url: string) => {
        const { envelope, exit_code } = await asking(way, url, "--timeout", "1s", "--connect-timeout", "0")
        expect(exit_code).toBe(10)
        expect(envelope).toMatchObject({
          data: null,
          error: { code: "TIMEOUT", retryable: true, context: { timeout_ms: 1_000 } },
          meta: { timeout_ms: 1_000 },
        })
        expect(envelope.meta.duration_ms).toBeGreaterThanOrEqual(999)
        expect(envelope.meta.duration_ms).toBeLessThan(2_000)
      }
      it.for(ways)("%s, where the server accepts and never answers [C-012 F-011 F-012]", (way) =>
        isEnded(way, `http://127.0.0.1:${servers.silent}/`),
      )
      it.for(ways)("%s, where the answer drips [C-012]", (way) => isEnded(way, `http://127.0.0.1:${servers.dripping}/`))
      it.for(ways)("%s, where the handshake never ends [C-012]", (way) =>
        isEnded(way, `https://127.0.0.1:${servers.silent}/`),
      )
    })

    describe.concurrent("--connect-timeout reaches the connection", () => {
      it.for(["fetch", "agent", "dispatcher"] as const)("%s, where the handshake never ends [C-012]", async (way) => {
        const words = [`https://127.0.0.1:${servers.silent}/`, "--connect-timeout", "200ms"]
        const { envelope, exit_code } = await asking(way, ...words)
        expect([exit_code, envelope.error?.code]).toEqual([10, "CONNECT_TIMEOUT"])
      })
    })

    describe.concurrent("a connection that is refused is none that timed out", () => {
      it.for(ways)("%s: UNAVAILABLE at once [C-012]", async (way) => {
        const { envelope, exit_code, stderr } = await asking(way, `http://127.0.0.1:${servers.refusing}/`)
        expect([exit_code, envelope.error]).toMatchObject([12, { code: "CONNECTION_FAILED", retryable: true }])
        expect(stderr).toBe("")
      })
    })

    it("a call that nothing limits is told of in development, and only that [C-012]", async () => {
      const { envelope } = await ask(["bare", `http://127.0.0.1:${servers.refusing}/`], {
        env: { NODE_ENV: "development" },
      })
      expect(envelope.data).toEqual({ calls: 4 })
      expect(envelope.warnings).toEqual([expect.stringMatching(/^UNBOUNDED_NETWORK_CALL: fetch has no signal/)])
    })

    it("--timeout 0 is no limit, as only these very words say: the run goes on, and the connection has its own [C-012]", async () => {
      const words = [`https://127.0.0.1:${servers.silent}/`, "--timeout", "0", "--connect-timeout", "200ms"]
      const { envelope, exit_code } = await asking("fetch", ...words)
      expect([exit_code, envelope.error?.code, envelope.meta.timeout_ms]).toEqual([10, "CONNECT_TIMEOUT", 0])
      for (const text of ["0s", "0ms", "00", "", "-1", "none", "Infinity"]) {
        const refused = await invoke(tool, ["fetch", "http://localhost/", `--timeout=${text}`])
        expect([text, refused.exit_code, refused.envelope?.error?.errors?.[0]?.field]).toEqual([text, 2, "timeout"])
      }
    })
  })
})
