/**
 * A process that takes a large file, or with a third argument so many bytes of its own memory, through every hop, and says by
 * how much its memory grew, in bytes.
 */
import { layerNodeEntropy, layerNodeFiles } from "@waybill/host"
import { Effect, Layer, Stream } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { DataPlane, layerDataPlane } from "../../src/index.ts"

const [root = "", name = "", memory_bytes = ""] = process.argv.slice(2)
const key = { runId: "large", attempt: 1 }

/** The most memory this process ever had resident (Linux): nothing that was freed again is missed. */
const peak_bytes = () => Number(/VmHWM:\s+(\d+) kB/u.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024

/** One way of the candidate through all hops; answers what was delivered. */
const way = (path: string, memory?: Uint8Array) =>
  Effect.gen(function* () {
    const plane = yield* DataPlane
    const candidate = memory === undefined ? yield* plane.candidate(key.runId, path) : undefined
    const built = yield* plane.build(key, candidate?.stream ?? memory ?? "")
    const read = yield* plane.readBack(key, yield* plane.write(key, path, built))
    yield* plane.seal(key, read)
    yield* plane.withSealed(read, ({ stream }) => Stream.runDrain(stream))
    const artifact = { ...read, schemaId: "any" }
    yield* plane.deliver(artifact, { sink: () => Effect.void })
    return yield* plane.deliver(artifact, { file: join(root, "delivered") })
  }).pipe(Effect.scoped)

await Effect.runPromise(
  Effect.gen(function* () {
    // A small file first: what the program itself needs is there before the large one comes.
    yield* (yield* DataPlane).writeSeed(key.runId, "small", new Uint8Array(3_000_000))
    yield* way("small")
    const memory = memory_bytes === "" ? undefined : new Uint8Array(Number(memory_bytes)).fill(7)
    const before = peak_bytes()
    const { bytes, sha256 } = yield* way(name, memory)
    console.log(JSON.stringify({ bytes, sha256, growth: peak_bytes() - before }))
  }).pipe(
    Effect.provide(layerDataPlane({ root }).pipe(Layer.provide(Layer.mergeAll(layerNodeFiles, layerNodeEntropy)))),
  ),
)
