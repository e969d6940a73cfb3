/** Every call of the data plane, each with what must have been done before it. */
import { type FaultPlan, layerFaultyFiles, layerNodeEntropy, makeMemoryFiles } from "@waybill/host"
import { Effect, Exit, Layer, type Scope, Stream } from "effect"
import { createHash } from "node:crypto"
import { type Call, DataPlane, type DataPlaneError, type Hop, layerDataPlane } from "../../src/index.ts"

export const attempt = { runId: "run", attempt: 1 }
export const path = "out/report.bin"
export const digestOf = (content: Uint8Array) => ({
  sha256: `sha256:${createHash("sha256").update(content).digest("hex")}`,
  bytes: content.byteLength,
})

/** Where the bytes lie on the simulated disk, by the hop that put them there. */
export const placesOf = (content: Uint8Array) => {
  const hex = digestOf(content).sha256.slice("sha256:".length)
  return {
    workspaces: "/data/workspaces/run/out/report.bin",
    built: "/data/staging/run/1/built",
    stored: "/data/artifacts/run/1/out/report.bin",
    sealed: `/data/sealed/sha256/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex}`,
    delivered: "/out/report.bin",
  }
}

const ready = ["nothing", "seeded", "built", "written", "sealed"] as const

export interface EveryCall {
  readonly name: string
  readonly hop: Hop
  readonly after: (typeof ready)[number]
  readonly run: (
    plane: DataPlane["Service"],
    content: Uint8Array,
    call?: Call,
  ) => Effect.Effect<unknown, DataPlaneError, Scope.Scope>
}

const stored = (content: Uint8Array) => ({
  artifactRef: "artifact:run:1:x",
  path,
  schemaId: "any",
  ...digestOf(content),
})

export const everyCall: ReadonlyArray<EveryCall> = [
  { name: "workspace", hop: "seed", after: "nothing", run: (plane, _, call) => plane.workspace("run", call) },
  {
    name: "writeSeed",
    hop: "seed",
    after: "nothing",
    run: (plane, content, call) => plane.writeSeed("run", path, content, call),
  },
  {
    name: "candidate",
    hop: "collect",
    after: "seeded",
    run: (plane, _, call) =>
      Effect.flatMap(plane.candidate("run", path, call), ({ bytes, stream }) =>
        Effect.map(Stream.runCollect(stream), (chunks) => [bytes, digestOf(Buffer.concat(chunks))]),
      ),
  },
  { name: "build", hop: "build", after: "nothing", run: (plane, content, call) => plane.build(attempt, content, call) },
  {
    name: "hasBuilt",
    hop: "build",
    after: "built",
    run: (plane, content, call) => plane.hasBuilt(attempt, digestOf(content), call),
  },
  {
    name: "write",
    hop: "write",
    after: "built",
    run: (plane, content, call) => plane.write(attempt, path, digestOf(content), call),
  },
  {
    name: "readBack",
    hop: "readback",
    after: "written",
    run: (plane, content, call) => plane.readBack(attempt, stored(content), call),
  },
  {
    name: "seal",
    hop: "seal",
    after: "written",
    run: (plane, content, call) => plane.seal(attempt, stored(content), call),
  },
  {
    name: "withSealed",
    hop: "verify",
    after: "sealed",
    run: (plane, content, call) =>
      plane.withSealed(
        stored(content),
        ({ bytes, sha256, stream }) =>
          Effect.map(Stream.runCollect(stream), (chunks) => [bytes, sha256, digestOf(Buffer.concat(chunks))]),
        call,
      ),
  },
  {
    name: "deliver to a file",
    hop: "deliver",
    after: "sealed",
    run: (plane, content, call) => plane.deliver(stored(content), { file: "/out/report.bin" }, call),
  },
  {
    name: "deliver to a sink",
    hop: "deliver",
    after: "sealed",
    run: (plane, content, call) => {
      const released: Array<Uint8Array> = []
      return Effect.map(
        plane.deliver(stored(content), { sink: (chunk) => Effect.sync(() => void released.push(chunk)) }, call),
        (receipt) => [receipt, digestOf(Buffer.concat(released))],
      )
    },
  },
]

/** A disk on which everything is done that must come before a call; runs that call under a plan, as often as asked. */
export const sceneFor = (call: EveryCall, content: Uint8Array) => {
  const { disk, layer } = makeMemoryFiles()
  const over = (plan: FaultPlan) =>
    layerDataPlane({ root: "/data" }).pipe(
      Layer.provide(Layer.mergeAll(layerFaultyFiles(layer, plan), layerNodeEntropy)),
    )
  const before = Effect.flatMap(DataPlane, (plane) =>
    Effect.gen(function* () {
      const has = (state: EveryCall["after"]) => ready.indexOf(call.after) >= ready.indexOf(state)
      if (call.after === "seeded") return yield* plane.writeSeed("run", path, content)
      if (has("built")) yield* plane.build(attempt, content)
      if (has("written")) yield* plane.write(attempt, path, digestOf(content))
      if (has("sealed")) yield* plane.seal(attempt, stored(content))
    }),
  )
  return {
    disk,
    places: placesOf(content),
    prepare: () =>
      Effect.runPromise(
        Effect.provide(
          before,
          over(() => undefined),
        ),
      ),
    sweep: () =>
      Effect.runPromise(
        Effect.provide(
          Effect.flatMap(DataPlane, (plane) => plane.sweep),
          over(() => undefined),
        ),
      ),
    run: async (plan: FaultPlan = () => undefined, bounds?: Call) => {
      const running = Effect.scoped(Effect.flatMap(DataPlane, (plane) => call.run(plane, content, bounds)))
      const exit = await Effect.runPromiseExit(Effect.provide(Effect.result(running), over(plan)))
      if (Exit.isFailure(exit)) throw new Error(`it died: ${String(exit.cause)}`)
      return exit.value
    },
  }
}
