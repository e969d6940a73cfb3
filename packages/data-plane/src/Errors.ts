/**
 * How a hop of the bytes can fail, and which entry of the failure catalogue each way is.
 *
 * @module
 */
import type { FileError } from "@waybill/host"
import { type Failure, failures } from "@waybill/workspace-job"
import { Data } from "effect"

/** The hops, in order. `seed` and `collect` come before the bytes exist. */
export type Hop = "seed" | "collect" | "build" | "write" | "readback" | "seal" | "verify" | "deliver"

/** What identifies a byte string. */
export interface Digest {
  /** `sha256:` and 64 lowercase hex digits. */
  readonly sha256: string
  readonly bytes: number
}

/** The path leads where it must not, or to something that is no plain file. Nothing was read or written. */
export class PathRefused extends Data.TaggedError("PathRefused")<{
  readonly hop: Hop
  readonly path: string
  readonly reason: string
}> {
  override get message(): string {
    return `${this.hop}: the path ${JSON.stringify(this.path)} is refused: ${this.reason}`
  }
}

/** The agent left nothing at the candidate path. */
export class CandidateMissing extends Data.TaggedError("CandidateMissing")<{ readonly path: string }> {
  override get message(): string {
    return `there is no candidate at ${JSON.stringify(this.path)}`
  }
}

/** The artifact is over the limit; noticed while it streamed in. */
export class ArtifactTooLarge extends Data.TaggedError("ArtifactTooLarge")<{ readonly bytes_max: number }> {
  override get message(): string {
    return `the artifact is larger than ${this.bytes_max} bytes`
  }
}

/** The built text has a lone surrogate: it has no UTF-8 form, and none is made up. */
export class IllFormedText extends Data.TaggedError("IllFormedText")<{ readonly at: number }> {
  override get message(): string {
    return `the built text has a lone surrogate at index ${this.at}`
  }
}

/** What a builder handed over, or a piece of its stream, is no `Uint8Array`, or its memory was given away. */
export class NotBytes extends Data.TaggedError("NotBytes")<{ readonly at: number }> {
  override get message(): string {
    return `the builder's bytes from offset ${this.at} on are no Uint8Array, or their memory is detached`
  }
}

/** A delivery must not go there. Nothing was written; what is there stays. */
export class DestinationRefused extends Data.TaggedError("DestinationRefused")<{
  readonly path: string
  readonly reason: string
}> {
  override get message(): string {
    return `deliver: the destination ${JSON.stringify(this.path)} is refused: it ${this.reason}`
  }
}

/** Which sealed artifact is meant, and where it is kept. */
export interface SealedName {
  /** Known to whoever delivers for a run. */
  readonly runId?: string
  readonly artifactRef: string
  readonly sha256: string
  /** Host path of the sealed bytes. */
  readonly at: string
}

const nameOf = ({ artifactRef, at, runId, sha256 }: SealedName): string =>
  `the sealed artifact ${artifactRef}${runId === undefined ? "" : ` of the run ${JSON.stringify(runId)}`} (${sha256}, kept at ${at})`
const remedy = "nothing was released. Put a copy with that digest back in its place, or settle the work as a new run"

/** The bytes at a hop are not those of the hop before. */
export class BytesDiffer extends Data.TaggedError("BytesDiffer")<{
  readonly hop: Hop
  readonly expected: Digest
  /** `sha256` is absent where the length alone told. */
  readonly actual: { readonly bytes: number; readonly sha256?: string }
  /** Present where it is the sealed bytes that differ, and they were to be delivered. */
  readonly sealed?: SealedName
  /** Present where somebody wrote to a delivered file, or put another in its place, before it was delivered; says which. */
  readonly meddledWith?: string
}> {
  override get message(): string {
    const { actual, expected, hop, meddledWith, sealed } = this
    if (meddledWith !== undefined)
      return `${hop}: the file for ${meddledWith} was changed or exchanged by somebody else after it was read back (expected ${expected.bytes} bytes ${expected.sha256}); it is not delivered. Deliver again, into a folder that nobody else can write to`
    if (sealed !== undefined)
      return `${hop}: ${nameOf(sealed)} has changed since it was verified: expected ${expected.bytes} bytes, found ${actual.bytes} bytes ${actual.sha256 ?? ""}; ${remedy}`
    return `${hop}: expected ${expected.bytes} bytes ${expected.sha256}, found ${actual.bytes} bytes ${actual.sha256 ?? ""}`
  }
}

/** A verifier's copy was written to, renamed, linked or given other permissions while it ran, and has the same bytes now. */
export class CopyTouched extends Data.TaggedError("CopyTouched")<{ readonly path: string }> {
  override get message(): string {
    return `verify: the verifier's copy ${JSON.stringify(this.path)} was touched while it ran; copy it elsewhere before changing anything about it`
  }
}

