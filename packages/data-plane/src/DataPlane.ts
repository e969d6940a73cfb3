/**
 * The data plane: the bytes that are built, written, read back, sealed, verified and delivered are one and the same.
 *
 * Each hop works on an opened file and not on its name, compares with the hop before, and holds one chunk in memory.
 *
 * @module
 */
import type { TerminalArtifact } from "@waybill/workspace-job"
import { Context, type Effect, type Scope, type Stream } from "effect"
import type { Call } from "./Call.ts"
import type {
  ArtifactMissing,
  ArtifactTooLarge,
  BytesDiffer,
  CandidateMissing,
  CopyTouched,
  DestinationRefused,
  Digest,
  HopError,
  IllFormedText,
  NotBytes,
  PathRefused,
} from "./Errors.ts"
import type { AttemptKey } from "./Layout.ts"
import type { Swept } from "./unfinished/sweep.ts"

/** Bytes to be built: a text is encoded as UTF-8 once; a stream is consumed once. */
export type Source<E = never, R = never> = string | Uint8Array | Stream.Stream<Uint8Array, E, R>

/** The file an agent left, opened once: later changes to the name have no effect. */
export interface Candidate {
  readonly bytes: number
  readonly stream: Stream.Stream<Uint8Array, HopError>
}

/** An artifact in storage. */
export interface StoredArtifact extends Digest {
  readonly artifactRef: string
  readonly path: string
}

/** What a verifier is given: a private copy of the sealed bytes, and a stream of them. */
export interface Handed extends Digest {
  /** Host path of a read-only file that bears the artifact's own file name. */
  readonly path: string
  /** Each chunk is compared with the sealed bytes before it is handed over. */
  readonly stream: Stream.Stream<Uint8Array, HopError | BytesDiffer>
}

/**
 * Where a delivery goes: a host file, made atomically, or whoever takes checked chunks in order. A file that is there is
 * replaced; what is no regular file is refused, and so is a place in one of the data plane's own folders or in one that is `reserved`.
 */
export type Destination<E = never, R = never> =
  | { readonly file: string; readonly reserved?: ReadonlyArray<string> }
  | { readonly sink: (chunk: Uint8Array) => Effect.Effect<void, E, R> }

/** Proof of a delivery. */
export interface Receipt extends Digest {
  readonly artifactRef: string
  readonly chunks: number
  /** The file, or `sink`. */
  readonly destination: string
}

export class DataPlane extends Context.Service<
  DataPlane,
  {
    /** The host path of a job's workspace, made on first use. */
    readonly workspace: (runId: string, call?: Call) => Effect.Effect<string, HopError | PathRefused>
    /**
     * Why no file of a job's workspace can be at a path, or `undefined`: as `refuseFilePath`, and a host path of this machine holds
     * it. Looks at nothing and makes nothing.
     */
    readonly refusePlace: (runId: string, path: string) => string | undefined
    /** Puts a file into the workspace; folders on the way are made. One that is there with the same bytes stays. */
    readonly writeSeed: (
      runId: string,
      path: string,
      content: Uint8Array,
      call?: Call,
    ) => Effect.Effect<void, HopError | PathRefused>
    /** Opens what the agent left, for reading alone. */
    readonly candidate: (
      runId: string,
      path: string,
      call?: Call,
    ) => Effect.Effect<Candidate, HopError | PathRefused | CandidateMissing, Scope.Scope>
    /**
     * Takes a private copy of the built bytes while hashing and counting them, and flushes it. The bytes are those of the
     * moment of the call: changing a buffer later has no effect, except that one over 16 MiB ends in `BytesDiffer`.
     */
    readonly build: <E = never, R = never>(
      attempt: AttemptKey,
      source: Source<E, R>,
      call?: Call,
    ) => Effect.Effect<Digest, E | HopError | ArtifactTooLarge | IllFormedText | NotBytes | BytesDiffer, R>
    /** Whether the bytes of an earlier build of this attempt are still here, unchanged. */
    readonly hasBuilt: (attempt: AttemptKey, built: Digest, call?: Call) => Effect.Effect<boolean, HopError>
    /** Writes the built bytes to the attempt's own place. On failure nothing lies there. */
    readonly write: (
      attempt: AttemptKey,
      path: string,
      built: Digest,
      call?: Call,
    ) => Effect.Effect<StoredArtifact, HopError | PathRefused | BytesDiffer | ArtifactMissing>
    /** Opens what was written anew and compares length, then digest. Metadata of an artifact comes from here alone. */
    readonly readBack: (
      attempt: AttemptKey,
      written: StoredArtifact,
      call?: Call,
    ) => Effect.Effect<StoredArtifact, HopError | PathRefused | BytesDiffer | ArtifactMissing>
    /** Makes the immutable copy that everybody reads from now on. */
    readonly seal: (
      attempt: AttemptKey,
      read: StoredArtifact,
      call?: Call,
    ) => Effect.Effect<void, HopError | PathRefused | BytesDiffer | ArtifactMissing>
    /** Hands a private copy of the sealed bytes to `use`, and checks afterwards that nobody touched it or the seal. */
    readonly withSealed: <A, E, R>(
      artifact: StoredArtifact,
      use: (handed: Handed) => Effect.Effect<A, E, R>,
      call?: Call,
    ) => Effect.Effect<A, E | HopError | BytesDiffer | CopyTouched | ArtifactMissing, R>
    /**
     * Checks the whole sealed artifact, then releases it chunk by chunk, each checked again. A file is read back before it
     * gets its name.
     */
    readonly deliver: <E = never, R = never>(
      artifact: TerminalArtifact,
      destination: Destination<E, R>,
      call?: Call,
    ) => Effect.Effect<Receipt, E | HopError | BytesDiffer | ArtifactMissing | DestinationRefused, R>
    /**
     * Removes what processes that died left half made: in the data plane's own folders, in workspaces and where they
     * delivered. Never what a living process is making. Worth doing when a host starts or resumes; costs one look at each
     * process that is or was, not at each file. Never fails: what could not be removed is in the answer.
     */
    readonly sweep: Effect.Effect<Swept>
  }
>()("@waybill/data-plane/DataPlane") {}
