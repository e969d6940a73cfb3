import { type Files, layerNodeEntropy, layerNodeFiles, makeMemoryFiles } from "@waybill/host"
import { Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { createHash } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { DataPlane, layerDataPlane } from "../src/index.ts"

const base = mkdtempSync(join(tmpdir(), "waybill-calls-"))
afterAll(() => rmSync(base, { recursive: true, force: true }))

const key = { runId: "run", attempt: 1 }
const bytes = new TextEncoder().encode("the very bytes")
const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`

const over = (files: Layer.Layer<Files>, root: string, bytes_max?: number) =>
  layerDataPlane({ root, ...(bytes_max === undefined ? {} : { bytes_max }) }).pipe(
    Layer.provide(Layer.mergeAll(files, layerNodeEntropy)),
  )
const disks: ReadonlyArray<readonly [string, (bytes_max?: number) => Layer.Layer<DataPlane>]> = [
  ["real files", (bytes_max) => over(layerNodeFiles, mkdtempSync(join(base, "disk-")), bytes_max)],
  ["the simulated disk", (bytes_max) => over(makeMemoryFiles().layer, "/data", bytes_max)],
]

describe.each(disks)("over %s", (_, fresh) => {
  const run = <A, E>(effect: Effect.Effect<A, E, DataPlane>, bytes_max?: number) =>
    Effect.runPromise(Effect.provide(effect, fresh(bytes_max)))
  const plane = DataPlane

  const handedOver: ReadonlyArray<readonly [string, () => Uint8Array]> = [
    ["an array", () => bytes.slice()],
    ["a Buffer, whose slice is a view", () => Buffer.from(bytes)],
    [
      "memory that other threads may write to",
      () => {
        const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
        shared.set(bytes)
        return shared
      },
    ],
  ]
  it.each(handedOver)(
    "[W-05] a builder that changes %s as soon as it has handed it over changes nothing",
    async (_name, make) => {
      const buffer = make()
      const building = run(Effect.flatMap(plane, (plane) => plane.build(key, buffer)))
      await Promise.resolve()
      buffer.fill(0)
      expect((await building).sha256).toBe(digest)
    },
  )

  it.each(handedOver)(
    "whoever changes a seed in %s as soon as it has handed it over changes nothing",
    async (_name, make) => {
      const buffer = make()
      const text = await run(
        Effect.gen(function* () {
          const { candidate, writeSeed } = yield* plane
          const writing = yield* Effect.forkChild(writeSeed(key.runId, "seed", buffer), { startImmediately: true })
          buffer.fill(0)
          yield* Fiber.join(writing)
          return yield* Stream.mkString(Stream.decodeText((yield* candidate(key.runId, "seed")).stream))
        }).pipe(Effect.scoped),
      )
      expect(text).toBe("the very bytes")
    },
  )

  it.each([
    ["text", "x".repeat(11)],
    ["bytes", new Uint8Array(11)],
    ["a stream", Stream.make(new Uint8Array(6), new Uint8Array(5))],
  ])("%s over the limit is refused, what is exactly at the limit is not", async (_name, source) => {
    const error = await run(
      Effect.flatMap(plane, (plane) => Effect.flip(plane.build(key, source))),
      10,
    )
    expect(error).toMatchObject({ _tag: "ArtifactTooLarge", bytes_max: 10 })
    expect(
      await run(
        Effect.flatMap(plane, (plane) => plane.build(key, source)),
        11,
      ),
    ).toMatchObject({ bytes: 11 })
  })

  it("a call whose signal is aborted already does nothing", async () => {
    const call = { signal: AbortSignal.abort() }
    const tags = await run(
      Effect.gen(function* () {
        const { build, deliver, readBack, seal, write, writeSeed } = yield* plane
        const artifact = yield* write(key, "a", yield* build(key, bytes))
        yield* seal(key, artifact)
        const errors = yield* Effect.all([
          Effect.flip(writeSeed(key.runId, "a", bytes, call)),
          Effect.flip(build(key, bytes, call)),
          Effect.flip(write(key, "a", artifact, call)),
          Effect.flip(readBack(key, artifact, call)),
          Effect.flip(seal(key, artifact, call)),
          Effect.flip(deliver({ ...artifact, schemaId: "any" }, { sink: () => Effect.die("released") }, call)),
        ])
        return errors.map(({ _tag }) => _tag)
      }),
    )
    expect(tags).toEqual(Array(6).fill("Aborted"))
  })

  it("a call that is aborted while it runs ends with that", async () => {
    const abort = new AbortController()
    const source = Stream.concat(
      Stream.make(bytes),
      Stream.fromEffect(
        Effect.andThen(
          Effect.sync(() => abort.abort()),
          Effect.never,
        ),
      ),
    )
    const error = await run(
      Effect.flatMap(plane, (plane) => Effect.flip(plane.build(key, source, { signal: abort.signal }))),
    )
    expect(error).toMatchObject({ _tag: "Aborted", hop: "build" })
  })

  it("a call ends at its deadline, and not before", async () => {
    await run(
      Effect.gen(function* () {
        const { build } = yield* plane
        const late = yield* Effect.forkChild(Effect.flip(build(key, Stream.never, { deadline_ms: 1000 })))
        yield* TestClock.adjust(999)
        expect(late.pollUnsafe()).toBeUndefined()
        yield* TestClock.adjust(1)
        expect(yield* Fiber.join(late)).toMatchObject({ _tag: "DeadlineExceeded", hop: "build", deadline_ms: 1000 })
      }).pipe(Effect.provide(TestClock.layer())),
    )
  })

  it("a seed that is there with the same bytes stays as it is, one with others is replaced", async () => {
    const seen = await run(
      Effect.gen(function* () {
        const { candidate, writeSeed } = yield* plane
        const now = Effect.scoped(
          Effect.flatMap(candidate(key.runId, "s/eed"), ({ stream }) => Stream.mkString(Stream.decodeText(stream))),
        )
        yield* writeSeed(key.runId, "s/eed", bytes)
        yield* writeSeed(key.runId, "s/eed", bytes)
        const first = yield* now
        yield* writeSeed(key.runId, "s/eed", new TextEncoder().encode("other"))
        return [first, yield* now]
      }),
    )
    expect(seen).toEqual(["the very bytes", "other"])
  })
})

describe.each([2 ** 31, Number.POSITIVE_INFINITY, Number.NaN, 0, -1])("a deadline of %s ms", (deadline_ms) => {
  it("is refused with its call, and nothing is begun", async () => {
    const { disk, layer } = makeMemoryFiles()
    const error = await Effect.runPromise(
      Effect.flatMap(DataPlane, (plane) => Effect.flip(plane.build(key, bytes, { deadline_ms }))).pipe(
        Effect.provide(over(layer, "/data")),
      ),
    )
    expect(error).toMatchObject({ _tag: "DeadlineRefused", hop: "build" })
    expect(error.message).toContain(`deadline_ms is ${deadline_ms}`)
    expect(disk.files("/")).toEqual([])
  })

  it("is no default for a data plane", () => {
    expect(() => layerDataPlane({ root: "/data", deadline_ms })).toThrow(/deadline_ms is/u)
  })
})