/** The stored artifact is gone. */
export class ArtifactMissing extends Data.TaggedError("ArtifactMissing")<{
  readonly hop: Hop
  readonly path: string
  /** Present where it is the sealed bytes that are gone, and they were to be delivered. */
  readonly sealed?: SealedName
}> {
  override get message(): string {
    if (this.sealed !== undefined) return `${this.hop}: ${nameOf(this.sealed)} is gone; ${remedy}`
    return `${this.hop}: there is no artifact at ${JSON.stringify(this.path)}`
  }
}

/** Says of which run the sealed artifact is that an error names; any other error stays as it is. */
export const ofRun = <E>(runId: string, error: E): E | BytesDiffer | ArtifactMissing => {
  if (error instanceof BytesDiffer && error.sealed !== undefined) {
    const { actual, expected, hop, sealed } = error
    return new BytesDiffer({ hop, expected, actual, sealed: { ...sealed, runId } })
  }
  if (error instanceof ArtifactMissing && error.sealed !== undefined) {
    const { hop, path, sealed } = error
    return new ArtifactMissing({ hop, path, sealed: { ...sealed, runId } })
  }
  return error
}

/** The disk refused. */
export class StorageFailed extends Data.TaggedError("StorageFailed")<{ readonly hop: Hop; readonly cause: FileError }> {
  override get message(): string {
    return `${this.hop}: ${this.cause.message}`
  }
}

/** The call did not finish in time. A part of what it had begun is never at its destination; the whole may be. */
export class DeadlineExceeded extends Data.TaggedError("DeadlineExceeded")<{
  readonly hop: Hop
  readonly deadline_ms: number
}> {
  override get message(): string {
    return `${this.hop} took longer than ${this.deadline_ms} ms`
  }
}

/** The caller's signal ended the call. */
export class Aborted extends Data.TaggedError("Aborted")<{ readonly hop: Hop }> {
  override get message(): string {
    return `${this.hop} was aborted by its caller`
  }
}

/** A deadline that nobody can keep. Nothing was begun. */
export class DeadlineRefused extends Data.TaggedError("DeadlineRefused")<{
  /** `undefined`: it is the data plane's own default. */
  readonly hop: Hop | undefined
  readonly reason: string
}> {
  override get message(): string {
    return `${this.hop ?? "the data plane"}: deadline_ms ${this.reason}`
  }
}

/** Storage, time and the caller: what any hop may meet. */
export type HopError = StorageFailed | DeadlineExceeded | DeadlineRefused | Aborted

export type DataPlaneError =
  | HopError
  | PathRefused
  | CandidateMissing
  | ArtifactTooLarge
  | IllFormedText
  | NotBytes
  | BytesDiffer
  | CopyTouched
  | ArtifactMissing
  | DestinationRefused

const byHop: Record<Hop, Failure> = {
  seed: failures.seed_write_failed,
  collect: failures.terminal_build_failed,
  build: failures.terminal_build_failed,
  write: failures.terminal_write_failed,
  readback: failures.terminal_read_failed,
  seal: failures.terminal_read_failed,
  verify: failures.terminal_read_failed,
  deliver: failures.terminal_read_failed,
}

/** A disk that refuses is not the builder's fault; a candidate that may not be read is its agent's. */
const byDisk = ({ cause, hop }: StorageFailed): Failure => {
  if (hop === "build") return failures.terminal_write_failed
  const isForbidden = cause.code === "EACCES" || cause.code === "EPERM"
  return hop === "collect" && !isForbidden ? failures.terminal_read_failed : byHop[hop]
}

/** The failure that ends an attempt when a hop fails like this. */
export const failureOf = (error: DataPlaneError): Failure => {
  switch (error._tag) {
    case "PathRefused":
    case "DestinationRefused":
      return failures.path_refused
    case "CandidateMissing":
      return failures.candidate_missing
    case "ArtifactTooLarge":
      return failures.artifact_too_large
    case "IllFormedText":
    case "NotBytes":
      return failures.terminal_build_failed
    case "BytesDiffer":
      if (error.hop === "build") return failures.terminal_build_failed
      return error.hop === "readback" ? failures.readback_mismatch : failures.artifact_changed
    case "CopyTouched":
      return failures.artifact_changed
    case "ArtifactMissing":
      return error.hop === "readback" ? failures.terminal_read_failed : failures.artifact_changed
    case "StorageFailed":
      return byDisk(error)
    case "DeadlineExceeded":
    case "Aborted":
      return byHop[error.hop]
    case "DeadlineRefused":
      return byHop[error.hop ?? "build"]
  }
}
