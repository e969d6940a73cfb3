/**
 * A job as it is folded and saved: its attempts, with the first valid fact of each step.
 *
 * @module
 */
import { Schema } from "effect"
import { type Payload, vocabulary } from "./Facts.ts"
import { type Failure, Failure as FailureSchema } from "./Values.ts"

const { facts } = vocabulary

const recorded = <S extends Schema.Constraint>(payload: S) => Schema.Struct({ eventId: Schema.String, payload })
/** A step's fact, as the entity keeps it. */
export interface Kept<P> {
  readonly eventId: string
  readonly payload: P
}

/** How an attempt ended. */
export type Terminal =
  | ({ readonly kind: "verified" } & Kept<Payload<"verified">>)
  | ({ readonly kind: "verifier_rejected" } & Kept<Payload<"verifier_rejected">>)
  | ({ readonly kind: "failed" } & Kept<Payload<"failed">>)

/** One attempt: its request, the first valid fact of each step, and its end. */
export interface Attempt {
  readonly requestedEventId: string
  readonly request: Payload<"requested">
  readonly seedWritten?: Kept<Payload<"seed_written">> | undefined
  readonly agentStarted?: Kept<Payload<"agent_started">> | undefined
  readonly terminalBuildAttempted?: Kept<Payload<"terminal_build_attempted">> | undefined
  readonly artifactWritten?: Kept<Payload<"artifact_written">> | undefined
  /** Further ones, which only a history has that nobody should have written. */
  readonly otherWritten?: ReadonlyArray<Kept<Payload<"artifact_written">>> | undefined
  readonly artifactReadbackVerified?: Kept<Payload<"artifact_readback_verified">> | undefined
  /** Whether some written fact that came before the readback agrees with it. */
  readonly isWrittenAsRead?: boolean | undefined
  /** The first that agrees with the readback. */
  readonly terminalFinalized?: Kept<Payload<"terminal_finalized">> | undefined
  /** Those that came before the readback; with it, one of them may be accepted. */
  readonly finalizedEarly?: ReadonlyArray<Kept<Payload<"terminal_finalized">>> | undefined
  readonly reconcile?: { readonly eventId: string; readonly failure: Failure } | undefined
  readonly terminal?: Terminal | undefined
}

export type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * A copy that is about to get one more step. Every field is named, so that all attempts have one shape: folding a million
 * facts makes as many of these.
 */
export const copyOf = (attempt: Attempt): Mutable<Attempt> => ({
  requestedEventId: attempt.requestedEventId,
  request: attempt.request,
  seedWritten: attempt.seedWritten,
  agentStarted: attempt.agentStarted,
  terminalBuildAttempted: attempt.terminalBuildAttempted,
  artifactWritten: attempt.artifactWritten,
  otherWritten: attempt.otherWritten,
  artifactReadbackVerified: attempt.artifactReadbackVerified,
  isWrittenAsRead: attempt.isWrittenAsRead,
  terminalFinalized: attempt.terminalFinalized,
  finalizedEarly: attempt.finalizedEarly,
  reconcile: attempt.reconcile,
  terminal: attempt.terminal,
})

/** A job: the attempt that it is, and the ones before. */
export interface Job {
  readonly runId: string
  readonly current: Attempt
  readonly earlier: ReadonlyArray<Attempt>
}

const AttemptSchema = Schema.Struct({
  requestedEventId: Schema.String,
  request: facts.requested.payload,
  seedWritten: Schema.optional(recorded(facts.seed_written.payload)),
  agentStarted: Schema.optional(recorded(facts.agent_started.payload)),
  terminalBuildAttempted: Schema.optional(recorded(facts.terminal_build_attempted.payload)),
  artifactWritten: Schema.optional(recorded(facts.artifact_written.payload)),
  otherWritten: Schema.optional(Schema.Array(recorded(facts.artifact_written.payload))),
  artifactReadbackVerified: Schema.optional(recorded(facts.artifact_readback_verified.payload)),
  isWrittenAsRead: Schema.optional(Schema.Boolean),
  terminalFinalized: Schema.optional(recorded(facts.terminal_finalized.payload)),
  finalizedEarly: Schema.optional(Schema.Array(recorded(facts.terminal_finalized.payload))),
  reconcile: Schema.optional(Schema.Struct({ eventId: Schema.String, failure: FailureSchema })),
  terminal: Schema.optional(
    Schema.Union([
      Schema.Struct({ kind: Schema.Literal("verified"), eventId: Schema.String, payload: facts.verified.payload }),
      Schema.Struct({
        kind: Schema.Literal("verifier_rejected"),
        eventId: Schema.String,
        payload: facts.verifier_rejected.payload,
      }),
      Schema.Struct({ kind: Schema.Literal("failed"), eventId: Schema.String, payload: facts.failed.payload }),
    ]),
  ),
})

/** The schema of {@link Job}. */
export const JobEntity = Schema.Struct({
  runId: Schema.String,
  current: AttemptSchema,
  earlier: Schema.Array(AttemptSchema),
})
