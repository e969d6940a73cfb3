import { Effect, Fiber } from "effect"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { afterAll, describe, it } from "vitest"
import { Agent, type SubmitSpec } from "../src/index.ts"
import { agentIn, aliveIn, makeBase, requestFor, runsIn, until } from "./support/agentLab.ts"

const base = makeBase("hostile-agents")
afterAll(() => rmSync(base, { recursive: true, force: true }))
const newRoot = () => mkdtempSync(join(base, "root-"))

const submit = (root: string, script: string, more: Partial<SubmitSpec> = {}) =>
  Effect.runPromise(
    Agent.use((agent) => agent.submit(requestFor(root, script, more))).pipe(Effect.provide(agentIn(root))),
  )

/** What code without types may hand over. */
const untyped = (spec: unknown) => spec as Partial<SubmitSpec>

/** The folder of the only run. */
const runFolder = (root: string) => {
  const [name = ""] = readdirSync(join(root, "agents"))
  return join(root, "agents", name)
}

describe.concurrent(
  "an agent, whatever it does, ends with a receipt and leaves no process behind",
  { timeout: 60_000 },
  () => {
    it("[W-24] that ignores SIGTERM is killed when its time and its grace are over", async ({ expect }) => {
      const root = newRoot()
      const script = "trap '' TERM; echo $$ >> ../pids; while :; do sleep 0.05; done"
      const receipt = await submit(root, script, { timeLimit_ms: 300, grace_ms: 100 })
      expect(receipt).toMatchObject({ ok: false, reason: "budget_time" })
      expect(receipt.diagnostics.exit).toEqual({ kind: "signal", signal: "SIGKILL" })
      expect(aliveIn(root)).toEqual([])
    })

    it("that ends when it is told to, but not in time, has run out of time all the same", async ({ expect }) => {
      const root = newRoot()
      const script = "trap 'echo late > \"$WAYBILL_CANDIDATE\"; exit 0' TERM; while :; do sleep 0.05; done"
      expect(await submit(root, script, { timeLimit_ms: 300 })).toMatchObject({ ok: false, reason: "budget_time" })
    })

    it("that leaves a daemon in a session of its own: the daemon is found and ended", async ({ expect }) => {
      const root = newRoot()
      const daemon = "echo $$ >> ../pids; sleep 60"
      const script = `(setsid sh -c '(sh -c "${daemon.replaceAll("$", "\\$")}" &)' > /dev/null 2>&1 &)
      while [ ! -s ../pids ]; do sleep 0.01; done; echo work > "$WAYBILL_CANDIDATE"`
      const receipt = await submit(root, script)
      expect(receipt.ok).toBe(true)
      expect(receipt.diagnostics.leftovers?.ended).toBeGreaterThanOrEqual(1)
      expect(receipt.diagnostics.leftovers?.remaining).toEqual([])
      expect(aliveIn(root)).toEqual([])
    })

    it("that floods its output is kept short, and the rest is counted", async ({ expect }) => {
      const root = newRoot()
      const flood = "head -c 50000000 /dev/zero; head -c 3000000 /dev/zero >&2"
      const { diagnostics, ok } = await submit(root, flood, { outputBytes_max: 1000 })
      expect(ok).toBe(true)
      expect(diagnostics.stdout).toMatchObject({ bytes: 1000, dropped_bytes: 49_999_000 })
      expect(diagnostics.stderr).toMatchObject({ bytes: 1000, dropped_bytes: 2_999_000 })
      expect(readFileSync(diagnostics.stdout?.path ?? "").byteLength).toBe(1000)
    })

    it("whose output does not fit on the disk loses the output, not the run", async ({ expect }) => {
      const root = newRoot()
      // The first call makes the run's folder and starts nothing: the disk under its output is full before it begins.
      const bad = await Effect.runPromise(
        Effect.flip(
          Agent.use((agent) => agent.submit(requestFor(root, "", { timeLimit_ms: 0 }))).pipe(
            Effect.provide(agentIn(root)),
          ),
        ),
      )
      expect(bad.code).toBe("request_invalid")
      symlinkSync("/dev/full", join(runFolder(root), "stdout.log"))
      const { diagnostics, ok } = await submit(root, 'echo words; echo work > "$WAYBILL_CANDIDATE"')
      expect(ok).toBe(true)
      expect(diagnostics.stdout).toMatchObject({ bytes: 0, dropped_bytes: 6 })
    })

    it("that deletes its workspace has ended well; the candidate is somebody else's question", async ({ expect }) => {
      const root = newRoot()
      expect(await submit(root, 'rm -rf "$PWD"; exit 0')).toMatchObject({ ok: true })
      expect(existsSync(join(root, "work"))).toBe(false)
    })

    it("whose workspace is gone before it begins was never started, and that is told", async ({ expect }) => {
      const root = newRoot()
      const request = requestFor(root, "echo run >> ../runs")
      rmSync(join(root, "work"), { recursive: true })
      const receipt = await Effect.runPromise(
        Agent.use((agent) => agent.submit(request)).pipe(Effect.provide(agentIn(root))),
      )
      expect(receipt).toMatchObject({ ok: false, reason: "tool_error" })
      expect(receipt.diagnostics.note).toContain("could not be started: no such file or directory (ENOENT)")
    })

    it.for([
      ["a program that is not there", ["./nowhere"], "ENOENT"],
      ["more arguments than the kernel takes", ["/bin/true", "x".repeat(3_000_000)], "E2BIG"],
    ] as const)("that is %s was never started, and that is told", async ([, command, code], { expect }) => {
      const receipt = await submit(newRoot(), "", { command: [command[0], ...command.slice(1)] })
      expect(receipt).toMatchObject({ ok: false, reason: "tool_error" })
      expect(receipt.diagnostics.note).toContain(code)
    })

    it("that is ended by a signal, or by a code that means something, is told apart", async ({ expect }) => {
      const killed = await submit(newRoot(), "kill -9 $$")
      expect(killed).toMatchObject({ ok: false, reason: "tool_error" })
      const full = await submit(newRoot(), "exit 75", { exitReasons: { "75": "upstream_failure" } })
      expect(full).toMatchObject({ ok: false, reason: "upstream_failure" })
      expect(await submit(newRoot(), "exit 74")).toMatchObject({ ok: false, reason: "tool_error" })
    })

    it("puts a link, a FIFO or a folder where its work should be: the run ends, and does not hang on it", async ({
      expect,
    }) => {
      for (const leave of ["ln -s /etc/passwd out.txt", "mkfifo out.txt", "mkdir out.txt"])
        expect(await submit(newRoot(), leave)).toMatchObject({ ok: true })
    })

    it("[W-24] that is cancelled is ended with its group, and everybody who waits gets the same receipt", async ({
      expect,
    }) => {
      const root = newRoot()
      const script = "echo run >> ../runs; sleep 60 & echo $! >> ../pids; echo $$ >> ../pids; wait"
      const [waiting, cancelled] = await Effect.runPromise(
        Effect.gen(function* () {
          const agent = yield* Agent
          const waiting = yield* Effect.forkChild(agent.submit(requestFor(root, script)))
          yield* until(() => aliveIn(root).length === 2)
          const cancelled = yield* agent.cancel("key-1")
          return [yield* Fiber.join(waiting), cancelled] as const
        }).pipe(Effect.provide(agentIn(root))),
      )
      expect(cancelled).toMatchObject({ ok: false, reason: "interrupted" })
      expect(waiting).toEqual(cancelled)
      expect(aliveIn(root)).toEqual([])
      expect(await submit(root, script)).toEqual(cancelled)
      expect(runsIn(root)).toBe(1)
    })

    it("[W-24] goes on when the call is interrupted, and the next call waits for it", async ({ expect }) => {
      const root = newRoot()
      const script = 'echo run >> ../runs; while [ ! -e ../go ]; do sleep 0.01; done; echo work > "$WAYBILL_CANDIDATE"'
      await Effect.runPromise(
        Effect.gen(function* () {
          const agent = yield* Agent
          const first = yield* Effect.forkChild(agent.submit(requestFor(root, script)))
          yield* until(() => runsIn(root) === 1)
          yield* Fiber.interrupt(first)
          expect(yield* agent.find("key-1")).toBeUndefined()
        }).pipe(Effect.provide(agentIn(root))),
      )
      writeFileSync(join(root, "go"), "")
      expect(await submit(root, script)).toMatchObject({ ok: true })
      expect(runsIn(root)).toBe(1)
    })
  },
)

