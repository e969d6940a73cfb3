/**
 * The crash table: at each point of a settlement the runner dies; then one runner, or two at the same time, go on.
 */
import { DataPlane } from "@waybill/data-plane"
import type { FaultPlan } from "@waybill/host"
import { JobSpec, type QueueJob } from "@waybill/jobspec"
import { type Anomaly, Ledger, type RecordedEvent } from "@waybill/ledger"
import { Jobs, type JobStatus } from "@waybill/workspace-job"
import { Cause, Effect, Exit, Stream } from "effect"
import { createHash } from "node:crypto"
import { isDeepStrictEqual } from "node:util"
import { deliverJob, settleJob } from "../../src/index.ts"
import { type CrashPoint, crashPointsOf, type Place } from "./crashPoints.ts"
import { type Death, type Machine, makeMachine, root, type Trace, type Variant } from "./Machine.ts"
import { good, leave, sloppyJob } from "./sloppyJob.ts"

export type Loss = "kill" | "power"

const { queue: jobs } = JobSpec.make().projections

const ends = new Set(["workspace_job.verified", "workspace_job.verifier_rejected", "workspace_job.failed"])
const sha256 = (bytes: Uint8Array | string) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`

export const settleOn = async (machine: Machine, death?: Death, refuse?: FaultPlan) => {
  const runner = machine.makeRunner(death, refuse)
  const exit = await runner.run(settleJob(sloppyJob(machine, runner), { observe: runner.observe }))
  return { runner, exit }
}

/** A file that was being made, wherever: what a process keeps for its own sweep is the lock and the list of places. */
const isHalf = /\.waybill-tmp-|\/data\/unfinished\/[^/]+\/(?!lock$|places$)/u

/** The trace of a settlement that nobody cut. */
export const wholeTrace = async (variant?: Variant): Promise<Trace> => {
  const { runner } = await settleOn(makeMachine(leave, variant))
  return runner.trace
}

/** A host that starts on this machine clears away what nobody is making any more. */
export const sweep = async (machine: Machine): Promise<void> => {
  await machine.makeRunner().run(DataPlane.use((plane) => plane.sweep))
}

const outcomeOf = (status: JobStatus): string =>
  status.status === "failed" ? status.failed.failure.reason : status.status

const job_ends = new Set(["job.completed", "job.failed", "job.cancelled"])

/** What is wrong with the job that the run is. */
const jobFaults = (
  facts: ReadonlyArray<RecordedEvent>,
  status: JobStatus,
  job: QueueJob | undefined,
  anomalies: ReadonlyArray<Anomaly>,
): ReadonlyArray<string> => {
  const faults: Array<string> = []
  const expect = (holds: boolean, fault: string) => {
    if (!holds) faults.push(fault)
  }
  const types = facts.map(({ event_type }) => event_type)
  const count = (isOne: (type: string) => boolean) => types.filter(isOne).length
  expect(
    types[0] === "job.accepted" && count((type) => type === "job.accepted") === 1,
    "the job was not asked for once",
  )
  expect(
    count((type) => job_ends.has(type)) === 1 && job_ends.has(types.at(-1) ?? ""),
    `the job ended as ${types.join()}`,
  )
  expect(anomalies.length === 0, `anomalies of the job: ${JSON.stringify(anomalies)}`)
  const epochs = facts.flatMap(({ event_type, payload }) =>
    event_type === "job.claimed" ? [payload["lease_epoch"]] : [],
  )
  expect(
    epochs.every((epoch, index) => epoch === index + 1),
    `the job was claimed as ${JSON.stringify(epochs)}`,
  )
  expect(job?.status === (status.status === "verified" ? "completed" : "failed"), `the job is ${job?.status}`)
  const digest = status.status === "verified" ? status.terminalArtifact.sha256 : undefined
  expect(job?.artifacts?.["terminal_artifact_sha256"] === digest, "the job's end does not name the digest")
  return faults
}

/** What is wrong with the machine once everything is said to be done; empty where nothing is. */
export const faultsOf = async (machine: Machine): Promise<ReadonlyArray<string>> => {
  const faults: Array<string> = []
  const expect = (holds: boolean, fault: string) => {
    if (!holds) faults.push(fault)
  }
  const starts = machine.starts()
  expect(
    starts.every(([, count]) => count === 1),
    "an agent ran twice",
  )
  expect(!machine.isAnybodyAtWork(), "an agent is left at work")
  for (const pair of machine.judged) {
    const [told = "", found = ""] = pair.split(" ")
    expect(told === `sha256:${found}`, "the verifier was told another digest than it read")
  }
  const halves = machine.disk.files(root).filter((path) => isHalf.test(path))
  expect(halves.length === 0, `left half written: ${halves.join(" ")}`)

  for (const { content, path } of sloppyJob(machine, machine.makeRunner()).seeds) {
    const found = machine.disk.bytes(`${root}/data/workspaces/run-1/${path}`)
    expect(found !== undefined && Buffer.compare(found, content) === 0, `the seed ${path} is not as it was declared`)
  }

  const looker = machine.makeRunner()
  const seen = await looker.run(
    Effect.gen(function* () {
      const status: JobStatus = yield* settleJob(sloppyJob(machine, looker), { holdWait_ms: 0 })
      const ledger = yield* Ledger
      const facts = yield* Stream.runCollect(ledger.read())
      const anomalies = yield* ledger.query(Jobs, (view) => view.anomalies("run-1"))
      const job = yield* ledger.query(jobs, (view) => ({ job: view.get("run-1"), anomalies: view.anomalies("run-1") }))
      const chunks: Array<Uint8Array> = []
      const delivery = yield* Effect.exit(
        deliverJob("run-1", { sink: (chunk) => Effect.sync(() => void chunks.push(chunk)) }),
      )
      return { status, facts, anomalies, job, health: yield* ledger.health, delivery, delivered: Buffer.concat(chunks) }
    }),
  )
  if (Exit.isFailure(seen)) return [...faults, `asking again failed: ${Cause.pretty(seen.cause)}`]
  const { anomalies, delivered, delivery, health, job, status } = seen.value
  const facts = seen.value.facts.filter(({ event_type }) => !event_type.startsWith("job."))
  const ofJob = seen.value.facts.filter(({ event_type }) => event_type.startsWith("job."))
  faults.push(...jobFaults(ofJob, status, job.job, job.anomalies))
  expect(machine.starts().length === starts.length, "asking again started an agent")
  expect(anomalies.length === 0, `anomalies: ${JSON.stringify(anomalies)}`)
  expect(health.corrupt.length === 0 && health.torn_bytes === 0, `the ledger is damaged: ${JSON.stringify(health)}`)

  const attempts = new Map<string, Array<(typeof facts)[number]>>()
  for (const fact of facts) {
    const { requestedEventId } = fact.payload as { readonly requestedEventId?: string }
    const of = requestedEventId ?? fact.event_id
    attempts.set(of, [...(attempts.get(of) ?? []), fact])
  }
  for (const [attempt, own] of attempts) {
    expect(own.filter(({ event_type }) => ends.has(event_type)).length === 1, `${attempt} has not one end`)
    expect(new Set(own.map(({ event_type }) => event_type)).size === own.length, `${attempt} has a step twice`)
    const digests = own.flatMap(({ payload }) => JSON.stringify(payload).match(/sha256:[0-9a-f]{64}/gu) ?? [])
    expect(new Set(digests).size <= 1, `the chain of ${attempt} has ${new Set(digests).size} digests`)
    const isSealed = own.some(({ event_type }) => event_type === "workspace_job.terminal_finalized")
    for (const digest of new Set(isSealed ? digests : [])) {
      const path = machine.disk.files(`${root}/data/sealed`).find((file) => file.endsWith(digest.slice(7)))
      const sealed = path === undefined ? undefined : machine.disk.bytes(path)
      expect(sealed !== undefined && sha256(sealed) === digest, `what is sealed for ${attempt} is not ${digest}`)
    }
  }
  if (status.status === "verified") {
    expect(machine.variant.outcomes.includes("verified"), "what was to fail was verified")
    expect(
      Exit.isSuccess(delivery) && sha256(delivered) === sha256(good),
      "what was delivered is not what was verified",
    )
    expect(facts.length === 2 + 1 + 2 * 6, `there are ${facts.length} facts`)
  } else {
    const outcome = outcomeOf(status)
    const isLost = outcome === "interrupted" || (outcome === "runtime_projection_missing" && machine.isStartLost())
    expect(isLost || machine.variant.outcomes.includes(outcome), `ended as ${outcome}`)
    expect(Exit.isFailure(delivery) && delivered.length === 0, "something was delivered that is not verified")
  }
  return faults
}

/** Dies at the point, loses what the loss loses, goes on with so many runners; answers what is wrong then. */
export const crashAt = async (
  point: CrashPoint,
  loss: Loss,
  runners: 1 | 2,
  variant?: Variant,
): Promise<ReadonlyArray<string>> => {
  const machine = makeMachine(leave, variant)
  const first = await settleOn(machine, point)
  if (!first.runner.isDead()) return [`it did not die at ${point.nth}`]
  if (loss === "power") machine.cutPower()
  const next = await Promise.all(Array.from({ length: runners }, () => settleOn(machine)))
  const faults = next.flatMap(({ exit }) => (Exit.isFailure(exit) ? [`went wrong: ${Cause.pretty(exit.cause)}`] : []))
  const [one, two] = next.map(({ exit }) => (Exit.isSuccess(exit) ? exit.value : undefined))
  if (runners === 2 && !isDeepStrictEqual(one, two)) faults.push("the two runners answer differently")
  const outcomes = next.map(({ exit }) => (Exit.isSuccess(exit) ? outcomeOf(exit.value) : "none"))
  // Only a machine that went down under a working agent may cost the work.
  if (outcomes.includes("interrupted") && !(loss === "power" && point.row.endsWith("agent")))
    faults.push("the work is lost")
  // When the machine goes down between the record of a start and the start, nobody can tell that the agent did not run.
  const isStart = loss === "power" && / (agent|commit agent_started)$/u.test(point.row)
  if (outcomes.includes("runtime_projection_missing") && !isStart) faults.push("the run is missing")
  return [...faults, ...(await faultsOf(machine))]
}

const losses: ReadonlyArray<Loss> = ["kill", "power"]

export interface Cell {
  runs: number
  readonly faults: Array<string>
}

const places: ReadonlyArray<Place> = ["before", "inside", "after"]

/**
 * Runs the whole table. Keys of a cell: row, place and number of runners. Without `every`, two runners meet one of the two
 * losses at each point in turn.
 */
export const runTable = async (every: boolean) => {
  const points = crashPointsOf(await wholeTrace(), every)
  // Behind one row is before the next one.
  const known = new Map<string, ReadonlyArray<string>>()
  const once = async (point: CrashPoint, loss: Loss, runners: 1 | 2) => {
    const key = [point.nth, point.isTorn === true, loss, runners].join()
    const faults = known.get(key) ?? (await crashAt(point, loss, runners))
    known.set(key, faults)
    return faults
  }
  const cells = new Map<string, Cell>()
  for (const point of points)
    for (const runners of [1, 2] as const)
      for (const loss of every || runners === 1 ? losses : [losses[point.nth % 2] ?? "kill"]) {
        const key = `${point.row}|${point.place}|${runners}`
        const cell = cells.get(key) ?? { runs: 0, faults: [] }
        cells.set(key, cell)
        cell.runs++
        for (const fault of await once(point, loss, runners))
          cell.faults.push(`${key} at ${point.nth}${point.isTorn === true ? " torn" : ""}, ${loss}: ${fault}`)
      }
  return { rows: [...new Set(points.map(({ row }) => row))], cells }
}

/** The table as text for somebody who has never seen it, at most 80 columns wide. */
export const printTable = ({ cells, rows }: Awaited<ReturnType<typeof runTable>>): string => {
  const cellOf = (key: string) => {
    const cell = cells.get(key)
    if (cell === undefined) return "-"
    return cell.faults.length === 0 ? `ok ${cell.runs}` : `BAD ${cell.faults.length}`
  }
  const line = (name: string, words: ReadonlyArray<string>, width = 7) =>
    `${name.padEnd(37)}${words.map((word) => word.padStart(width)).join("")}`.trimEnd()
  return [
    "What becomes of a settlement whose runner dies. Its first attempt is rejected,",
    "its second one verified. At every point the runner is killed, or the power is",
    "cut; then one runner, or two, go on, and the outcome is looked at.",
    "",
    line("the runner dies", ["before", "inside", "after"], 14),
    line("and so many go on, at the same time", ["one", "two", "one", "two", "one", "two"]),
    ...rows.map((row) =>
      line(
        row,
        places.flatMap((place) => [cellOf(`${row}|${place}|1`), cellOf(`${row}|${place}|2`)]),
      ),
    ),
    "",
    'The number before a step is that of its attempt. "commit" writes these facts',
    'to the ledger, all or none; what has no "commit" is an effect on files, on the',
    'agent or on the verifier. "hold" is the mark that this run is being worked on;',
    '"reading" is the ledger being read. "inside" is between any two operations of',
    "the step on the disk, and in the middle of a write.",
    "ok 4: 4 deaths there, and each time every attempt had one end and at most one",
    "agent run, the bytes were the same all the way, nobody was left at work, and",
    "nothing was left half written. BAD 2: two things were wrong; the test names",
    "them. -: there is no such point.",
  ].join("\n")
}
