/** A history that is told fact by fact, proper ones by name and others as one likes. */
import { eventId, type Fold, foldAll, type RecordedEvent } from "@waybill/ledger"
import { recordedEvents } from "@waybill/ledger/testing"
import { type Job, Jobs, jobStatus, type StepName } from "../../src/index.ts"
import { digestA } from "./attempts.ts"

type Fields = Readonly<Record<string, unknown>>

export const artifact = {
  artifactRef: "artifact:run-1:1:report.json",
  path: "report.json",
  schemaId: "report/v1",
  sha256: digestA,
  bytes: 7,
}

/** Each value of an artifact, changed. */
export const otherArtifacts: ReadonlyArray<readonly [string, Fields]> = [
  ["digest", { sha256: `sha256:${"b".repeat(64)}` }],
  ["length", { bytes: 8 }],
  ["path", { path: "other.json" }],
  ["reference", { artifactRef: "artifact:other" }],
  ["schema", { schemaId: "other/v1" }],
]

export const passed = { name: "complete", status: "passed" }
export const failed = { name: "complete", status: "failed" }

/** Tells of one run; every fact is proper unless fields are given that say otherwise. */
export const makeStory = (runId = "run-1", key = "create-1") => {
  const events: Array<RecordedEvent> = []
  let ref: Fields = { runId, idempotencyKey: key }
  let requestedEventId = ""
  let finalizedEventId = "nothing was finalized"

  /** Anything, as it is; answers its event's id. */
  const say = (name: string, payload: Fields, job_id = runId): string => {
    const [event] = recordedEvents([{ event_type: `workspace_job.${name}`, job_id, payload }], { after: events.length })
    if (event === undefined) throw new Error("nothing was recorded")
    events.push(event)
    return event.event_id
  }
  const request = (fields: Fields = {}): string => {
    requestedEventId = say("requested", {
      runId,
      idempotencyKey: key,
      requestedBy: "a product",
      terminalSchemaId: "report/v1",
      attempt: { index: 1, maxAttempts: 3, cause: "initial" },
      ...fields,
    })
    const idempotencyKey = fields["idempotencyKey"] ?? key
    ref = { requestedEventId, runId, idempotencyKey }
    return requestedEventId
  }
  const repair = (index: number, fields: Fields = {}): string =>
    request({
      idempotencyKey: `${key}:repair:${index}`,
      attempt: { index, maxAttempts: 3, cause: "verifier_repair", repairOfRequestedEventId: requestedEventId },
      ...fields,
    })
  const steps: Readonly<Record<Exclude<StepName, "requested">, () => Fields>> = {
    seed_written: () => ({ seedPaths: [] }),
    agent_started: () => ({ submitRunId: "submit-1" }),
    terminal_build_attempted: () => ({ submitRunId: "submit-1", schemaId: "report/v1", bytes: 7, sha256: digestA }),
    artifact_written: () => ({ ...artifact, submitRunId: "submit-1" }),
    artifact_readback_verified: () => ({ ...artifact, submitRunId: "submit-1" }),
    terminal_finalized: () => ({ terminalArtifact: artifact }),
    verified: () => ({ terminalFinalizedEventId: finalizedEventId, checks: [passed] }),
    verifier_rejected: () => ({ terminalFinalizedEventId: finalizedEventId, checks: [failed] }),
    failed: () => ({ failure: { phase: "submit", code: "workspace_job.submit.retries", reason: "retries" } }),
  }
  /** A step of the attempt that was requested last. */
  const step = (name: keyof typeof steps, fields: Fields = {}): string => {
    const id = say(name, { ...ref, ...steps[name](), ...fields })
    if (name === "terminal_finalized") finalizedEventId = id
    return id
  }
  const proper = (...names: ReadonlyArray<keyof typeof steps>): void => {
    for (const name of names) step(name)
  }
  /** All of an attempt after its request, up to its artifact. */
  const upToFinalized = (): void =>
    proper(
      "seed_written",
      "terminal_build_attempted",
      "artifact_written",
      "artifact_readback_verified",
      "terminal_finalized",
    )
  return { events, say, request, repair, step, proper, upToFinalized, ref: () => ref }
}

export type Story = ReturnType<typeof makeStory>

/** A story of one run, told at once. */
export const told = (tell: (story: Story) => void): Story => {
  const story = makeStory()
  tell(story)
  return story
}
/** The id of the event of `run-1` at a position. */
export const idOf = (name: string, position: number): string => eventId(`workspace_job.${name}`, "run-1", position)

export const foldOf = (story: Story): Fold<Job> => foldAll(Jobs, story.events)
export const statusOf = (story: Story, runId = "run-1") => jobStatus(foldOf(story), runId).status
/** `code: detail` of everything that did not fit. */
export const anomaliesOf = (story: Story, runId = "run-1"): ReadonlyArray<string> =>
  foldOf(story)
    .anomalies(runId)
    .map(({ code, detail }) => (detail === undefined ? code : `${code}: ${detail}`))
