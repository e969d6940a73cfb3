import { layerNodeEntropy, layerNodeFiles, makeMemoryFiles, type Files } from "@waybill/host"
import { Effect, Layer, Stream } from "effect"
import fc from "fast-check"
import { createHash } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { chunk_bytes, DataPlane, layerDataPlane, type StoredArtifact } from "../src/index.ts"

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
    const built = yield* plane.build(key, source)
    const written = yield* plane.write(key, path, built)
    const read = yield* plane.readBack(key, written)
    yield* plane.seal(key, read)
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
    ["a chunk less one", sized(chunk_bytes - 1)],
    ["a chunk", sized(chunk_bytes)],
    ["a chunk and one", sized(chunk_bytes + 1)],
    ["three chunks and seven", sized(3 * chunk_bytes + 7)],
  ])("%s: the built, stored, verified and delivered bytes are the same", async (_name, bytes) => {
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
      { numRuns: 60 },
    ))

  it("a builder that uses its buffer again has no effect", async () => {
    const buffer = new Uint8Array(4)
    const source = Stream.unfold(1, (n: number) =>
      Effect.sync(() => (n > 3 ? undefined : ([buffer.fill(n), n + 1] as const))),
    )
    const { delivered } = await Effect.runPromise(Effect.provide(wholeWay(source), fresh()))
    expect([...delivered]).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3])
  })

  it("text with a lone surrogate is refused, not replaced", async () => {
    const error = await Effect.runPromise(Effect.flip(Effect.provide(wholeWay("a\ud800"), fresh())))
    expect(error).toMatchObject({ _tag: "IllFormedText", at: 1 })
  })

  it.each(["", "..", "a/../b", "a//b", "a\\b", "c:x", "a\0b", "./a", "x".repeat(1025)])(
    "the path %j is refused for seed, candidate and artifact",
    async (bad) => {
      const tags = await Effect.runPromise(
        Effect.gen(function* () {
          const plane = yield* DataPlane
          const built = yield* plane.build(key, "x")
          return yield* Effect.all([
            Effect.flip(plane.writeSeed(key.runId, bad, new Uint8Array())),
            Effect.flip(plane.candidate(key.runId, bad)),
            Effect.flip(plane.write(key, bad, built)),
          ])
        }).pipe(Effect.scoped, Effect.provide(fresh())),
      )
      expect(tags.map(({ _tag }) => _tag)).toEqual(["PathRefused", "PathRefused", "PathRefused"])
    },
  )

  it("a signal that is aborted and a deadline that is over end a call with their own errors", async () => {
    const [aborted, late] = await Effect.runPromise(
      Effect.gen(function* () {
        const plane = yield* DataPlane
        return yield* Effect.all([
          Effect.flip(plane.build(key, Stream.never, { signal: AbortSignal.abort() })),
          Effect.flip(plane.build(key, Stream.never, { deadline_ms: 5 })),
        ])
      }).pipe(Effect.provide(fresh())),
    )
    expect([aborted._tag, late._tag]).toEqual(["Aborted", "DeadlineExceeded"])
  })
})

it("what is too large is noticed while it streams", async () => {
  const { disk, layer } = makeMemoryFiles()
  const endless = Stream.fromEffectRepeat(Effect.succeed(new Uint8Array(1000)))
  const error = await Effect.runPromise(
    Effect.flip(Effect.provide(wholeWay(endless), planeOver(layer, "/data", 10_000))),
  )
  expect(error).toMatchObject({ _tag: "ArtifactTooLarge", bytes_max: 10_000 })
  expect(disk.files("/data/staging")).toEqual([])
})

