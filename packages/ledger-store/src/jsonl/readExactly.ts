import type { FileError, OpenFile } from "@waybill/host"
import { Effect } from "effect"

/** Reads `bytes` bytes at an offset, or as many as there are before the end. A single read may come back short. */
export const readExactly = (
  file: OpenFile,
  offset: number,
  bytes: number,
  /** Where to; new memory otherwise. */
  take: (bytes: number) => Buffer = (size) => Buffer.allocUnsafeSlow(size),
): Effect.Effect<Uint8Array, FileError> =>
  Effect.gen(function* () {
    // Whatever is not filled is cut off below.
    const into = take(bytes)
    let filled = 0
    while (filled < bytes) {
      const got = yield* file.read(into.subarray(filled), offset + filled)
      if (got === 0) break
      filled += got
    }
    return into.subarray(0, filled)
  })
