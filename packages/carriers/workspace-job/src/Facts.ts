/**
 * The vocabulary `workspace_job`.
 *
 * Its constructors stay inside this package: facts are written through the settlement helpers, which take the recorded fact
 * they refer to, so a wrong reference cannot be written.
 *
 * @module
 */
import { isRecordedFact, type RecordedFact, Vocabulary } from "@waybill/ledger"
import { Schema } from "effect"
import {
  ArtifactPath,
  AttemptNumber,
  Bytes,
  Check,
  checks_max,
  EventId,
  Failure,
  IdempotencyKey,
  Label,
  Prose,
  RunId,
  Sha256,
  TerminalArtifact,
} from "./Values.ts"

/** What every fact after the request says about the attempt it belongs to. */
const attempt = { requestedEventId: EventId, runId: RunId, idempotencyKey: IdempotencyKey }

const stored = {
  ...attempt,
  path: ArtifactPath,
  artifactRef: Label,
  submitRunId: Label,
  schemaId: Label,
  bytes: Bytes,
  sha256: Sha256,
}

const Checks = Schema.Array(Check).check(Schema.isMaxLength(checks_max))

const accepted = Schema.makeFilter((checks: ReadonlyArray<Check>) => {
  if (checks.length === 0) return "must name at least one check"
  return checks.every(({ status }) => status === "passed") ? true : "must not hold a failed check"
})

const verdict = { ...attempt, terminalFinalizedEventId: EventId }

const definitions = {
  requested: {
    description: "An attempt was asked for. Nothing has happened yet.",
    unique: "idempotencyKey",
    payload: Schema.Struct({
      runId: RunId,
      idempotencyKey: IdempotencyKey,
      requestedBy: Label,
      terminalSchemaId: Label,
      workspaceRef: Schema.optionalKey(Label),
      inputRef: Schema.optionalKey(Label),
      inputHash: Schema.optionalKey(Label),
      attempt: Schema.optionalKey(AttemptNumber),
    }),
  },
  seed_written: {
    description: "All seed files are in the workspace.",
    payload: Schema.Struct({ ...attempt, seedPaths: Schema.Array(ArtifactPath) }),
  },
  agent_started: {
    description:
      "An agent run was begun for this attempt, and no other will be. Recorded before the agent does anything.",
    payload: Schema.Struct({ ...attempt, submitRunId: Label, withdrawal: Schema.optionalKey(Sha256) }),
  },
  terminal_build_attempted: {
    description: "The builder returned bytes with this digest, after that agent run.",
    payload: Schema.Struct({ ...attempt, submitRunId: Label, schemaId: Label, bytes: Bytes, sha256: Sha256 }),
  },
  artifact_written: {
    description: "The built bytes were handed to storage, which keeps them under this reference.",
    payload: Schema.Struct(stored),
  },
  artifact_readback_verified: {
    description: "The stored bytes were read again and hashed.",
    payload: Schema.Struct(stored),
  },
  terminal_finalized: {
    description: "Terminal bytes exist, and their metadata is fixed from what was read back.",
    payload: Schema.Struct({ ...attempt, terminalArtifact: TerminalArtifact }),
  },
  verified: {
    description: "The verifier accepted exactly those bytes.",
    payload: Schema.Struct({ ...verdict, checks: Checks.check(accepted), summary: Schema.optionalKey(Prose) }),
  },
  verifier_rejected: {
    description: "The verifier ran properly and said no: a product verdict, not a malfunction.",
    payload: Schema.Struct({ ...verdict, checks: Checks, summary: Schema.optionalKey(Prose) }),
  },
  failed: {
    description: "The attempt ended without a verdict, for a reason outside the product verdict.",
    payload: Schema.Struct({ ...attempt, failure: Failure, submitRunId: Schema.optionalKey(Label) }),
  },
} as const

const reconcile = {
  reconcile_required: {
    description: "The outcome is not known; somebody must reconcile. Read, never written.",
    payload: Schema.Struct({ ...attempt, failure: Failure, submitRunId: Schema.optionalKey(Label) }),
  },
} as const

/** With constructors; for the settlement helpers only. */
export const vocabulary = Vocabulary.make("workspace_job", definitions)

const extended = Vocabulary.make("workspace_job", { ...definitions, ...reconcile })

export type WorkspaceJobFact = Vocabulary.FactsOf<typeof vocabulary>
export type ExtendedFact = Vocabulary.FactsOf<typeof extended>

/** The facts of settled jobs, for reading. `reconcile_required` is an unknown type here. */
export const WorkspaceJob: Vocabulary.Reader<WorkspaceJobFact> = Vocabulary.reader(vocabulary)

/** The same, and `reconcile_required` is known. For ledgers of hosts that write it. */
export const WorkspaceJobWithReconcile: Vocabulary.Reader<ExtendedFact> = Vocabulary.reader(extended)

/** Every fact type with its schema and description: the documentation of the vocabulary. */
export const fact_types: ReadonlyArray<Vocabulary.FactDescription> = Object.values(vocabulary.facts)

type Name = keyof typeof definitions
/** The payload of one fact type. */
export type Payload<K extends Name> = (typeof definitions)[K]["payload"]["Type"]
/** A recorded fact of one type. */
export type Recorded<K extends Name> = RecordedFact<`workspace_job.${K}`, Payload<K>>
/** The short names of the fact types. */
export type StepName = Name

/** Whether a value is a recorded fact of this type. */
export const isJobFact = <K extends Name>(name: K, fact: unknown): fact is Recorded<K> =>
  isRecordedFact(fact) && fact.event_type === `workspace_job.${name}`
