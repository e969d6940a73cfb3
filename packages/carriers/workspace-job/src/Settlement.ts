/**
 * The settlement helpers: the only way to write a `workspace_job` fact.
 *
 * Each takes the recorded fact it settles and the evidence for it, copies ids and metadata from there, and refuses evidence
 * that does not fit. So a fact that refers to the wrong attempt, or names bytes that nobody read back, cannot be written.
 *
 * @module
 */
import { type Fact, InvalidFact, type Issue } from "@waybill/ledger"
import { Result } from "effect"
import { attemptOf, baseKeyOf, refuseBaseKey, repairKey } from "./Attempts.ts"
import { type Payload, type Recorded, vocabulary } from "./Facts.ts"
import type { Check, Failure, TerminalArtifact } from "./Values.ts"

type Made<K extends Parameters<typeof named>[0]> = Result.Result<Fact<`workspace_job.${K}`, Payload<K>>, InvalidFact>

const named = <K extends keyof typeof vocabulary.facts>(name: K): (typeof vocabulary.facts)[K] => vocabulary.facts[name]

const refuse = (name: string, issues: ReadonlyArray<Issue>) =>
  Result.fail(new InvalidFact({ event_type: `workspace_job.${name}`, issues }))

/** The fact, unless the evidence has issues: then one error lists them and whatever else the schema has to say. */
const unless = <K extends Parameters<typeof named>[0]>(
  issues: ReadonlyArray<Issue>,
  name: K,
  made: Made<K>,
): Made<K> => {
  if (issues.length === 0) return made
  const said = new Set(issues.map(({ path }) => path))
  const further = Result.isFailure(made) ? made.failure.issues.filter(({ path }) => !said.has(path)) : []
  return refuse(name, [...issues, ...further])
}

/** Fields whose value is `undefined` are left out, so that an absent field is an absent key. */
const present = <T extends Record<string, unknown>>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }

/** What every later fact says about its attempt. */
interface AttemptRef {
  readonly requestedEventId: string
  readonly runId: string
  readonly idempotencyKey: string
}

const attemptRef = (requested: Recorded<"requested">): AttemptRef => ({
  requestedEventId: requested.event_id,
  runId: requested.payload.runId,
  idempotencyKey: requested.payload.idempotencyKey,
})

/** The same reference out of a later fact, without the fields that a newer writer may have added. */
const refOf = ({ idempotencyKey, requestedEventId, runId }: AttemptRef): AttemptRef => ({
  requestedEventId,
  runId,
  idempotencyKey,
})

/** What shows that a recorded step is of another attempt. */
const foreign = (requested: Recorded<"requested">, step: { readonly payload: AttemptRef }): ReadonlyArray<Issue> => {
  const own = attemptRef(requested)
  return (["requestedEventId", "runId", "idempotencyKey"] as const)
    .filter((name) => step.payload[name] !== own[name])
    .map((path) => ({ path, message: `is of another attempt: ${step.payload[path]}, want ${own[path]}` }))
}

/** What a product asks for. */
export interface JobRequest {
  /** 1 to 256 bytes; also the `job_id`. */
  readonly runId: string
  /** The base key, at most 256 bytes; asking again under it joins the same job. */
  readonly idempotencyKey: string
  readonly requestedBy: string
  readonly terminalSchemaId: string
  /** How many attempts the job has in all; 1 when absent. Fixed for the job by its first attempt. */
  readonly maxAttempts?: number | undefined
  readonly workspaceRef?: string | undefined
  readonly inputRef?: string | undefined
  readonly inputHash?: string | undefined
}

/** The first attempt of a job. */
export const request = (job: JobRequest): Made<"requested"> => {
  const { maxAttempts = 1, runId, ...rest } = job
  const badKey = refuseBaseKey(job.idempotencyKey)
  const attempt = { index: 1, maxAttempts, cause: "initial" as const }
  const made = named("requested").make(runId, { runId, ...present(rest), attempt } as Payload<"requested">)
  return unless(badKey === undefined ? [] : [{ path: "idempotencyKey", message: badKey }], "requested", made)
}

/** The next attempt of a job whose latest one was rejected. Refused when that attempt was the last of the budget. */
export const repair = (
  requested: Recorded<"requested">,
  rejected: Recorded<"verifier_rejected">,
): Made<"requested"> => {
  const previous = attemptOf(requested.payload)
  const issues = foreign(requested, rejected)
  if (issues.length > 0) return refuse("requested", issues)
  if (previous.index >= previous.maxAttempts)
    return refuse("requested", [{ path: "attempt.index", message: `the budget of ${previous.maxAttempts} is spent` }])
  const index = previous.index + 1
  const { inputHash, inputRef, requestedBy, runId, terminalSchemaId, workspaceRef } = requested.payload
  return named("requested").make(runId, {
    runId,
    idempotencyKey: repairKey(baseKeyOf(requested.payload), index),
    requestedBy,
    terminalSchemaId,
    ...present({ workspaceRef, inputRef, inputHash }),
    attempt: {
      index,
      maxAttempts: previous.maxAttempts,
      cause: "verifier_repair",
      repairOfRequestedEventId: requested.event_id,
    },
  })
}

/** All seed files are in the workspace. */
export const seed = (requested: Recorded<"requested">, seedPaths: ReadonlyArray<string>): Made<"seed_written"> =>
  named("seed_written").make(requested.payload.runId, { ...attemptRef(requested), seedPaths })