describe.concurrent("the agent's records", { timeout: 60_000 }, () => {
  it.for([
    ["is no JSON", "{"],
    ["is of another shape", '{"ok":"yes"}'],
  ] as const)(
    "[W-30] of which one %s are an error that names the file and ends the attempt; no run is started",
    async ([, text], { expect }) => {
      const root = newRoot()
      await submit(root, "echo run >> ../runs; exit 3")
      writeFileSync(join(runFolder(root), "receipt.json"), text)
      const error = await Effect.runPromise(
        Effect.flip(Agent.use((agent) => agent.submit(requestFor(root, "echo run >> ../runs")))).pipe(
          Effect.provide(agentIn(root)),
        ),
      )
      expect(error).toMatchObject({ _tag: "AgentError", code: "folder_damaged" })
      expect(error.message).toContain("receipt.json")
      expect(runsIn(root)).toBe(1)
    },
  )

  it.for([
    ["no JSON", "echo garbage > $R/receipt.json"],
    ["a FIFO", "mkfifo $R/receipt.json"],
    ["a folder", "mkdir $R/receipt.json"],
    ["a link", "ln -s /dev/zero $R/receipt.json"],
    ["longer than any", "head -c 20000000 /dev/zero > $R/receipt.json"],
  ] as const)(
    "of which an agent makes the receipt %s, and kills its wrapper: that is told, and nothing of it is left",
    async ([, forge], { expect }) => {
      const root = newRoot()
      const script = `echo run >> ../runs; echo $$ >> ../pids; R=$(dirname "$WAYBILL_INPUT"); ${forge}; kill -9 $PPID; sleep 60`
      const error = await Effect.runPromise(
        Effect.flip(Agent.use((agent) => agent.submit(requestFor(root, script)))).pipe(Effect.provide(agentIn(root))),
      )
      expect(error).toMatchObject({ _tag: "AgentError", code: "folder_damaged" })
      expect(error.message).toContain("receipt.json")
      expect([runsIn(root), aliveIn(root)]).toEqual([1, []])
    },
  )

  it("whose receipt an agent makes up is told by the true one, once its wrapper has written it", async ({ expect }) => {
    const root = newRoot()
    const script = `echo garbage > "$(dirname "$WAYBILL_INPUT")"/receipt.json; sleep 0.5; exit 0`
    expect(await submit(root, script)).toMatchObject({ ok: true })
  })

  it("[W-30] that cannot be written are the host's error, typed, and the next call goes on when they can", async ({
    expect,
  }) => {
    const root = newRoot()
    mkdirSync(root, { recursive: true })
    writeFileSync(join(root, "agents"), "a file where the folder should be")
    const error = await Effect.runPromise(
      Effect.flip(Agent.use((agent) => agent.submit(requestFor(root, "echo run >> ../runs")))).pipe(
        Effect.provide(agentIn(root)),
      ),
    )
    expect(error).toMatchObject({ _tag: "AgentError", code: "folder_refused" })
    rmSync(join(root, "agents"))
    expect(await submit(root, "echo run >> ../runs")).toMatchObject({ ok: true })
    expect(runsIn(root)).toBe(1)
  })

  it("never hold the spec: what it carries in variables does not touch the disk", async ({ expect }) => {
    const root = newRoot()
    await submit(root, "exit 0", { env: { TOKEN: "s3cret-of-the-spec" }, input: { asked: "this" } })
    const folder = runFolder(root)
    for (const name of readdirSync(folder))
      expect(readFileSync(join(folder, name)).toString("latin1")).not.toContain("s3cret-of-the-spec")
    expect(readFileSync(join(folder, "input.json"), "utf8")).toContain("this")
  })

  it.for([
    ["no command", untyped({ command: [] })],
    ["a NUL in the command", untyped({ command: ["/bin/true", "\0"] })],
    ["a variable of the protocol", { env: { WAYBILL_ATTEMPT: "7" } }],
    ["no time", { timeLimit_ms: Number.NaN }],
    ["more time than a timer can hold", { timeLimit_ms: 2 ** 31 }],
    ["input that is no JSON", untyped({ input: 1n })],
    ["a reason that is none", untyped({ exitReasons: { "3": "because" } })],
  ] as const)("are not even made for a run that cannot be: %s", async ([, more], { expect }) => {
    const root = newRoot()
    const error = await Effect.runPromise(
      Effect.flip(Agent.use((agent) => agent.submit(requestFor(root, "echo run >> ../runs", more)))).pipe(
        Effect.provide(agentIn(root)),
      ),
    )
    expect(error).toMatchObject({ _tag: "AgentError", code: "request_invalid" })
    expect(existsSync(join(runFolder(root), "started.json"))).toBe(false)
    expect(runsIn(root)).toBe(0)
  })
})
