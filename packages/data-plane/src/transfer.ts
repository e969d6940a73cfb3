/**
 * The two ends of the way: taking the built bytes in, and letting verified bytes out.
 *
 * @module
 */
import type { OpenFile } from "@waybill/host"
import { Effect, Stream } from "effect"
import { createHash } from "node:crypto"
import { chunk_bytes, eachChunk, ownCopyOf } from "./Bytes.ts"
import type { Source } from "./DataPlane.ts"
import { ArtifactTooLarge, BytesDiffer, type Digest, IllFormedText } from "./Errors.ts"
import { compare, storage } from "./places.ts"

/** Copies a source into a file of ours while hashing and counting it. */
export const capture = <E, R>(
  file: OpenFile,
  source: Source<E, R>,
  bytes_max: number,
  onProgress: ((bytes: number) => void) | undefined,
) =>
  Effect.gen(function* () {
    const hash = createHash("sha256")
    let bytes = 0
    let buffer = new Uint8Array()
    /** The source may use its memory again while the write is under way; ours is used again after it. */
    const ownCopy = (chunk: Uint8Array): Uint8Array => {
      if (chunk.byteLength > chunk_bytes) return ownCopyOf(chunk)
      if (buffer.byteLength < chunk.byteLength) buffer = new Uint8Array(chunk.byteLength)
      const own = buffer.subarray(0, chunk.byteLength)
      own.set(chunk)
      return own
    }
    const take = (chunk: Uint8Array) =>
      Effect.gen(function* () {
        if (bytes + chunk.byteLength > bytes_max) return yield* new ArtifactTooLarge({ bytes_max })
        const own = ownCopy(chunk)
        hash.update(own)
        yield* Effect.mapError(file.write(own, bytes), storage("build"))
        bytes += own.byteLength
        onProgress?.(bytes)
      })
    if (typeof source === "string") {
      if (!source.isWellFormed()) {
        const at = source.search(/\p{Surrogate}/u)
        return yield* new IllFormedText({ at })
      }
      yield* take(new TextEncoder().encode(source))
    } else if (source instanceof Uint8Array) yield* take(source)
    else yield* Stream.runForEach(source, take)
    return { sha256: `sha256:${hash.digest("hex")}`, bytes } satisfies Digest
  })

/** Second pass: every chunk is hashed again and compared with the first pass before it is let go. */
export const release = <E, R>(
  sealed: OpenFile,
  artifact: Digest,
  onChunk: (chunk: Uint8Array, offset: number) => Effect.Effect<void, E, R>,
  onProgress?: (bytes: number) => void,
) =>
  Effect.gen(function* () {
    const whole = createHash("sha256")
    const first: Array<Buffer> = []
    const bytes = yield* eachChunk(sealed, (chunk) =>
      Effect.sync(() => {
        whole.update(chunk)
        first.push(createHash("sha256").update(chunk).digest())
      }),
    )
    yield* compare("deliver", artifact, { sha256: `sha256:${whole.digest("hex")}`, bytes })
    let index = 0
    let released = 0
    yield* eachChunk(sealed, (chunk, offset) =>
      Effect.gen(function* () {
        const expected = first[index++]
        const actual = createHash("sha256").update(chunk).digest()
        if (expected === undefined || !expected.equals(actual))
          return yield* new BytesDiffer({ hop: "deliver", expected: artifact, actual: { bytes: offset } })
        yield* onChunk(chunk, offset)
        released = offset + chunk.byteLength
        onProgress?.(released)
      }),
    )
    if (released !== artifact.bytes)
      return yield* new BytesDiffer({ hop: "deliver", expected: artifact, actual: { bytes: released } })
    return { sha256: artifact.sha256, bytes: artifact.bytes } satisfies Digest
  })