/** A run that is about to begin. */
export interface Start {
  readonly submitRunId: string
  /** The digest of a secret; who shows the secret shows that the run never began. */
  readonly withdrawal?: string | undefined
}

/** An agent run is begun for the attempt. To be recorded before the agent does anything: no other run will be begun. */
export const start = (requested: Recorded<"requested">, { submitRunId, withdrawal }: Start): Made<"agent_started"> =>
  named("agent_started").make(requested.payload.runId, {
    ...attemptRef(requested),
    submitRunId,
    ...present({ withdrawal }),
  })

/** What a builder returned: which run it built from, and the bytes. */
export interface Built {
  readonly submitRunId: string
  readonly schemaId: string
  readonly bytes: number
  readonly sha256: string
}

/** The builder returned bytes. Refused when they are of another schema than was asked for. */
export const build = (requested: Recorded<"requested">, built: Built): Made<"terminal_build_attempted"> => {
  const { bytes, schemaId, sha256, submitRunId } = built
  const wanted = requested.payload.terminalSchemaId
  const issues =
    schemaId === wanted ? [] : [{ path: "schemaId", message: `is not the schema that was asked for, ${wanted}` }]
  const payload = { ...attemptRef(requested), submitRunId, schemaId, bytes, sha256 }
  return unless(
    issues,
    "terminal_build_attempted",
    named("terminal_build_attempted").make(requested.payload.runId, payload),
  )
}

/** Bytes in storage. */
export interface Stored {
  readonly artifactRef: string
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

const differs = (stored: Stored, from: { readonly bytes: number; readonly sha256: string }): ReadonlyArray<Issue> => [
  ...(stored.bytes === from.bytes ? [] : [{ path: "bytes", message: `is ${stored.bytes}, want ${from.bytes}` }]),
  ...(stored.sha256 === from.sha256 ? [] : [{ path: "sha256", message: `is ${stored.sha256}, want ${from.sha256}` }]),
]

/** The built bytes were written. Refused when what was written is not what was built. */
export const write = (built: Recorded<"terminal_build_attempted">, written: Stored): Made<"artifact_written"> => {
  const { bytes, runId, schemaId, sha256, submitRunId } = built.payload
  const { artifactRef, path } = written
  const payload = { ...refOf(built.payload), path, artifactRef, submitRunId, schemaId, bytes, sha256 }
  return unless(differs(written, built.payload), "artifact_written", named("artifact_written").make(runId, payload))
}

/** The written bytes were read again. Refused when what was read is not what was written. */
export const readBack = (
  written: Recorded<"artifact_written">,
  readback: Stored,
): Made<"artifact_readback_verified"> => {
  const { artifactRef, bytes, path, runId, schemaId, sha256, submitRunId } = written.payload
  const issues = [
    ...(["artifactRef", "path"] as const)
      .filter((name) => readback[name] !== written.payload[name])
      .map((name) => ({ path: name, message: `is ${readback[name]}, want ${written.payload[name]}` })),
    ...differs(readback, written.payload),
  ]
  const payload = { ...refOf(written.payload), path, artifactRef, submitRunId, schemaId, bytes, sha256 }
  return unless(issues, "artifact_readback_verified", named("artifact_readback_verified").make(runId, payload))
}

/** Fixes the terminal artifact's metadata, from what was read back and from nowhere else. */
export const finalize = (
  requested: Recorded<"requested">,
  readback: Recorded<"artifact_readback_verified">,
): Made<"terminal_finalized"> => {
  const issues = foreign(requested, readback)
  if (issues.length > 0) return refuse("terminal_finalized", issues)
  const { artifactRef, bytes, path, schemaId, sha256 } = readback.payload
  const terminalArtifact: TerminalArtifact = { artifactRef, path, schemaId, sha256, bytes }
  return named("terminal_finalized").make(requested.payload.runId, { ...attemptRef(requested), terminalArtifact })
}

/** What a verifier answered about the finalized bytes. */
export type Verification =
  | { readonly ok: true; readonly checks: ReadonlyArray<Check>; readonly summary?: string | undefined }
  | { readonly ok: false; readonly checks: ReadonlyArray<Check>; readonly reason: string }

type VerdictFact =
  | Fact<"workspace_job.verified", Payload<"verified">>
  | Fact<"workspace_job.verifier_rejected", Payload<"verifier_rejected">>

/** The verdict: `verified`, or `verifier_rejected` with the reason as its summary. */
export const settle = (
  finalized: Recorded<"terminal_finalized">,
  verification: Verification,
): Result.Result<VerdictFact, InvalidFact> => {
  const { runId } = finalized.payload
  const { checks } = verification
  const verdict = { ...refOf(finalized.payload), terminalFinalizedEventId: finalized.event_id, checks }
  // An answer that is neither yes nor no comes from outside the types; it must not pass for either.
  if (typeof verification.ok !== "boolean") return refuse("verified", [{ path: "ok", message: "is not a boolean" }])
  if (!verification.ok) return named("verifier_rejected").make(runId, { ...verdict, summary: verification.reason })
  const { summary } = verification
  return named("verified").make(runId, { ...verdict, ...(summary === undefined ? {} : { summary }) })
}

/** Ends an attempt without a verdict. `submitRunId` is a join key for diagnostics; leave it out when no run is known. */
export const fail = (requested: Recorded<"requested">, failure: Failure, submitRunId?: string): Made<"failed"> =>
  named("failed").make(requested.payload.runId, {
    ...attemptRef(requested),
    failure,
    ...(submitRunId === undefined ? {} : { submitRunId }),
  })
