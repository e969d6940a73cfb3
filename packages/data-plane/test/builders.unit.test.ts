/** What a builder hands over, piece by piece: the bytes are those of the moment, and the digest is of just those. */
import { layerNodeEntropy, makeMemoryFiles } from "@waybill/host"
import { Effect, Layer, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { chunk_bytes, DataPlane, layerDataPlane, type Source } from "../src/index.ts"
import { digestOf } from "./support/everyCall.ts"

const key = { runId: "run", attempt: 1 }
const copied_bytes_max = 16 * chunk_bytes

const scene = (bytes_max = 64 * chunk_bytes) => {
  const { disk, layer } = makeMemoryFiles()
  const plane = layerDataPlane({ root: "/data", bytes_max }).pipe(
    Layer.provide(Layer.mergeAll(layer, layerNodeEntropy)),
  )
  return {
    stored: () => disk.bytes("/data/staging/run/1/built"),
    build: (source: Source, onProgress?: (bytes: number) => void) =>
      Effect.runPromise(
        Effect.provide(
          Effect.result(Effect.flatMap(DataPlane, (plane) => plane.build(key, source, { onProgress }))),
          plane,
        ),
      ),
  }
}

describe("a text", () => {
  const cut = 262_144
  it.each([
    ["the first pair of surrogates", "\u{10000}"],
    ["the last pair of surrogates", "\u{10ffff}"],
    ["a character of three bytes", "\ud7ff"],
    ["the first character behind the surrogates", "\ue000"],
  ])("has its UTF-8, also where %s lies where it is cut", async (_, character) => {
    for (const before of [cut - 2, cut - 1, cut]) {
      const text = `${"x".repeat(before)}${character}${character}end`
      const { build, stored } = scene()
      expect(await build(text)).toMatchObject({ success: digestOf(Buffer.from(text)) })
      expect(Buffer.from(stored() ?? []).toString("utf8") === text).toBe(true)
    }
  })

  it.each([
    ["\ud800", 0],
    ["ab\udfff", 2],
    ["a\udbff\ud800\udc00", 1],
    ["\u{1f4a9}x\ude00", 3],
  ])("with half a character (%j) is refused where that is", async (text, at) => {
    expect(await scene().build(text)).toMatchObject({ failure: { _tag: "IllFormedText", at } })
  })
})

describe("a buffer that is changed while it is taken", () => {
  it("has no effect up to 16 MiB", async () => {
    const buffer = Buffer.alloc(copied_bytes_max, 1)
    const { build } = scene()
    const expected = digestOf(buffer)
    expect(await build(buffer, () => buffer.fill(2))).toMatchObject({ success: expected })
  })

  it("ends the build above that, which says what was handed over and what was found", async () => {
    const buffer = Buffer.alloc(copied_bytes_max + 1, 1)
    const { build, stored } = scene()
    const expected = digestOf(buffer)
    const last = copied_bytes_max
    expect(await build(buffer, () => buffer.fill(2, last))).toMatchObject({
      failure: { _tag: "BytesDiffer", hop: "build", expected, actual: digestOf(buffer) },
    })
    expect(stored()).toBeUndefined()
  })
})

describe("a stream's pieces", () => {
  it.each([
    ["of all sizes around a chunk's", [1, 0, chunk_bytes - 1, chunk_bytes, chunk_bytes + 1, 3, 0, 2 * chunk_bytes]],
    ["that are none", []],
    ["that are empty", [0, 0]],
  ])("%s are put together as they came", async (_, sizes) => {
    const pieces = sizes.map((size, i) => Buffer.alloc(size, i + 1))
    const whole = Buffer.concat(pieces)
    const { build, stored } = scene()
    expect(await build(Stream.fromIterable(pieces))).toMatchObject({ success: digestOf(whole) })
    expect(Buffer.compare(stored() ?? Buffer.from("none"), whole)).toBe(0)
  })

  it("are taken up to the limit and not a byte further, however they come", async () => {
    for (const sizes of [[10], [4, 6], [10, 0], [1, 1, 8]]) {
      const pieces = sizes.map((size) => new Uint8Array(size))
      expect(await scene(10).build(Stream.fromIterable(pieces))).toMatchObject({ success: { bytes: 10 } })
      expect(await scene(9).build(Stream.fromIterable(pieces))).toMatchObject({
        failure: { _tag: "ArtifactTooLarge", bytes_max: 9 },
      })
    }
  })
})
