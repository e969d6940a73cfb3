/**
 * Histories of a few runs: proper ones, as a careful runtime would write them, with anything at all strewn in between.
 */
import { eventId, type JsonObject, type RecordedEvent } from "@waybill/ledger"
import fc from "fast-check"

const digests = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`]
const runs = ["run-a", "run-b"]
const schema = "report/v1"

/** A choice of numbers that is turned into facts one by one, each seeing the ones before it. */
interface Choice {
  readonly what: number
  readonly run: number
  readonly ref: number
  readonly twist: number
  readonly digest: number
}

const choice: fc.Arbitrary<Choice> = fc.record({
  what: fc.nat({ max: 15 }),
  run: fc.nat({ max: 1 }),
  ref: fc.nat({ max: 30 }),
  twist: fc.nat({ max: 23 }),
  digest: fc.nat({ max: 1 }),
})

interface Open {
  readonly runId: string
  readonly key: string
  readonly requestedEventId: string
  readonly index: number
  step: number
  digest: string
  finalizedEventId: string
  isRejected: boolean
}

const maxAttempts = 3

const request = (runId: string, key: string, index: number, repairOf?: string): JsonObject => ({
  runId,
  idempotencyKey: key,
  requestedBy: "a test",
  terminalSchemaId: schema,
  attempt: {
    index,
    maxAttempts,
    cause: index === 1 ? "initial" : "verifier_repair",
    ...(repairOf === undefined ? {} : { repairOfRequestedEventId: repairOf }),
  },
})

/** The steps of an attempt in their order; the last is its end. */
const steps = [
  "seed_written",
  "agent_started",
  "terminal_build_attempted",
  "artifact_written",
  "artifact_readback_verified",
  "terminal_finalized",
  "end",
] as const

export const build = (choices: ReadonlyArray<Choice>): ReadonlyArray<RecordedEvent> => {
  const events: Array<RecordedEvent> = []
  const open = new Map<string, Open>()
  const add = (name: string, runId: string, payload: JsonObject): string => {
    const position = events.length + 1
    const event_type = `workspace_job.${name}`
    const event_id = eventId(event_type, runId, position)
    events.push({
      position,
      schema_version: 1,
      event_id,
      request_id: "req",
      job_id: runId,
      event_type,
      occurred_at: "2026-01-01T00:00:00Z",
      actor: "test",
      payload,
    })
    return event_id
  }
  const start = (runId: string, key: string, index: number, repairOf?: string) => {
    const requestedEventId = add("requested", runId, request(runId, key, index, repairOf))
    open.set(runId, {
      runId,
      key,
      requestedEventId,
      index,
      step: 0,
      digest: digests[0] ?? "",
      finalizedEventId: "none",
      isRejected: false,
    })
  }
  const artifact = (runId: string, sha256: string) => ({
    artifactRef: `artifact:${runId}`,
    path: "report.json",
    schemaId: schema,
    sha256,
    bytes: 7,
  })
  const stepOf = (at: Open, name: (typeof steps)[number], pick: Choice): readonly [string, JsonObject] => {
    const ref = { requestedEventId: at.requestedEventId, runId: at.runId, idempotencyKey: at.key }
    const stored = { ...artifact(at.runId, at.digest), submitRunId: "run_1" }
    switch (name) {
      case "seed_written":
        return [name, { ...ref, seedPaths: [] }]
      case "agent_started":
        return [name, { ...ref, submitRunId: stored.submitRunId }]
      case "terminal_build_attempted": {
        const { bytes, schemaId, sha256, submitRunId } = stored
        return [name, { ...ref, submitRunId, schemaId, bytes, sha256 }]
      }
      case "artifact_written":
      case "artifact_readback_verified":
        return [name, { ...ref, ...stored }]
      case "terminal_finalized":
        return [name, { ...ref, terminalArtifact: artifact(at.runId, at.digest) }]
      case "end": {
        if (pick.digest === 1 && pick.ref % 3 === 0)
          return [
            "failed",
            { ...ref, failure: { phase: "submit", code: "workspace_job.submit.retries", reason: "retries" } },
          ]
        const status = pick.ref % 2 === 0 ? "passed" : "failed"
        return [
          status === "passed" ? "verified" : "verifier_rejected",
          { ...ref, terminalFinalizedEventId: at.finalizedEventId, checks: [{ name: "c", status }] },
        ]
      }
    }
  }
  /** Changes a proper payload in one of the ways that hostile or careless writers find. */
  const twisted = ([name, payload]: readonly [string, JsonObject], pick: Choice): readonly [string, JsonObject] => {
    const other = events[pick.ref % Math.max(1, events.length)]
    switch (pick.twist) {
      case 0:
        return [name, { ...payload, requestedEventId: other?.event_id ?? "nobody" }]
      case 1:
        return [name, { ...payload, runId: runs[1 - pick.run] ?? "" }]
      case 2:
        return [name, { ...payload, idempotencyKey: "another key" }]
      case 3:
        return [name, { ...payload, terminalFinalizedEventId: other?.event_id ?? "nobody" }]
      case 4:
        return [name, { ...payload, sha256: digests[1] ?? "" }]
      case 5:
        return [name, { ...payload, checks: [] }]
      case 6:
        return [name, { ...payload, bytes: -1 }]
      case 7:
        return ["never_heard_of", payload]
      case 8:
        return [name, { ...payload, schemaId: "other/v1" }]
      case 9:
        return [name, { ...payload, unheardOf: { of: "field" } }]
      case 10:
        return [
          "verified",
          { ...payload, terminalFinalizedEventId: other?.event_id ?? "x", checks: [{ name: "c", status: "passed" }] },
        ]
      default:
        return [name, payload]
    }
  }
  for (const pick of choices) {
    const runId = runs[pick.run] ?? ""
    const at = open.get(runId)
    if (at === undefined) {
      start(runId, pick.twist === 11 ? "run-a:repair:2" : runId, 1)
      continue
    }
    if (pick.what === 0) add("requested", runId, request(runId, `${runId}-${pick.ref}`, 1))
    else if (pick.what === 1) add("requested", runId, request(runId, at.key, 1))
    else if (pick.what === 2)
      add(
        "requested",
        runId,
        request(
          runId,
          `${runId}:repair:${pick.ref}`,
          1 + (pick.ref % 4) + 1,
          events[pick.ref % events.length]?.event_id ?? "x",
        ),
      )
    else if (pick.what === 3) {
      const name = steps[pick.ref % steps.length] ?? "end"
      const [type, payload] = twisted(stepOf(at, name, pick), pick)
      add(type, runId, payload)
    } else if (at.step >= steps.length) {
      if (at.isRejected && at.index < maxAttempts)
        start(runId, `${runId}:repair:${at.index + 1}`, at.index + 1, at.requestedEventId)
    } else {
      const name = steps[at.step] ?? "end"
      const [type, payload] = twisted(stepOf(at, name, pick), {
        ...pick,
        twist: pick.twist + (pick.what < 6 ? 0 : 100),
      })
      const id = add(type, runId, payload)
      if (name === "terminal_finalized") at.finalizedEventId = id
      if (name === "end") at.isRejected = type === "verifier_rejected"
      at.step++
    }
  }
  return events
}

export const history: fc.Arbitrary<ReadonlyArray<RecordedEvent>> = fc
  .array(choice, { minLength: 1, maxLength: 60, size: "max" })
  .map(build)

/** Anything that JSON can say, where an event is expected. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.record({
    position: fc.oneof(fc.nat(), fc.jsonValue()),
    event_id: fc.oneof(fc.string(), fc.jsonValue()),
    event_type: fc.oneof(
      fc.constantFrom("workspace_job.requested", "workspace_job.verified", "workspace_job.failed", "workspace_job.x"),
      fc.jsonValue(),
    ),
    job_id: fc.oneof(fc.constantFrom(...runs), fc.jsonValue()),
    payload: fc.jsonValue(),
  }),
)
