/**
 * The two ends of the way: taking the built bytes in, and letting verified bytes out.
 *
 * @module
 */
import { type FileError, inTurn, type OpenFile } from "@waybill/host"
import { Effect, Stream } from "effect"
import {
  type Behind,
  chunk_bytes,
  chunkedDigestOf,
  during,
  eachCheckedChunk,
  eachChunk,
  fileBehind,
  giveBack,
  isBytes,
  makeMeter,
  ownCopyOf,
  sha256Of,
  takeRoom,
} from "./Bytes.ts"
import type { Source } from "./DataPlane.ts"
import { ArtifactTooLarge, BytesDiffer, type Digest, IllFormedText, NotBytes, type StorageFailed } from "./Errors.ts"
import { compare, storage, storing } from "./places.ts"

/** A buffer up to this size is copied when it is handed over; of a larger one the digest is taken. */
export const copied_bytes_max = 16 * chunk_bytes

/** What was handed over, as it was at that moment. */
export type Taken<E, R> =
  | { readonly kind: "pieces"; readonly pieces: Iterable<Uint8Array>; readonly sha256?: string }
  | { readonly kind: "stream"; readonly stream: Stream.Stream<Uint8Array, E, R> }
  | ({ readonly kind: "file" } & Behind)
  | { readonly kind: "illFormed"; readonly at: number }
  | { readonly kind: "notBytes" }

/** UTF-8, some of it at a time; a pair of surrogates stays together. */
function* encoded(text: string): Generator<Uint8Array> {
  const encoder = new TextEncoder()
  const units_max = 262_144
  for (let from = 0; from < text.length;) {
    const to = from + units_max
    const last = text.charCodeAt(to - 1)
    const end = last >= 0xd800 && last <= 0xdbff ? to - 1 : to
    yield encoder.encode(text.slice(from, end))
    from = end
  }
}

function* sliced(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += chunk_bytes) yield bytes.subarray(at, at + chunk_bytes)
}

/**
 * Takes what a builder hands over. From here on it may do with its buffer what it likes: a small one is copied, and of a
 * large one, which to hold twice would cost too much, the digest is known, so that a change ends the build.
 */
export const take = <E, R>(source: Source<E, R>): Taken<E, R> => {
  if (typeof source === "string") {
    if (!source.isWellFormed()) return { kind: "illFormed", at: source.search(/\p{Surrogate}/u) }
    return { kind: "pieces", pieces: encoded(source) }
  }
  if (isBytes(source)) {
    return source.byteLength <= copied_bytes_max
      ? { kind: "pieces", pieces: sliced(ownCopyOf(source)) }
      : { kind: "pieces", pieces: sliced(source), sha256: sha256Of(source) }
  }
  if (!Stream.isStream(source)) return { kind: "notBytes" }
  const ours = fileBehind(source)
  return ours === undefined ? { kind: "stream", stream: source } : { kind: "file", ...ours }
}

/** Copies what was taken into a file of ours while hashing and counting it, and then does what `settle` says. */
export const capture = <E, R>(
  file: OpenFile,
  settle: Effect.Effect<void, FileError>,
  source: Taken<E, R>,
  bytes_max: number,
  onProgress: ((bytes: number) => void) | undefined,
) =>
  Effect.gen(function* () {
    if (source.kind === "illFormed") return yield* new IllFormedText({ at: source.at })
    if (source.kind === "notBytes") return yield* new NotBytes({ at: 0 })
    const meter = makeMeter()
    const room = takeRoom()
    let bytes = 0
    let isSettled = false
    /** Writes what is ours until it is written, and where it is the last until it is settled. */
    const add = (own: Uint8Array, at = bytes, isLast = false) =>
      Effect.suspend((): Effect.Effect<void, ArtifactTooLarge | StorageFailed> => {
        if (at + own.byteLength > bytes_max) return Effect.fail(new ArtifactTooLarge({ bytes_max }))
        isSettled = isLast
        const write = file.write(own, at)
        const hashed = Effect.sync(() => {
          bytes = meter.add(own, isLast)
          onProgress?.(bytes)
        })
        return Effect.mapError(during(isLast ? inTurn([write], settle) : write, hashed), storage("build"))
      })
    const addCopy = (piece: Uint8Array) =>
      Effect.gen(function* () {
        if (!isBytes(piece)) return yield* new NotBytes({ at: bytes })
        // Nothing to wait for: without this, a source of nothing for ever would keep the deadline from ever being noticed.
        if (piece.byteLength === 0) return yield* Effect.yieldNow
        if (bytes + piece.byteLength > bytes_max) return yield* new ArtifactTooLarge({ bytes_max })
        // All of it at once, before anything is waited for: the source may use its memory again.
        const own = piece.byteLength <= chunk_bytes ? room.subarray(0, piece.byteLength) : ownCopyOf(piece)
        if (own.buffer === room.buffer) own.set(piece)
        yield* add(own)
      })
    if (source.kind === "stream") yield* Stream.runForEach(source.stream, addCopy)
    else if (source.kind === "file") yield* storing(source.hop)(eachChunk(source.file, add))
    else for (const piece of source.pieces) yield* addCopy(piece)
    if (!isSettled) yield* settle
    giveBack(room)
    const built: Digest = meter.digest()
    if (source.kind === "pieces" && source.sha256 !== undefined && source.sha256 !== built.sha256)
      return yield* new BytesDiffer({
        hop: "build",
        expected: { sha256: source.sha256, bytes: built.bytes },
        actual: built,
      })
    return built
  })

/** Hashes an open file, and if it is what it should be lets it go chunk by chunk, each compared again. */
export const release = <E, R>(
  sealed: OpenFile,
  artifact: Digest,
  onChunk: (chunk: Uint8Array, offset: number) => Effect.Effect<void, E, R>,
  onProgress?: (bytes: number) => void,
) =>
  Effect.gen(function* () {
    const whole = yield* Effect.mapError(chunkedDigestOf(sealed), storage("deliver"))
    yield* compare("deliver", artifact, whole)
    let released = 0
    yield* eachCheckedChunk("deliver", sealed, whole, (chunk, offset) =>
      Effect.gen(function* () {
        yield* onChunk(chunk, offset)
        released = offset + chunk.byteLength
        onProgress?.(released)
      }),
    )
    return { sha256: artifact.sha256, bytes: released } satisfies Digest
  })
