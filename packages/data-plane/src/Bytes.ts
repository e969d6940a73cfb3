/**
 * Moving and hashing bytes of an open file, one chunk at a time: memory does not grow with the artifact.
 *
 * @module
 */
import type { FileError, OpenFile } from "@waybill/host"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import type { Digest } from "./Errors.ts"

export const chunk_bytes = 1_048_576

/** A copy that shares no memory with its original. `slice` would not do: a `Buffer`'s is a view of the same memory. */
export const ownCopyOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes)

type OnChunk<E, R> = (chunk: Uint8Array, offset: number) => Effect.Effect<void, E, R>

/** Hands every chunk of an open file to `onChunk` in order. The chunk's memory is reused: copy what must last. */
export const eachChunk = <E, R>(file: OpenFile, onChunk: OnChunk<E, R>): Effect.Effect<number, E | FileError, R> =>
  Effect.gen(function* () {
    const buffer = new Uint8Array(chunk_bytes)
    let offset = 0
    for (;;) {
      // A read may come back short in the middle of a file; only an empty one is the end.
      let filled = 0
      while (filled < buffer.byteLength) {
        const got = yield* file.read(buffer.subarray(filled), offset + filled)
        if (got === 0) break
        filled += got
      }
      if (filled === 0) return offset
      yield* onChunk(buffer.subarray(0, filled), offset)
      offset += filled
    }
  })

/** The digest of what is read now. */
export const digestOf = (file: OpenFile, onProgress?: (bytes: number) => void): Effect.Effect<Digest, FileError> =>
  Effect.gen(function* () {
    const hash = createHash("sha256")
    const bytes = yield* eachChunk(file, (chunk, offset) =>
      Effect.sync(() => {
        hash.update(chunk)
        onProgress?.(offset + chunk.byteLength)
      }),
    )
    return { sha256: `sha256:${hash.digest("hex")}`, bytes }
  })

/** Copies a whole open file into another. The digest is of exactly what was handed to the system. */
export const copyInto = (
  from: OpenFile,
  to: OpenFile,
  onProgress?: (bytes: number) => void,
): Effect.Effect<Digest, FileError> =>
  Effect.gen(function* () {
    const hash = createHash("sha256")
    const bytes = yield* eachChunk(from, (chunk, offset) => {
      hash.update(chunk)
      onProgress?.(offset + chunk.byteLength)
      return to.write(chunk, offset)
    })
    return { sha256: `sha256:${hash.digest("hex")}`, bytes }
  })
