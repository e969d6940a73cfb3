/** A file system that counts the bytes that are read through it. */
import { type Files, mapFiles } from "@waybill/host"
import { Effect, type Layer } from "effect"

export interface Counted {
  readonly layer: Layer.Layer<Files>
  readonly bytes: () => number
}

export const countedFiles = (inner: Layer.Layer<Files>): Counted => {
  let total = 0
  const layer = mapFiles(inner, (file) => ({
    ...file,
    read: (into, offset) =>
      Effect.tap(file.read(into, offset), (got) =>
        Effect.sync(() => {
          total += got
        }),
      ),
  }))
  return { layer, bytes: () => total }
}
