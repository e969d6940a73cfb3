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

const refuse = (name: string, ...issues: ReadonlyArray<Issue>) =>
  Result.fail(new InvalidFact({ event_type: `workspace_job.${name}`, issues }))

/** Fields whose value is `undefined` are left out, so that an absent field is an absent key. */
const present = <T extends Record<string, unknown>>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }

const attemptRef = (requested: Recorded<"requested">) => ({
  requestedEventId: requested.event_id,
  runId: requested.payload.runId,
  idempotencyKey: requested.payload.idempotencyKey,
})

/** Whether a recorded step belongs to the attempt; an issue if it does not. */
const foreign = (requested: Recorded<"requested">, step: { readonly payload: { readonly requestedEventId: string } }) =>
  step.payload.requestedEventId === requested.event_id
    ? undefined
    : { path: "requestedEventId", message: `is of another attempt, ${step.payload.requestedEventId}` }

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
  if (badKey !== undefined) return refuse("requested", { path: "idempotencyKey", message: badKey })
  const attempt = { index: 1, maxAttempts, cause: "initial" as const }
  return named("requested").make(runId, { runId, ...present(rest), attempt } as Payload<"requested">)
}

/** The next attempt of a job whose latest one was rejected. Refused when that attempt was the last of the budget. */
export const repair = (
  requested: Recorded<"requested">,
  rejected: Recorded<"verifier_rejected">,
): Made<"requested"> => {
  const previous = attemptOf(requested.payload)
  const stranger = foreign(requested, rejected)
  if (stranger !== undefined) return refuse("requested", stranger)
  if (previous.index >= previous.maxAttempts)
    return refuse("requested", { path: "attempt.index", message: `the budget of ${previous.maxAttempts} is spent` })
  const index = previous.index + 1
  const { runId } = requested.payload
  return named("requested").make(runId, {
    ...requested.payload,
    idempotencyKey: repairKey(baseKeyOf(requested.payload), index),
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
  if (schemaId !== requested.payload.terminalSchemaId)
    return refuse("terminal_build_attempted", {
      path: "schemaId",
      message: `is not the schema that was asked for, ${requested.payload.terminalSchemaId}`,
    })
  return named("terminal_build_attempted").make(requested.payload.runId, {
    ...attemptRef(requested),
    submitRunId,
    schemaId,
    bytes,
    sha256,
  })
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
  const issues = differs(written, built.payload)
  if (issues.length > 0) return refuse("artifact_written", ...issues)
  const { artifactRef, path } = written
  return named("artifact_written").make(built.payload.runId, { ...built.payload, artifactRef, path })
}

/** The written bytes were read again. Refused when what was read is not what was written. */
export const readBack = (
  written: Recorded<"artifact_written">,
  readback: Stored,
): Made<"artifact_readback_verified"> => {
  const issues = [
    ...(["artifactRef", "path"] as const)
      .filter((name) => readback[name] !== written.payload[name])
      .map((name) => ({ path: name, message: `is ${readback[name]}, want ${written.payload[name]}` })),
    ...differs(readback, written.payload),
  ]
  if (issues.length > 0) return refuse("artifact_readback_verified", ...issues)
  return named("artifact_readback_verified").make(written.payload.runId, written.payload)
}

/** Fixes the terminal artifact's metadata, from what was read back and from nowhere else. */
export const finalize = (
  requested: Recorded<"requested">,
  readback: Recorded<"artifact_readback_verified">,
): Made<"terminal_finalized"> => {
  const stranger = foreign(requested, readback)
  if (stranger !== undefined) return refuse("terminal_finalized", stranger)
  const { artifactRef, bytes, path, schemaId, sha256 } = readback.payload
  const terminalArtifact: TerminalArtifact = { artifactRef, path, schemaId, sha256, bytes }
  return named("terminal_finalized").make(requested.payload.runId, { ...attemptRef(requested), terminalArtifact })
}

/** What a verifier answered about the finalized bytes. */
export type Verification =
  | { readonly ok: true; readonly checks: ReadonlyArray<Check>; readonly summary?: string | undefined }
  | { readonly ok: false; readonly checks: ReadonlyArray<Check>; readonly reason: string }

/** The verdict: `verified`, or `verifier_rejected` with the reason as its summary. */
export const settle = (
  finalized: Recorded<"terminal_finalized">,
  verification: Verification,
): Made<"verified"> | Made<"verifier_rejected"> => {
  const { idempotencyKey, requestedEventId, runId } = finalized.payload
  const { checks } = verification
  const verdict = { requestedEventId, runId, idempotencyKey, terminalFinalizedEventId: finalized.event_id, checks }
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
