/**
 * The acceptance probes of the command contract, on the program as it is published: what a script may rely on, whatever it calls.
 *
 * @module
 */
import type { ResponseEnvelope } from "@waybill/command-contract"
import { publishedJsonSchema } from "@waybill/command-contract/wire"
import { Ajv2020 } from "ajv/dist/2020.js"
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { createServer, type Server, type Socket } from "node:net"
import { mkdirSync, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import type { Readable } from "node:stream"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { bundledAsPublished } from "../../../scripts/bundled.ts"
import { needs } from "../../../test/support/needs.ts"

const isEnvelope = new Ajv2020({ strict: true }).compile(publishedJsonSchema("response-envelope"))
let program = ""
let silent: Server
const sockets = new Set<Socket>()
beforeAll(async () => {
  program = await bundledAsPublished()
  silent = createServer((socket) => sockets.add(socket.on("error", () => undefined)))
  await new Promise<void>((resolve) => {
    silent.listen(0, "127.0.0.1", resolve)
  })
}, 60_000)
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  silent.close()
})

const makeRoot = (): string => {
  const root = mkdtempSync(join(tmpdir(), "waybill-probes-"))
  mkdirSync(join(root, ".agents"))
  return root
}

interface Ended {
  readonly exit_code: number | null
  readonly stdout: string
  readonly stderr: string
}

const ended = (child: ChildProcessByStdio<null, Readable, Readable>, told: (ended: Ended) => void): void => {
  let [stdout, stderr] = ["", ""]
  child.stdout.on("data", (chunk) => (stdout += String(chunk)))
  child.stderr.on("data", (chunk) => (stderr += String(chunk)))
  child.on("close", (exit_code) => told({ exit_code, stdout, stderr }))
}

/** Runs a line of bash in which `waybill` starts the program. */
const shell = (root: string, line: string): Promise<Ended> =>
  new Promise((resolve) => {
    const script = `waybill() { '${process.execPath}' '${program}' "$@"; }; ${line}`
    const env = { PATH: process.env["PATH"] }
    ended(spawn("bash", ["--norc", "-c", script], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] }), resolve)
  })

/** Runs the program, and signals it when it has said something. */
const signalled = (root: string, words: ReadonlyArray<string>, signal: NodeJS.Signals): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...words], { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
    child.stdout.once("data", () => child.kill(signal))
    ended(child, resolve)
  })

/** stdout as the one valid answer that it must be. */
const answerIn = ({ stdout }: Ended): ResponseEnvelope => {
  expect(stdout.trimEnd().split("\n")).toHaveLength(1)
  const envelope: ResponseEnvelope = JSON.parse(stdout)
  expect(isEnvelope(envelope), JSON.stringify(isEnvelope.errors)).toBe(true)
  return envelope
}

needs("bash")(describe)("a script may rely on it that", { timeout: 60_000 }, () => {
  // Again when one was late: a busy machine is late once, a broken limit always.
  it.for(["list", "wait r", "events --follow", "job status r"])(
    "%s of a server that accepts and never answers costs the limit and no more: exit 10, and JSON that says TIMEOUT",
    { retry: 3 },
    async (command) => {
      const address = silent.address()
      const port = address !== null && typeof address === "object" ? address.port : 0
      const said = await shell(makeRoot(), `waybill ${command} --server http://127.0.0.1:${port} --timeout 1s`)
      const { error, meta } = answerIn(said)
      expect([said.exit_code, error?.code]).toEqual([10, "TIMEOUT"])
      expect(meta.duration_ms).toBeLessThan(2_000)
    },
  )

  it("a job that was just asked for is running, exit 3; one that is settled is complete, exit 0", async () => {
    const root = makeRoot()
    expect((await shell(root, "waybill submit --type report.build --job-id j")).exit_code).toBe(0)
    const running = await shell(root, "waybill job status j")
    expect([running.exit_code, answerIn(running).error?.code]).toEqual([3, "JOB_RUNNING"])
    const words = "--run-id r --candidate out --schema-id text/v1 --verify true"
    expect((await shell(root, `waybill settle ${words} -- /bin/sh -c 'echo x > out'`)).exit_code).toBe(0)
    expect((await shell(root, "waybill job status r")).exit_code).toBe(0)
  })

  it.each(["manifest", "settle --schema", "--help", "completions bash", "ledger export"])(
    "a reader of %s may leave early: exit 0, and nothing on stderr",
    async (words) => {
      const root = makeRoot()
      await shell(root, "waybill submit --type report.build")
      const quiet = words === "--help" ? "2>/dev/null" : ""
      const line = `waybill ${words} ${quiet} | head -c 10 > /dev/null; exit \${PIPESTATUS[0]}`
      expect(await shell(root, line)).toEqual({ exit_code: 0, stdout: "", stderr: "" })
    },
  )

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("%s is answered with JSON, and exit %i", async (signal, code) => {
    const root = makeRoot()
    await shell(root, "waybill submit --type report.build --job-id j")
    const { exit_code, stdout, stderr } = await signalled(root, ["events", "--follow"], signal)
    const [fact, answer, ...more] = stdout.trimEnd().split("\n")
    expect(JSON.parse(fact ?? "")).toMatchObject({ job_id: "j" })
    expect([exit_code, more, stderr]).toEqual([code, [], ""])
    expect(answerIn({ exit_code, stderr, stdout: `${answer}\n` }).error).toMatchObject({ code: "CANCELLED", signal })
  })

  it.each([0, 1, 3])("%i jobs are one JSON value on stdout", async (count) => {
    const root = makeRoot()
    const said = await shell(
      root,
      `for i in $(seq ${count}); do waybill submit --type report.build > /dev/null; done; waybill list 2>/dev/null`,
    )
    expect((answerIn(said).data as { readonly jobs: ReadonlyArray<unknown> }).jobs).toHaveLength(count)
  })

  it("several wrong arguments are told in one answer: exit 2, and nothing is made", async () => {
    const root = makeRoot()
    const said = await shell(root, "waybill settle --candidat x --max-attempts many; ls -A .agents >&2")
    const fields = (answerIn(said).error?.errors ?? []).map(({ field }) => field)
    expect(fields).toEqual(expect.arrayContaining(["candidat", "max-attempts", "candidate", "schema-id"]))
    expect(said.stderr).toBe("")
  })
})
