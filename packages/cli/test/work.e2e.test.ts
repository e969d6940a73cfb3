import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it, vi } from "vitest"
import { type Line, startProgram } from "./support/program.ts"
import { callWith, deserted, envOf, makeFolder, tokenFile, withListener, withOurs } from "./support/servers.ts"

/** A command that does as its payload says: completes, fails, or takes its time. */
const makeCommand = (): string => {
  const file = join(makeFolder(), "build")
  writeFileSync(
    file,
    [
      "#!/bin/sh",
      'case "$(cat)" in',
      "*slow*) sleep 600 ;;",
      "*bad*) exit 3 ;;",
      `*) echo "{\\"artifacts\\":{\\"by\\":\\"$NAME\\"}}" ;;`,
      "esac",
      "",
    ].join("\n"),
  )
  chmodSync(file, 0o755)
  return file
}

const is =
  (event: string, job_id?: string) =>
  (line: Line): boolean =>
    line["event"] === event && (job_id === undefined || line["job_id"] === job_id)

const working = (...words: ReadonlyArray<string>) => [
  "work",
  "--type",
  "report.build",
  "--env",
  "NAME=ada",
  "--drain",
  "1ms",
  ...words,
  "--",
  makeCommand(),
]

describe("a worker with a command", { timeout: 60_000 }, () => {
  it(
    "does the jobs of a server, tells one line for each thing that happens, and hands back what it cannot end",
    withOurs(async (server) => {
      const env = envOf(server)
      const call = callWith(env)
      const root = makeFolder()
      const worker = startProgram(working("--root", root, "--server", server.url, "--concurrency", "2"), env)
      expect(await worker.until(is("working"))).toMatchObject({ queue: server.url, concurrency: 2 })
      for (const how of ["good", "bad"])
        await call("submit", "--type", "report.build", "--job-id", how, "--payload", JSON.stringify({ how }))
      expect(await call("wait", "good", "--for", "50s")).toMatchObject({
        exit_code: 0,
        data: { result: { artifacts: { by: "ada" } } },
      })
      expect((await call("wait", "bad", "--for", "50s")).code).toBe("JOB_FAILED")
      await call("submit", "--type", "report.build", "--job-id", "slow", "--payload", '{"how":"slow"}')
      expect(await worker.until(is("claimed", "slow"))).toMatchObject({ job_type: "report.build", attempt: 1 })
      worker.child.kill("SIGTERM")
      expect(await worker.until(is("draining", "slow"))).toMatchObject({ drain_ms: 1 })
      await worker.until(is("released", "slow"))
      await worker.until(is("stopped"))
      expect(await worker.end()).toBe(0)
      const job = (await server.get("/waybill/v1/jobs/slow")).json()["job"]
      expect(job).toMatchObject({ status: "retry_waiting", attempt: 1 })
      expect(worker.stderr()).not.toContain("s3cret")
    }),
  )

  it(
    "is told at once of a type that the server does not take, and goes on with the others",
    withOurs(async (server) => {
      const words = working("--root", makeFolder(), "--server", server.url, "--type", "report.bild")
      const worker = startProgram(words, envOf(server))
      expect(await worker.until(is("working"))).toMatchObject({ job_types: ["report.build", "report.bild"] })
      const told = /^warning: UNKNOWN_JOB_TYPE: .* type report\.bild, .*: waybill serve --job-type report\.bild\n$/u
      await vi.waitFor(() => expect(worker.stderr()).toMatch(told), 10_000)
      expect(await worker.end("SIGTERM")).toBe(0)
      // Once.
      expect(worker.stderr()).toMatch(told)
    }),
  )

  it("does the jobs of a root in the same way", async () => {
    const root = makeFolder()
    mkdirSync(join(root, ".agents"))
    const worker = startProgram(working("--root", root))
    expect(await worker.until(is("working"))).toMatchObject({ queue: root })
    const call = callWith({})
    await call("submit", "--type", "report.build", "--job-id", "good", "--root", root)
    expect(await call("wait", "good", "--for", "50s", "--root", root)).toMatchObject({ exit_code: 0 })
    await worker.until(is("completed", "good"))
    expect(await worker.end("SIGTERM")).toBe(0)
  })
})

describe("a worker that cannot work says so at its start", () => {
  const start = (env: Readonly<Record<string, string>>) =>
    callWith(env)(...working("--root", makeFolder(), "--server", env["WAYBILL_SERVER"] ?? ""))

  it("nobody listens there", async () => {
    const url = await deserted()
    const answer = await start(envOf({ url }))
    expect([answer.exit_code, answer.code]).toEqual([12, "SERVER_UNREACHABLE"])
    expect(answer.error?.suggestion).toContain("waybill serve --addr")
  })

  it(
    "the token is wrong, or there is none",
    withOurs(async (server) => {
      expect(await start(envOf(server, tokenFile("wrong")))).toMatchObject({ exit_code: 7, code: "TOKEN_REFUSED" })
      expect(await start(envOf(server, "/nowhere"))).toMatchObject({ exit_code: 8, code: "TOKEN_NEEDED" })
    }),
  )

  it("the server has no routes for workers, or is something else", () =>
    withListener(
      (_, response) => void response.writeHead(404).end("404 page not found\n"),
      async (server) => {
        const answer = await start(envOf(server))
        expect([answer.exit_code, answer.code]).toEqual([4, "SERVER_UNSUITABLE"])
        expect(answer.error?.message).toContain("no routes for workers")
      },
    ))

  it("the server accepts and never answers: --connect-timeout reaches the question, and --timeout ends everything", () =>
    withListener(
      () => undefined,
      async (server) => {
        const words = working("--root", makeFolder(), "--server", server.url)
        const call = callWith(envOf(server))
        const [first = "", ...others] = words
        expect(await call(first, "--connect-timeout", "200ms", ...others)).toMatchObject({ exit_code: 10 })
        expect(await call(first, "--timeout", "200ms", ...others)).toMatchObject({ exit_code: 10, code: "TIMEOUT" })
      },
    ))
})
