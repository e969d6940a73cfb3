/**
 * Settlements as programs of their own, that are really killed.
 */
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { aliveIn } from "./agentLab.ts"
import { bundledProgram } from "./bundledProgram.ts"

const program = await bundledProgram("program.ts")

export interface Outcome {
  readonly status: { readonly status: string; readonly terminalArtifact?: { readonly sha256: string } }
  readonly facts: ReadonlyArray<{ readonly event_type: string; readonly payload: Record<string, unknown> }>
}

/** Starts the program in a folder; see `program.ts` for its arguments. */
export const start = (root: string, ...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [program, root, ...args])
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = new Promise<{ readonly signal: string | null; readonly stdout: string; readonly stderr: string }>(
    (resolve) => child.once("close", (_, signal) => resolve({ signal, stdout, stderr })),
  )
  return { child, ended }
}
export const run = (root: string, ...args: ReadonlyArray<string>) => start(root, ...args).ended

const ends = new Set(["workspace_job.verified", "workspace_job.verifier_rejected", "workspace_job.failed"])
const good = `sha256:${createHash("sha256").update("final!").digest("hex")}`

/** What was said to be settled; throws when it was not settled once, with one agent run and one end per attempt. */
export const settledOnce = (root: string, said: { readonly stdout: string; readonly stderr: string }): Outcome => {
  if (said.stderr !== "") throw new Error(said.stderr)
  const outcome: Outcome = JSON.parse(said.stdout)
  const { status } = outcome
  const facts = outcome.facts.filter(({ event_type }) => !event_type.startsWith("job."))
  const jobEnds = outcome.facts.flatMap(({ event_type, payload }) =>
    /^job\.(completed|failed|cancelled)$/u.test(event_type) ? [[event_type, JSON.stringify(payload)].join(" ")] : [],
  )
  if (jobEnds.length !== 1 || jobEnds[0]?.startsWith("job.completed ") !== true || !jobEnds[0].includes(good))
    throw new Error(`the job ended as ${jobEnds.join("; ")}`)
  const runs = readFileSync(join(root, "runs"), "utf8").trim().split("\n")
  const terminals = facts.filter(({ event_type }) => ends.has(event_type)).map(({ event_type }) => event_type)
  const seen = [status.status, status.terminalArtifact?.sha256, runs.join(), terminals.join(), facts.length]
  const wanted = ["verified", good, "1,2", "workspace_job.verifier_rejected,workspace_job.verified", 2 + 1 + 2 * 6]
  if (JSON.stringify(seen) !== JSON.stringify(wanted)) throw new Error(`seen ${JSON.stringify(seen)}`)
  if (aliveIn(root).length > 0) throw new Error(`left running: ${aliveIn(root).join()}`)
  const halves = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.includes(".waybill-tmp-"),
  )
  if (halves.length > 0) throw new Error(`left half written: ${halves.join()}`)
  return outcome
}

/** The commits of the job, in order. */
export const commits: ReadonlyArray<readonly [string, number]> = [
  ["job.accepted", 1],
  ["workspace_job.requested", 1],
  ["job.claimed", 1],
  ["workspace_job.seed_written", 1],
  ["workspace_job.agent_started", 1],
  ["workspace_job.terminal_build_attempted", 1],
  ["workspace_job.artifact_written", 1],
  ["workspace_job.artifact_readback_verified", 1],
  ["workspace_job.terminal_finalized", 1],
  ["workspace_job.verifier_rejected", 1],
  ["workspace_job.requested", 2],
  ["workspace_job.agent_started", 2],
  ["workspace_job.terminal_build_attempted", 2],
  ["workspace_job.artifact_written", 2],
  ["workspace_job.artifact_readback_verified", 2],
  ["workspace_job.terminal_finalized", 2],
  ["workspace_job.verified", 1],
]

/** Kills a program right after a commit, lets two others go on at the same time, and answers what both say. */
export const killAfter = async (root: string, type: string, nth: number): Promise<readonly [Outcome, Outcome]> => {
  const killed = await run(root, `--crash-after=${type}:${nth}`)
  if (killed.signal !== "SIGKILL") throw new Error(`it was not killed: ${killed.stderr}`)
  const [one, two] = await Promise.all([run(root), run(root)])
  return [settledOnce(root, one), settledOnce(root, two)]
}
