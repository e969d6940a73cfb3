/**
 * The port to whoever judges the bytes.
 *
 * @module
 */
import type { BytesDiffer, HopError } from "@waybill/data-plane"
import type { Settlement } from "@waybill/workspace-job"
import { Data, type Effect, Result, Schema, type Stream } from "effect"
import type { AgentReceipt } from "../agent/Agent.ts"

/** What a verifier is given: the sealed bytes, as a private read-only file and as a stream. */
export interface VerifierInput {
  readonly runId: string
  readonly attempt: number
  /**
   * The same for every verification of this attempt, also after a crash, and no other's on this machine: a verifier that
   * starts programs can find by it what an earlier one left behind.
   */
  readonly verificationId: string
  readonly artifact: {
    readonly path: string
    readonly bytes: number
    readonly sha256: string
    readonly schemaId: string
    readonly stream: Stream.Stream<Uint8Array, HopError | BytesDiffer>
  }
  /** How the agent's run ended. */
  readonly receipt: AgentReceipt
}

export type Verification = Settlement.Verification

/** The verifier did not come to an answer. A malfunction, never a verdict. */
export class VerifierError extends Data.TaggedError("VerifierError")<{
  readonly verifier: string
  readonly code: "failed" | "malformed" | "timeout"
  /** The whole of what is known, however long; for people, never part of a fact. */
  readonly detail: string
}> {
  override get message(): string {
    return `verifier ${this.verifier}: ${this.code}: ${this.detail}`
  }
}

export interface Verifier {
  readonly name: string
  /**
   * May be called again with the same bytes after a crash; it must not change what it is given. A promise cannot be
   * interrupted: what it stands for goes on when its time is over, and nobody listens.
   */
  readonly verify: (input: VerifierInput) => Effect.Effect<Verification, VerifierError> | PromiseLike<Verification>
}

/** What a fact could not carry is no answer: without this check the attempt could be ended by nothing. */
const wellFormed = Schema.makeFilter((value: string) => value.isWellFormed() || "contains a lone surrogate")
/** The longest name, reference or fingerprint of a check. */
export const label_length_max = 1024
const text = Schema.NonEmptyString.check(Schema.isMaxLength(label_length_max), wellFormed)
/** The longest message, summary or reason. */
export const prose_length_max = 16_384
/** What a verifier of ours says about hostile bytes, in a form that a fact can carry: well-formed, and cut where it is long. */
export const asProse = (text: string, length_max: number = prose_length_max): string =>
  text.length <= length_max ? text.toWellFormed() : `${text.slice(0, length_max - 2).toWellFormed()} …`
const prose = Schema.String.check(Schema.isMaxLength(prose_length_max), wellFormed)
const Check = Schema.Struct({
  name: text,
  status: Schema.Literals(["passed", "failed"]),
  message: Schema.optionalKey(prose),
  proofRef: Schema.optionalKey(text),
  fingerprint: Schema.optionalKey(text),
})
/** The checks of an answer; at most a thousand. */
export const Checks = Schema.Array(Check).check(Schema.isMaxLength(1000))

const Answer = Schema.Union([
  Schema.Struct({ ok: Schema.Literal(true), checks: Checks, summary: Schema.optionalKey(prose) }),
  Schema.Struct({ ok: Schema.Literal(false), checks: Checks, reason: prose }),
])
const decode = Schema.decodeUnknownResult(Answer)

/** How much all texts of an answer may hold together: one fact carries them, and a fact has an end. */
export const answer_characters_max = 1024 * 1024

const charactersOf = (verification: Verification): number => {
  const words = (verification.ok ? verification.summary : verification.reason) ?? ""
  return verification.checks.reduce(
    (sum, { fingerprint = "", message = "", name, proofRef = "" }) =>
      sum + name.length + message.length + proofRef.length + fingerprint.length,
    words.length,
  )
}

/**
 * Takes an answer as it came. What does not have the shape of one, what contradicts itself (a yes with a failed check or
 * without any, a no although every check passed) and what is too much for a fact is a malfunction of the verifier.
 */
export const checkAnswer = (verifier: string, answer: unknown): Result.Result<Verification, VerifierError> => {
  const malformed = (detail: string) => Result.fail(new VerifierError({ verifier, code: "malformed", detail }))
  const decoded = decode(answer)
  if (Result.isFailure(decoded)) return malformed(decoded.failure.message)
  const verification = decoded.success
  if (verification.ok && verification.checks.length === 0) return malformed("it accepts without naming a check")
  const failed = verification.checks.find(({ status }) => status === "failed")
  if (verification.ok && failed !== undefined) return malformed(`it accepts although ${failed.name} failed`)
  if (!verification.ok && verification.checks.length > 0 && failed === undefined)
    return malformed("it rejects although every check passed")
  if (charactersOf(verification) > answer_characters_max)
    return malformed(`its texts have more than ${answer_characters_max} characters in all`)
  return Result.succeed(verification)
}
