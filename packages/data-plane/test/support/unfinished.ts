/**
 * A process that begins to make something and waits for its end: `build`, `seed`, `deliver` or `verify`. It says `begun` once
 * something is half made.
 */
import { layerFaultyFiles, layerNodeEntropy, layerNodeFiles } from "@waybill/host"
import { Effect, Layer, Stream } from "effect"
import { DataPlane, layerDataPlane } from "../../src/index.ts"
import { sealing } from "./sealing.ts"

const [root = "", what = "", target = ""] = process.argv.slice(2)
const key = { runId: "run", attempt: 1 }
const begun = Effect.andThen(
  Effect.sync(() => process.stdout.write("begun\n")),
  Effect.never,
)
const half = new Uint8Array(1000)

/** Set once a rename is one too many: the process stands still right before it. */
let isLast = false
const files = layerFaultyFiles(layerNodeFiles, (operation) => {
  if (!isLast || operation !== "rename") return undefined
  process.stdout.write("begun\n")
  return { kind: "hang" }
})

const sealed = Effect.map(sealing(key, "report.bin", half), ({ read }) => read)

const ways: Readonly<Record<string, Effect.Effect<unknown, unknown, DataPlane>>> = {
  build: Effect.flatMap(DataPlane, ({ build }) =>
    build(key, Stream.concat(Stream.make(half), Stream.fromEffect(begun))),
  ),
  seed: Effect.flatMap(DataPlane, ({ writeSeed }) => {
    isLast = true
    return writeSeed(key.runId, "folder/seed", half)
  }),
  deliver: Effect.gen(function* () {
    const artifact = { ...(yield* sealed), schemaId: "any" }
    isLast = true
    yield* (yield* DataPlane).deliver(artifact, { file: target })
  }),
  verify: Effect.gen(function* () {
    return yield* (yield* DataPlane).withSealed(yield* sealed, () => begun)
  }),
}
// Something to wait for: a fiber that waits for nothing keeps no process alive.
setInterval(() => {}, 60_000)
await Effect.runPromise(
  Effect.provide(
    ways[what] ?? Effect.die(new Error(`there is no way ${what}`)),
    layerDataPlane({ root }).pipe(Layer.provide(Layer.mergeAll(files, layerNodeEntropy))),
  ),
)
