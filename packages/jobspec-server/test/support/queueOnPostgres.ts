/** The queue's suite on two server processes over one database, then jobs that the workers of both must share. */
import { startPostgres } from "@waybill/conformance/postgres-server"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import { ask, listIn } from "./client.ts"
import { type Program, startProgram } from "./program.ts"
import { queueSuite } from "./queueSuite.ts"

/** How many jobs one process works on at once. */
const slots = 2

/** Says which job it is on, then waits until it may go on. */
const command = (folder: string): ReadonlyArray<string> => {
  const [ran, go] = [join(folder, "ran"), join(folder, "go")]
  return ["/bin/sh", "-c", `echo "$WAYBILL_JOB_ID" >> '${ran}'; while [ ! -e '${go}' ]; do sleep 0.02; done; echo '{}'`]
}

/** What was recorded of one type, once so many are. */
const recorded = async (url: string, event_type: string, count: number): Promise<ReadonlyArray<string>> => {
  for (let since = ""; ;) {
    const answer = (await ask(url, { path: `/v1/events${since}` })).json()
    const all =
      since === "" ? listIn(answer, "events") : listIn((await ask(url, { path: "/v1/events" })).json(), "events")
    const found = all.filter(
      (event) => event["event_type"] === event_type && String(event["job_id"]).startsWith("shared"),
    )
    if (found.length >= count) return found.map(({ job_id }) => String(job_id))
    since = `?since=${encodeURIComponent(String(all.at(-1)?.["event_id"]))}&wait=30s`
  }
}

/** As many jobs as both have hands for: all are held at once, so that neither process can have left them to the other. */
const shareJobs = async (programs: ReadonlyArray<Program>, folder: string): Promise<void> => {
  const jobs = Array.from({ length: slots * programs.length }, (_, n) => `shared${n}`)
  for (const [n, job_id] of jobs.entries()) {
    const { first, token } = programs[n % 2 === 0 ? 0 : 1] ?? expect.fail("there is no server")
    const headers = { Authorization: `Bearer ${token}` }
    const body = { job_type: "report.build", job_id }
    expect((await ask(first.url, { method: "POST", path: "/v1/jobs", headers, body })).status).toBe(202)
  }
  const { url } = programs[0]?.first ?? expect.fail("there is no server")
  expect((await recorded(url, "job.claimed", jobs.length)).toSorted()).toEqual(jobs)
  writeFileSync(join(folder, "go"), "")
  expect((await recorded(url, "job.completed", jobs.length)).toSorted()).toEqual(jobs)
  expect(readFileSync(join(folder, "ran"), "utf8").trim().split("\n").toSorted()).toEqual(jobs)
  // A worker counts a job once it was told that it is recorded, which may be after everybody else saw it.
  const share = `waybill_worker_events_total{event="completed",job_type="report.build"} ${slots}`
  for (const { first } of programs)
    while (!(await ask(first.url, { path: "/waybill/v1/metrics" })).text.includes(share));
}

/** `jobs` and `workers` say how large the suite is. */
export const queueOnPostgres = async (folder: string, jobs: number, workers: number): Promise<void> => {
  const database = await startPostgres({})
  const [token_file, plan] = [join(folder, "token"), join(folder, "plan.json")]
  writeFileSync(token_file, "shared\n", { mode: 0o600 })
  writeFileSync(plan, JSON.stringify({ "report.build": { command: command(folder) } }), { mode: 0o600 })
  const shared = ["--token-file", token_file, "--ledger", database.url, "--workers", String(slots), "--work-plan", plan]
  const start = (name: string) => startProgram(["--root", join(folder, name), "--addr", "127.0.0.1:0", ...shared])
  const programs: Array<Program> = []
  try {
    for (const name of ["a", "b"]) programs.push(await start(name))
    await queueSuite(
      programs.map(({ first, token }) => ({ url: first.url, token })),
      jobs,
      workers,
    )
    await shareJobs(programs, folder)
  } finally {
    for (const { end } of programs) expect(await end("SIGTERM")).toBe(0)
    await database.close()
  }
}
