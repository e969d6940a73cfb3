/**
 * Fault model: one file operation, the k-th, fails, writes short, or is the process's last; the next try goes on from what is
 * there, and power is cut before or after that try. Every k is tried until a run no longer gets that far.
 */
import { type Fault, type Files, layerFaultyFiles, layerNodeEntropy, makeMemoryFiles } from "@waybill/host"
import { Effect, Exit, Layer, Stream } from "effect"
import fc from "fast-check"
import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { DataPlane, layerDataPlane } from "../src/index.ts"
import { sealing } from "./support/sealing.ts"

const key = { runId: "run", attempt: 1 }
const path = "out/report.bin"
const target = "/out/report.bin"
const content = Buffer.alloc(3000, 7)
const digest = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`
const whole = digest(content)

const over = (files: Layer.Layer<Files>) =>
  layerDataPlane({ root: "/data" }).pipe(Layer.provide(Layer.mergeAll(files, layerNodeEntropy)))

const hops = (source: Uint8Array | Stream.Stream<Uint8Array>) =>
  Effect.gen(function* () {
    const plane = yield* DataPlane
    const { built, read, written } = yield* sealing(key, path, source)
    const handed = createHash("sha256")
    yield* plane.withSealed(read, ({ stream }) =>
      Stream.runForEach(stream, (chunk) => Effect.sync(() => void handed.update(chunk))),
    )
    const receipt = yield* plane.deliver({ ...read, schemaId: "any" }, { file: target })
    return [built.sha256, written.sha256, read.sha256, `sha256:${handed.digest("hex")}`, receipt.sha256]
  })

/** To die right after an operation is to die right before the next one, which is tried as well. */
const kinds: ReadonlyArray<Fault> = [
  { kind: "fail", code: "EIO" },
  { kind: "short", code: "ENOSPC", bytes: 1000 },
  { kind: "die" },
]

/** The places that a reader may look at hold nothing or everything. */
const checkPlaces = (k: number, disk: ReturnType<typeof makeMemoryFiles>["disk"]) => {
  for (const place of ["/data/artifacts", "/data/sealed", "/out"])
    for (const file of disk.files(place)) {
      const isWhole = file.includes("/.waybill-tmp-") || digest(disk.bytes(file) ?? new Uint8Array()) === whole
      expect([k, file, isWhole]).toEqual([k, file, true])
    }
}

describe.each([
  ["before", true],
  ["after", false],
])("power cut %s the next try", (_, isBefore) => {
  it.each(kinds)("[W-21] %o: no place ever holds a part, and what the next try proves survives", async (fault) => {
    for (let k = 1; ; k++) {
      const { disk, layer } = makeMemoryFiles()
      let isReached = false
      const faulty = layerFaultyFiles(layer, (_operation, _path, nth) => {
        if (nth !== k) return undefined
        isReached = true
        return fault
      })
      const first = await Effect.runPromiseExit(Effect.provide(hops(content), over(faulty)))
      const isAlive = fault.kind === "fail" || fault.kind === "short"
      // A hop that answers with an error takes its own litter with it.
      if (isAlive && Exit.isFailure(first))
        expect([k, disk.files("/out").filter((file) => file !== target)]).toEqual([k, []])
      checkPlaces(k, disk)
      if (isBefore) disk.crash()
      checkPlaces(k, disk)
      const again = await Effect.runPromise(Effect.provide(hops(content), over(layer)))
      expect([k, again]).toEqual([k, Array(5).fill(whole)])
      disk.crash()
      const hex = whole.slice("sha256:".length)
      for (const file of [target, `/data/sealed/sha256/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex}`])
        expect([k, file, digest(disk.bytes(file) ?? new Uint8Array())]).toEqual([k, file, whole])
      if (!isReached) {
        expect(Exit.isSuccess(first)).toBe(true)
        expect(k).toBeGreaterThan(40)
        return
      }
    }
  })
})

it("any bytes in any pieces have the digest of those bytes at every hop, and are what is delivered", () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), async (pieces) => {
      const { disk, layer } = makeMemoryFiles()
      const bytes = Buffer.concat(pieces)
      const digests = await Effect.runPromise(Effect.provide(hops(Stream.fromIterable(pieces)), over(layer)))
      expect(digests).toEqual(Array(5).fill(digest(bytes)))
      expect(Buffer.compare(disk.bytes(target) ?? new Uint8Array(), bytes)).toBe(0)
    }),
    { numRuns: 100 },
  ))

it("a source that fails midway ends the build with its own error and leaves nothing", async () => {
  const { disk, layer } = makeMemoryFiles()
  const source = Stream.concat(Stream.make(new Uint8Array(2000)), Stream.fail("the builder broke"))
  const error = await Effect.runPromise(
    Effect.flatMap(DataPlane, (plane) => Effect.flip(plane.build(key, source))).pipe(Effect.provide(over(layer))),
  )
  expect(error).toBe("the builder broke")
  expect(disk.files("/data")).toEqual([])
})
