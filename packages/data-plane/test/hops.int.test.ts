import { layerNodeEntropy, layerNodeFiles, makeMemoryFiles, type Files } from "@waybill/host"
import { Effect, Layer, Stream } from "effect"
import fc from "fast-check"
import { createHash } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { chunk_bytes, DataPlane, layerDataPlane } from "../src/index.ts"
import { sealing } from "./support/sealing.ts"

const base = mkdtempSync(join(tmpdir(), "waybill-plane-"))
afterAll(() => rmSync(base, { recursive: true, force: true }))

const digest = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`
const key = { runId: "run/1 with spaces", attempt: 1 }
const path = "out/report.bin"

const planeOver = (files: Layer.Layer<Files>, root: string, bytes_max?: number) =>
  layerDataPlane({ root, ...(bytes_max === undefined ? {} : { bytes_max }) }).pipe(
    Layer.provide(Layer.mergeAll(files, layerNodeEntropy)),
  )

/** Every hop in order; answers what was delivered. */
const wholeWay = (source: string | Uint8Array | Stream.Stream<Uint8Array>) =>
  Effect.gen(function* () {
    const plane = yield* DataPlane
    const { built, read } = yield* sealing(key, path, source)
    const handed: Array<Uint8Array> = []
    yield* plane.withSealed(read, ({ stream }) =>
      Stream.runForEach(stream, (chunk) => Effect.sync(() => void handed.push(chunk.slice()))),
    )
    const delivered: Array<Uint8Array> = []
    const receipt = yield* plane.deliver(
      { ...read, schemaId: "any" },
      { sink: (chunk) => Effect.sync(() => void delivered.push(chunk)) },
    )
    return { built, read, receipt, handed: Buffer.concat(handed), delivered: Buffer.concat(delivered) }
  })

const disks: ReadonlyArray<readonly [string, () => Layer.Layer<DataPlane>]> = [
  ["real files", () => planeOver(layerNodeFiles, mkdtempSync(join(base, "disk-")))],
  ["the simulated disk", () => planeOver(makeMemoryFiles().layer, "/data")],
]

describe.each(disks)("over %s", (_, fresh) => {
  const every = Uint8Array.from({ length: 256 }, (_, i) => i)
  const sized = (bytes: number) => Uint8Array.from({ length: bytes }, (_, i) => (i * 31) & 0xff)
  it.each([
    ["no bytes", new Uint8Array()],
    ["one byte", sized(1)],
    ["every byte value, a byte-order mark, CR LF and NUL", Buffer.concat([every, Buffer.from("\uFEFF\r\n\0")])],
    ["what is no UTF-8", Uint8Array.of(0xc3, 0x28, 0xff, 0xfe, 0xed, 0xa0, 0x80, 0xf8)],
    ["a chunk less one", sized(chunk_bytes - 1)],
    ["a chunk", sized(chunk_bytes)],
    ["a chunk and one", sized(chunk_bytes + 1)],
    ["three chunks and seven", sized(3 * chunk_bytes + 7)],
  ])("[W-06] %s: the built, stored, verified and delivered bytes are the same", async (_name, bytes) => {
    const way = await Effect.runPromise(Effect.provide(wholeWay(bytes), fresh()))
    expect(way.built).toEqual({ sha256: digest(bytes), bytes: bytes.byteLength })
    expect(way.read).toMatchObject(way.built)
    expect(way.receipt).toMatchObject(way.built)
    expect(Buffer.compare(way.handed, bytes)).toBe(0)
    expect(Buffer.compare(way.delivered, bytes)).toBe(0)
  })

  it("any bytes in any pieces have one digest at every hop", () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 12 }), async (pieces) => {
        const way = await Effect.runPromise(Effect.provide(wholeWay(Stream.fromIterable(pieces)), fresh()))
        const bytes = Buffer.concat(pieces)
        expect([way.built.sha256, way.read.sha256, way.receipt.sha256]).toEqual(Array(3).fill(digest(bytes)))
        expect(Buffer.compare(way.delivered, bytes)).toBe(0)
      }),
      { numRuns: 20 },
    ))

  it("a builder that uses its buffer again has no effect", async () => {
    const buffer = new Uint8Array(4)
    const source = Stream.unfold(1, (n: number) =>
      Effect.sync(() => (n > 3 ? undefined : ([buffer.fill(n), n + 1] as const))),
    )
    const { delivered } = await Effect.runPromise(Effect.provide(wholeWay(source), fresh()))
    expect([...delivered]).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3])
  })

  it("[W-06] text with a lone surrogate is refused, not replaced", async () => {
    const error = await Effect.runPromise(Effect.flip(Effect.provide(wholeWay("a\ud800"), fresh())))
    expect(error).toMatchObject({ _tag: "IllFormedText", at: 1 })
  })
})

it("[W-27] what is too large is noticed while it streams", async () => {
  const { disk, layer } = makeMemoryFiles()
  const endless = Stream.fromEffectRepeat(Effect.succeed(new Uint8Array(1000)))
  const error = await Effect.runPromise(
    Effect.flip(Effect.provide(wholeWay(endless), planeOver(layer, "/data", 10_000))),
  )
  expect(error).toMatchObject({ _tag: "ArtifactTooLarge", bytes_max: 10_000 })
  expect(disk.files("/data/staging")).toEqual([])
})
