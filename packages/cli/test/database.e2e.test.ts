/** The program on a ledger in PostgreSQL: every command that reads or writes one, and what it says when it cannot. */
import { findPostgres, type PostgresServer, startPostgres } from "@waybill/conformance/postgres-server"
import type { ResponseEnvelope } from "@waybill/command-contract"
import { makeSqlPgDatabase } from "@waybill/ledger-store/postgres"
import { Effect, Redacted } from "effect"
import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { bundledAsPublished } from "../../../scripts/bundled.ts"
import { needs } from "../../../test/support/needs.ts"

const test = needs("PostgreSQL (initdb and postgres)", () => findPostgres() !== undefined)(it)

let program = ""
let running: PostgresServer | undefined

beforeAll(async () => {
  program = await bundledAsPublished()
  if (findPostgres() !== undefined) running = await startPostgres()
}, 60_000)
afterAll(() => running?.close())

const server = (): PostgresServer => {
  if (running === undefined) throw new Error("the server has not been started")
  return running
}

const createDatabase = (name: string): Promise<unknown> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(
        makeSqlPgDatabase({ url: Redacted.make(server().url), lock_wait_ms: 5_000, connect_wait_ms: 5_000 }).connect,
        ({ run }) => run([{ text: `CREATE DATABASE ${name}` }]),
      ),
    ),
  )

const makeProject = (): string => {
  const root = mkdtempSync(join(tmpdir(), "waybill-database-"))
  writeFileSync(
    join(root, "agent.sh"),
    '#!/bin/sh\nif [ "$WAYBILL_ATTEMPT" = 1 ]; then echo draft > report.txt; else echo final > report.txt; fi\n',
  )
  chmodSync(join(root, "agent.sh"), 0o755)
  return root
}

/** Calls the program in a project, with the ledger where the variable says. */
const caller = (root: string, url?: string) => {
  const run = (words: ReadonlyArray<string>, input = "") => {
    const env = {
      PATH: process.env["PATH"],
      NO_COLOR: "1",
      ...(url === undefined ? {} : { WAYBILL_LEDGER: url }),
    }
    const { status, stderr, stdout } = spawnSync(process.execPath, [program, ...words], { cwd: root, env, input })
    return { exit_code: status, text: stdout.toString(), stderr: stderr.toString() }
  }
  const ask = (...words: ReadonlyArray<string>) => {
    const { exit_code, text } = run(words)
    const envelope: ResponseEnvelope = JSON.parse(text)
    return {
      exit_code,
      code: envelope.error?.code,
      error: envelope.error,
      data: envelope.data as Record<string, unknown>,
    }
  }
  return { run, ask }
}

const settling = ["settle", "--candidate", "report.txt", "--schema-id", "text/v1", "--verify", "grep -q final"]
const settle = (runId: string, ...words: ReadonlyArray<string>) => [
  ...settling,
  "--run-id",
  runId,
  ...words,
  "--",
  "./agent.sh",
]

