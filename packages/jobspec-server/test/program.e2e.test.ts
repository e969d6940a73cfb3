import { Effect } from "effect"
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { ask, listIn } from "./support/client.ts"
import { runProgram, startProgram } from "./support/program.ts"
import { folder } from "./support/server.ts"

const inFolder = (body: (root: string) => Promise<void>) => (): Promise<void> =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(folder, (root) => Effect.promise(() => body(root)))))

const submit = (url: string, token: string, body: object) =>
  ask(url, { method: "POST", path: "/v1/jobs", headers: { Authorization: `Bearer ${token}` }, body })

it(
  "§15.1 the first line and the activation file name the real address; a first start makes a token and never says it",
  inFolder(async (root) => {
    const program = await startProgram(["--root", root, "--addr", "127.0.0.1:0"])
    const { first, token } = program
    try {
      expect(first).toMatchObject({
        pid: program.child.pid,
        made_token: true,
        token_file: join(root, ".agents/daemon/token"),
      })
      expect((await ask(first.url, { path: "/v1/health" })).json()).toMatchObject({ status: "ok", daemon: "agentopsd" })
      expect(statSync(first.token_file).mode & 0o777).toBe(0o600)
      expect(token).toMatch(/^[0-9a-f]{64}$/u)
      expect((await submit(first.url, token, { job_type: "rpi.run" })).status).toBe(202)
      const path = join(root, ".agents/daemon/activation.json")
      const activation = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>
      expect(activation).toMatchObject({ url: first.url, pid: first.pid, ready: true, token_file: first.token_file })
      expect(activation["address"]).toBe(first.url.slice("http://".length))
      expect(statSync(path).mode & 0o777).toBe(0o600)
      const second = await runProgram(["--root", root, "--addr", "127.0.0.1:0"])
      expect(second.code).toBe(6)
      expect(second.said).toContain(`is served by process ${first.pid} at ${String(activation["address"])} already`)
    } finally {
      expect(await program.end("SIGTERM")).toBe(0)
    }
    expect(program.said()).not.toContain(token)
    expect(program.said()).toContain(first.token_file)
    expect(existsSync(join(root, ".agents/daemon/activation.json"))).toBe(true)
    const named = join(root, "secrets", "token")
    const other = await startProgram(["--root", root, "--addr", "127.0.0.1:0", "--token-file", named])
    expect([other.first.made_token, statSync(named).mode & 0o777]).toEqual([true, 0o600])
    expect((await submit(other.first.url, token, { job_type: "rpi.run" })).status).toBe(403)
    await other.end("SIGTERM")
    const again = await startProgram(["--root", root, "--addr", "localhost:0"])
    expect(again.first.made_token).toBe(false)
    expect(listIn((await ask(again.first.url, { path: "/v1/events" })).json(), "events")).toHaveLength(1)
    await again.end("SIGTERM")
  }),
)

it(
  "what cannot be served is refused before anything is made, with the reason and what to do",
  inFolder(async (root) => {
    const start = (...args: ReadonlyArray<string>) => runProgram(["--root", root, ...args])
    expect(await start("--addr", "0.0.0.0:0")).toMatchObject({
      code: 2,
      said: expect.stringContaining("daemon bind address is not loopback"),
    })
    expect(await start("--lease", "soon")).toMatchObject({
      code: 2,
      said: expect.stringContaining("write a time such as 30s"),
    })
    expect(await start("--nothing")).toMatchObject({ code: 2 })
    expect(existsSync(join(root, ".agents"))).toBe(false)
    const file = join(root, "token")
    writeFileSync(file, "x")
    chmodSync(file, 0o644)
    expect(await start("--addr", "127.0.0.1:0", "--token-file", file)).toMatchObject({
      code: 4,
      said: expect.stringContaining(`daemon mutation token file mode is too permissive: ${file} has mode 0644`),
    })
  }),
)

it.each(["SIGTERM", "SIGHUP"] as const)("%s ends whoever waits and lets no acknowledged submission go", (signal) =>
  inFolder(async (root) => {
    const program = await startProgram(["--root", root, "--addr", "127.0.0.1:0"])
    const { first, token } = program
    const headers = { Authorization: `Bearer ${token}` }
    const waiting = ask(first.url, {
      method: "POST",
      path: "/waybill/v1/claims",
      headers,
      body: { job_types: ["rpi.run"], wait: "50s" },
    })
    const following = ask(first.url, { path: "/v1/events", headers: { Accept: "text/event-stream" } })
    const submitted = await submit(first.url, token, { job_type: "wiki.build" })
    expect(submitted.status).toBe(202)
    expect(await program.end(signal)).toBe(0)
    expect(program.said()).toContain(`"draining","reason":"${signal} was received."`)
    expect((await waiting).status).toBe(204)
    expect((await following).text).toContain(String(submitted.json()["last_event_id"]))
  })(),
)

/** So much that what was folded is saved at an orderly end, and not before. */
const left = { jobs: 3_000, cancelled: 2_000 }

it(
  "a server says that it has stopped once nothing is left to do",
  inFolder(async (root) => {
    const daemon = join(root, ".agents", "daemon")
    mkdirSync(daemon, { recursive: true, mode: 0o700 })
    const line = (n: number, event_type: string, payload: object) =>
      JSON.stringify({
        schema_version: 1,
        event_id: `evt_${event_type}_j${n}`,
        request_id: `r${n}`,
        job_id: `j${n}`,
        event_type,
        occurred_at: "2026-04-28T12:00:00Z",
        actor: "test",
        payload,
      })
    const accepted = Array.from({ length: left.jobs }, (_, n) => line(n, "job.accepted", { job_type: "rpi.run" }))
    const cancelled = Array.from({ length: left.cancelled }, (_, n) => line(n, "job.cancelled", { reason: "test" }))
    writeFileSync(join(daemon, "ledger.jsonl"), `${[...accepted, ...cancelled].join("\n")}\n`)
    const { child, end, first, said, token } = await startProgram(["--root", root, "--addr", "127.0.0.1:0"])
    expect((await submit(first.url, token, { job_type: "rpi.run" })).status).toBe(202)
    /** Each saved fold, and when it was saved. */
    const checkpoints = () =>
      readdirSync(join(daemon, "checkpoints")).map((name) => [
        name,
        statSync(join(daemon, "checkpoints", name)).mtimeMs,
      ])
    const before = checkpoints()
    let atEnd: ReadonlyArray<unknown> = []
    child.stderr?.on("data", () => {
      if (atEnd.length === 0 && said().includes('"stopped"')) atEnd = checkpoints()
    })
    expect(await end("SIGTERM")).toBe(0)
    expect(said()).toContain('"message":"stopped"')
    expect(atEnd).toEqual(checkpoints())
    expect(atEnd).not.toEqual(before)
  }),
)
