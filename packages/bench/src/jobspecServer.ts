/**
 * Server processes for the benchmarks, ours and a bare one.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { PeerModules } from "./Peers.ts"

export interface RunningServer {
  readonly url: string
  readonly token: string
  readonly stop: () => Promise<void>
}

const started = async (child: ChildProcess): Promise<{ readonly url: string; readonly token_file?: string }> => {
  if (child.stdout === null) throw new TypeError("the server has no stdout")
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`the server ended with ${String(code)}`))),
  ])) as [string]
  return JSON.parse(line) as { readonly url: string; readonly token_file?: string }
}

const start = async (program: string, args: ReadonlyArray<string>): Promise<RunningServer> => {
  const child = spawn(process.execPath, ["--conditions=@waybill/source", program, ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  })
  const { token_file, url } = await started(child)
  const ended = once(child, "exit")
  return {
    url,
    token: token_file === undefined ? "" : (await readFile(token_file, "utf8")).trim(),
    stop: async () => {
      child.kill("SIGKILL")
      await ended
    },
  }
}

/** Our server over a root. */
export const startJobspecServer = (root: string): Promise<RunningServer> =>
  start(join(import.meta.dirname, "../../cli/src/main.ts"), ["serve", "--root", root, "--addr", "127.0.0.1:0"])

/** The bare server, which writes to a file of the root. */
export const startBareServer = (root: string): Promise<RunningServer> =>
  start(join(import.meta.dirname, "bareHttpServer.ts"), [join(root, "bare")])

/** A bare server that tells its followers an event as often as it is asked to. */
export const startBareFollowServer = (event: string): Promise<RunningServer> =>
  start(join(import.meta.dirname, "bareFollowServer.ts"), [event])

/** A bare server before somebody else's queue in a PostgreSQL database, in which so many jobs wait. */
export const startPeerServer = (
  kind: "pg-boss" | "graphile-worker",
  database_url: string,
  peers: PeerModules,
  jobs = 0,
) => start(join(import.meta.dirname, "queueHttpServer.ts"), [kind, database_url, peers.folder, `${jobs}`])

/** A bare server before the queue of a ledger in files. */
export const startLedgerServer = (root: string): Promise<RunningServer> =>
  start(join(import.meta.dirname, "queueHttpServer.ts"), ["ledger", root])

/** Fills a root with so many jobs that wait, in the layout of the contract's reference daemon. */
export const writeJobs = async (root: string, jobs: number): Promise<void> => {
  const folder = join(root, ".agents", "daemon")
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const lines = Array.from({ length: jobs }, (_, i) => {
    const sequence = String(i + 1).padStart(6, "0")
    const job_id = `job_rpi_run_${sequence}`
    return JSON.stringify({
      schema_version: 1,
      event_id: `evt_job.accepted_${job_id}_${sequence}`,
      request_id: `req_${job_id}_${sequence}`,
      job_id,
      event_type: "job.accepted",
      occurred_at: "2026-04-28T12:00:00Z",
      actor: "ao-http:legacy",
      payload: { job_payload: {}, job_type: "rpi.run", max_attempts: 3, projection_targets: ["daemon-status"] },
    })
  })
  await writeFile(join(folder, "ledger.jsonl"), `${lines.join("\n")}\n`, { mode: 0o600 })
}
