import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { make } from "../Benchmark.ts"
import { jobspecEvents } from "../jobspecEvents.ts"
import { fill, makeRoot, removeRoot } from "../jsonlFolder.ts"

const jobs_count = 100_000
const events_per_job = 5

const start = (...words: ReadonlyArray<string>): string => {
  const { status, stderr, stdout } = spawnSync(process.execPath, words, {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
  })
  if (status !== 0) throw new Error(`${words.join(" ")}: ${stderr}${stdout}`)
  return stdout
}

/** The program as it is published, in a folder of its own. */
const bundle = async (): Promise<{ readonly folder: string; readonly program: string }> => {
  const folder = mkdtempSync(join(tmpdir(), "waybill-program-"))
  writeFileSync(join(folder, "package.json"), '{"type":"module"}')
  const repository = join(import.meta.dirname, "../../../..")
  // By its place and not by name: scripts of the repository are in no package.
  const script: { readonly bundleProgram: (root: string, folder: string) => Promise<string> } = await import(
    pathToFileURL(join(repository, "scripts/bundle-program.ts")).href
  )
  return { folder, program: await script.bundleProgram(repository, folder) }
}

/** What a call of `waybill` costs before its own work, and what asking about one job among many costs. */
export default make({
  name: "waybill-start",
  title: "Starting waybill",
  unit: "starts",
  input: async (_, { scaled }) => {
    const root = await makeRoot()
    const facts = scaled(jobs_count * events_per_job)
    await fill(root, jobspecEvents(facts))
    return { root, facts, ...(await bundle()) }
  },
  amount: () => 1,
  describe: ({ facts }) => `bundled and minified; a ledger of ${facts / events_per_job} jobs, ${facts} facts`,
  subjects: [
    { name: "waybill --version", role: "subject", run: ({ program }) => start(program, "--version") },
    { name: "node -e 0", role: "limit", run: () => start("-e", "0") },
    {
      name: "waybill job status",
      role: "subject",
      run: ({ program, root }) => start(program, "job", "status", "job_rpi_000500", "--root", root),
    },
  ],
  goals: [
    { subject: "waybill --version", beside: "node -e 0", speed_min: 1 / 1.4 },
    { subject: "waybill job status", beside: "node -e 0", speed_min: 1 / 4 },
  ],
  check: (stdout) => {
    if (stdout !== "" && !stdout.startsWith("waybill ") && !stdout.includes('"status":"complete"'))
      throw new Error(`the program says ${stdout}`)
  },
  close: async ({ folder, root }) => {
    rmSync(folder, { recursive: true, force: true })
    await removeRoot(root)
  },
})