describe("between two hops somebody", () => {
  const content = "the very bytes"
  const artifactAt = `/data/artifacts/run%2f1%20with%20spaces/1/${path}`
  const sealedAt = (sha256: string) => {
    const hex = sha256.slice(7)
    return `/data/sealed/sha256/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex}`
  }
  type Disk = ReturnType<typeof makeMemoryFiles>["disk"]
  const changes: ReadonlyArray<readonly [string, (disk: Disk, at: string) => void]> = [
    ["changes a byte", (disk, at) => disk.overwrite(at, Buffer.from("the very bytez"))],
    ["makes it longer", (disk, at) => disk.overwrite(at, Buffer.from(`${content}!`))],
    ["makes it shorter", (disk, at) => disk.overwrite(at, Buffer.from(content.slice(1)))],
    ["puts a link in its place", (disk, at) => disk.plant(at, "link")],
    ["puts a FIFO in its place", (disk, at) => disk.plant(at, "fifo")],
    ["puts a folder in its place", (disk, at) => disk.plant(at, "directory")],
    ["removes it", (disk, at) => disk.remove(at)],
  ]
  const expected = /^(BytesDiffer|PathRefused|ArtifactMissing)$/u

  const prepared = (until: "written" | "read" | "sealed") =>
    Effect.gen(function* () {
      const plane = yield* DataPlane
      const written = yield* plane.write(key, path, yield* plane.build(key, content))
      if (until === "written") return written
      const read: StoredArtifact = yield* plane.readBack(key, written)
      if (until === "sealed") yield* plane.seal(key, read)
      return read
    })

  it.each(changes)("%s: what was written is not read back", async (_name, change) => {
    const { disk, layer } = makeMemoryFiles()
    const error = await Effect.runPromise(
      Effect.gen(function* () {
        const written = yield* prepared("written")
        change(disk, artifactAt)
        return yield* Effect.flip((yield* DataPlane).readBack(key, written))
      }).pipe(Effect.provide(planeOver(layer, "/data"))),
    )
    expect(error._tag).toMatch(expected)
  })

  it("gives the written file a second name: it is refused", async () => {
    const { disk, layer } = makeMemoryFiles()
    const error = await Effect.runPromise(
      Effect.gen(function* () {
        const written = yield* prepared("written")
        disk.hardLink(artifactAt, "/data/mine")
        return yield* Effect.flip((yield* DataPlane).readBack(key, written))
      }).pipe(Effect.provide(planeOver(layer, "/data"))),
    )
    expect(error._tag).toBe("PathRefused")
  })

  it.each(changes)("%s: what was read back is not sealed", async (_name, change) => {
    const { disk, layer } = makeMemoryFiles()
    const error = await Effect.runPromise(
      Effect.gen(function* () {
        const read = yield* prepared("read")
        change(disk, artifactAt)
        return yield* Effect.flip((yield* DataPlane).seal(key, read))
      }).pipe(Effect.provide(planeOver(layer, "/data"))),
    )
    expect(error._tag).toMatch(expected)
    expect(disk.files("/data/sealed")).toEqual([])
  })

  it.each(changes)("%s: what was sealed is neither verified nor delivered", async (_name, change) => {
    const { disk, layer } = makeMemoryFiles()
    const released: Array<Uint8Array> = []
    const errors = await Effect.runPromise(
      Effect.gen(function* () {
        const plane = yield* DataPlane
        const read = yield* prepared("sealed")
        const during = yield* Effect.flip(
          plane.withSealed(read, () => Effect.sync(() => change(disk, sealedAt(read.sha256)))),
        )
        const before = yield* Effect.flip(plane.withSealed(read, () => Effect.die("it was asked")))
        const artifact = { ...read, schemaId: "any" }
        const out = yield* Effect.flip(
          plane.deliver(artifact, { sink: (chunk) => Effect.sync(() => void released.push(chunk)) }),
        )
        const toFile = yield* Effect.flip(plane.deliver(artifact, { file: "/out/report.bin" }))
        return [during, before, out, toFile]
      }).pipe(Effect.provide(planeOver(layer, "/data"))),
    )
    for (const error of errors) expect(error._tag).toMatch(expected)
    expect(released).toEqual([])
    expect(disk.files("/out")).toEqual([])
  })

  it("is the verifier, and changes its own copy: no verdict", async () => {
    const { disk, layer } = makeMemoryFiles()
    const error = await Effect.runPromise(
      Effect.gen(function* () {
        const read = yield* prepared("sealed")
        return yield* Effect.flip(
          (yield* DataPlane).withSealed(read, (handed) =>
            Effect.sync(() => disk.overwrite(handed.path, Buffer.from("the very bytez"))),
          ),
        )
      }).pipe(Effect.provide(planeOver(layer, "/data"))),
    )
    expect(error).toMatchObject({ _tag: "BytesDiffer", hop: "verify" })
  })
})