test("a run is settled, explained, followed, delivered and replayed on a ledger in PostgreSQL, and moves into files and on", async () => {
  const { port, url } = server()
  const root = makeProject()
  const { ask, run } = caller(root, url)

  // Who only reads makes no ledger, not even where the name is mistyped.
  for (const reading of [["list"], ["events"], ["ledger", "show"], ["ledger", "verify"], ["ledger", "export"]]) {
    const { exit_code, stderr, text } = run(reading)
    expect([reading, exit_code === 0, `${text}${stderr}`]).toEqual([
      reading,
      false,
      expect.stringContaining("there is no ledger in the schema waybill"),
    ])
  }

  // A folder without a ledger is a beginning; an address that holds none may be a wrong one.
  const { checks } = ask("doctor").data as { readonly checks: ReadonlyArray<Readonly<Record<string, unknown>>> }
  expect(checks.filter(({ ok }) => ok === false)).toEqual([
    expect.objectContaining({ error: expect.stringContaining("there is no ledger in the schema waybill") }),
  ])
  expect(checks.map(({ fix }) => fix)).toContainEqual(expect.stringContaining("WAYBILL_LEDGER"))

  const settled = ask(...settle("r1", "--max-attempts", "2"))
  expect([settled.exit_code, settled.data["run_status"]]).toEqual([0, "verified"])
  expect(ask(...settle("r1", "--max-attempts", "2")).data).toEqual(settled.data)
  expect(ask("explain", "r1")).toMatchObject({ exit_code: 0, data: { status: "verified" } })
  expect(ask("logs", "r1").exit_code).toBe(0)
  expect(run(["deliver", "r1"]).text).toBe("final\n")
  expect(ask("job", "status", "r1")).toMatchObject({ exit_code: 0, data: { status: "complete" } })

  expect(ask("submit", "--type", "report.build", "--job-id", "j1")).toMatchObject({
    exit_code: 0,
    data: { effect: "created" },
  })
  expect(ask("wait", "j1", "--for", "1ms")).toMatchObject({ exit_code: 3, code: "JOB_RUNNING" })
  expect(ask("job", "cancel", "j1")).toMatchObject({ exit_code: 0, data: { effect: "updated" } })
  expect(ask("wait", "j1")).toMatchObject({ exit_code: 4, code: "JOB_CANCELLED" })
  const { jobs } = ask("list").data as { readonly jobs: ReadonlyArray<{ readonly job_id: string }> }
  expect(jobs.map(({ job_id }) => job_id).toSorted()).toEqual(["j1", "r1"])

  const events = run(["events"]).text.trimEnd().split("\n")
  expect(events.some((line) => line.includes("workspace_job.verified"))).toBe(true)

  const shown = ask("ledger", "show").data
  expect(shown).toMatchObject({
    where: `PostgreSQL at 127.0.0.1:${port}/postgres, schema waybill`,
    head: events.length,
  })
  expect(ask("ledger", "show", "--position", "1")).toMatchObject({ exit_code: 0, data: { event: { position: 1 } } })
  expect(ask("ledger", "replay", "--at", "1").data).toMatchObject({ position: 1, events: 1 })
  expect(ask("ledger", "verify")).toMatchObject({
    exit_code: 0,
    data: { head: null, position: events.length, unsealed: events.length, flaws: [] },
  })
  expect(ask("du").exit_code).toBe(0)
  expect(ask("gc", "--dry-run")).toMatchObject({ exit_code: 0, data: { removed: false } })
  expect(ask("doctor").exit_code).toBe(0)
  // Nothing of it was written into files.
  expect(existsSync(join(root, ".agents/daemon"))).toBe(false)

  const exported = run(["ledger", "export"])
  expect(exported.exit_code).toBe(0)
  const lines = join(root, "lines.jsonl")
  writeFileSync(lines, exported.text)
  const files = caller(makeProject())
  expect(files.ask("ledger", "import", lines)).toMatchObject({ exit_code: 0, data: { records: events.length } })
  expect(files.run(["ledger", "export"]).text).toBe(exported.text)
  expect(files.ask("explain", "r1").data["status"]).toBe("verified")

  // And on into another database, where it goes on.
  expect(ask("ledger", "import", lines)).toMatchObject({ exit_code: 4, code: "STORE_REFUSED" })
  await createDatabase("second")
  const second = caller(root, url.replace(/postgres$/u, "second"))
  expect(second.ask("ledger", "import", lines)).toMatchObject({ exit_code: 0, data: { records: events.length } })
  expect(second.run(["ledger", "export"]).text).toBe(exported.text)
  expect(second.ask("submit", "--type", "report.build", "--job-id", "j2").exit_code).toBe(0)
  expect(second.ask("ledger", "verify")).toMatchObject({ exit_code: 0, data: { position: events.length + 1 } })
})

test("what only files have is refused for a ledger in PostgreSQL, and never answered from the files beside it", () => {
  const { ask } = caller(makeProject(), server().url)
  for (const words of [
    ["ledger", "head"],
    ["ledger", "repair"],
    ["ledger", "verify", "--expect", `waybill-chain:1:${"0".repeat(64)}`],
  ])
    expect(ask(...words)).toMatchObject({ exit_code: 4, code: "LEDGER_IN_DATABASE" })
})

test("a database that cannot be used is said with the reason, before anything is begun, and the password never", () => {
  const { password, port, url } = server()
  const root = makeProject()
  const wrong = url.replace(password, "wr0ng-and-secret")
  for (const [where, exit_code, code, message] of [
    [wrong, 4, "STORE_REFUSED", /password authentication failed.*; check the user and the password/u],
    [`${url}_nowhere`, 4, "STORE_REFUSED", /postgres_nowhere\W+ does not exist.*; check the database's name/u],
    [`${url}?sslmode=require`, 4, "STORE_REFUSED", /the server does not encrypt/u],
    [
      url.replace(`:${port}/`, ":1/"),
      12,
      "STORE_UNAVAILABLE",
      /127\.0\.0\.1:1\/postgres.* nobody listens there; check/u,
    ],
    ["postgres://waybill:wr0ng-and-secret@127.0.0.1:notaport/x", 2, "LEDGER_ADDRESS_REFUSED", /URL/u],
    ["mysql://waybill:wr0ng-and-secret@127.0.0.1/x", 2, "LEDGER_ADDRESS_REFUSED", /postgres/u],
  ] as const)
    for (const words of [["ledger", "verify"], settle("r1")]) {
      const { run } = caller(root, where)
      const { exit_code: ended, stderr, text } = run(words)
      expect([where, words[0], ended]).toEqual([where, words[0], exit_code])
      const said = `${text}${stderr}`
      expect(said).toContain(code)
      expect(said).toMatch(message)
      expect(said).not.toContain("wr0ng-and-secret")
      expect(said).not.toContain(password)
    }
  expect(existsSync(join(root, ".agents"))).toBe(false)
})
