/** Workspaces and seeds: where they are, what stands in their way, and what stays as it is. */
import { type FaultPlan, Files, layerFaultyFiles, layerNodeEntropy, makeMemoryFiles } from "@waybill/host"
import { refusePath } from "@waybill/workspace-job"
import { Effect, Layer } from "effect"
import { dirname } from "node:path"
import { describe, expect, it } from "vitest"
import { DataPlane, layerDataPlane } from "../src/index.ts"
import { digestOf, path, placesOf } from "./support/everyCall.ts"
import { sealing } from "./support/sealing.ts"

const key = { runId: "run", attempt: 1 }
const content = Buffer.from("the very bytes")
const at = "/data/workspaces/run/out/report.bin"

const scene = () => {
  const { disk, layer } = makeMemoryFiles()
  const over = (plan: FaultPlan) =>
    layerDataPlane({ root: "/data" }).pipe(
      Layer.provide(Layer.mergeAll(layerFaultyFiles(layer, plan), layerNodeEntropy)),
    )
  const within = <A>(folder: string, use: (directory: DirectoryOf) => Effect.Effect<A, unknown>) =>
    Effect.runPromise(
      Effect.flatMap(Files, (files) => Effect.flatMap(files.openDirectory(folder), use)).pipe(
        Effect.scoped,
        Effect.provide(layer),
      ),
    )
  return {
    disk,
    run: <A, E>(use: (plane: DataPlane["Service"]) => Effect.Effect<A, E>, plan: FaultPlan = () => undefined) =>
      Effect.runPromise(Effect.provide(Effect.result(Effect.flatMap(DataPlane, use)), over(plan))),
    names: (folder: string) => within(folder, (directory) => directory.list),
    mode: async (path: string) =>
      (await within(dirname(path), (directory) => directory.info(path.slice(dirname(path).length + 1)))).mode,
  }
}
type DirectoryOf = Effect.Success<ReturnType<Files["Service"]["openDirectory"]>>

describe("a workspace", () => {
  it("is a folder of its own, named after the run, and empty", async () => {
    const { names, run } = scene()
    expect(await run((plane) => plane.workspace("run"))).toMatchObject({ success: "/data/workspaces/run" })
    expect(await run((plane) => plane.workspace("My run"))).toMatchObject({ success: "/data/workspaces/%4dy%20run" })
    expect(await names("/data/workspaces")).toEqual(["%4dy%20run", "run"])
    expect(await names("/data/workspaces/run")).toEqual([])
  })
})

describe("a path that is none", () => {
  it.each(["", "..", "a//b", "a\0"])("%j is refused where it is used, in the words of its rule", async (bad) => {
    const { disk, run } = scene()
    const built = digestOf(content)
    const stored = { artifactRef: "x", path: bad, ...built }
    const reason = `it ${refusePath(bad)}`
    for (const [hop, call] of [
      ["seed", (plane: DataPlane["Service"]) => plane.writeSeed("run", bad, content)],
      ["collect", (plane: DataPlane["Service"]) => Effect.scoped(plane.candidate("run", bad))],
      ["write", (plane: DataPlane["Service"]) => plane.write(key, bad, built)],
      ["readback", (plane: DataPlane["Service"]) => plane.readBack(key, stored)],
      ["seal", (plane: DataPlane["Service"]) => plane.seal(key, stored)],
    ] as const)
      expect(await run<unknown, unknown>(call)).toMatchObject({
        failure: { _tag: "PathRefused", hop, path: bad, reason },
      })
    expect(disk.files("/")).toEqual([])
  })
})

it("looking for a candidate makes nothing, and says what is missing", async () => {
  const { names, run } = scene()
  await run((plane) => plane.workspace("run"))
  const look = (runId: string) => run((plane) => Effect.scoped(plane.candidate(runId, path)))
  for (const runId of ["run", "other"])
    expect(await look(runId)).toMatchObject({ failure: { _tag: "CandidateMissing", path } })
  expect(await names("/data/workspaces")).toEqual(["run"])
  expect(await names("/data/workspaces/run")).toEqual([])
})

describe("a seed", () => {
  const write = (plane: DataPlane["Service"]) => plane.writeSeed("run", path, content)

  it.each([
    ["directory", "directory"],
    ["link", "link"],
    ["other", "fifo"],
  ] as const)("is refused where there is a %s in its place, which stays", async (kind, what) => {
    const { disk, names, run } = scene()
    await run(write)
    disk.plant(at, what)
    expect(await run(write)).toMatchObject({
      failure: { _tag: "PathRefused", hop: "seed", path, reason: `there is a ${kind} in its place` },
    })
    expect(await names("/data/workspaces/run/out")).toEqual(["report.bin"])
  })

  it("whose folder somebody takes away meanwhile is refused", async () => {
    const { run } = scene()
    const gone: FaultPlan = (operation, path) =>
      operation === "open" && path === "/data/workspaces/run/out" ? { kind: "fail", code: "ENOENT" } : undefined
    expect(await run(write, gone)).toMatchObject({
      failure: { _tag: "PathRefused", hop: "seed", path, reason: "it is gone" },
    })
  })

  it("that is there with the same bytes is not written again, and lasts", async () => {
    const { disk, run } = scene()
    await run(write)
    const done: Array<string> = []
    await run(write, (operation, path) => {
      if (["write", "rename", "chmod", "unlink", "flush"].includes(operation)) done.push(`${operation} ${path}`)
      return undefined
    })
    expect(done).toEqual([`flush ${at}`, "flush /data/workspaces/run/out"])
    disk.crash()
    expect(digestOf(disk.bytes(at) ?? Buffer.alloc(0))).toEqual(digestOf(content))
  })

  it.each([
    ["other bytes", "the very bytez"],
    ["fewer", "the"],
    ["more", "the very bytes!"],
  ])("is written anew over %s", async (_, text) => {
    const { disk, run } = scene()
    await run(write)
    disk.overwrite(at, Buffer.from(text))
    expect(await run(write)).toMatchObject({ _tag: "Success" })
    expect(digestOf(disk.bytes(at) ?? Buffer.alloc(0))).toEqual(digestOf(content))
  })

  it("is written anew where somebody has another name for it", async () => {
    const { disk, run } = scene()
    await run(write)
    disk.hardLink(at, "/mine")
    await run(write)
    disk.overwrite("/mine", Buffer.from("other"))
    expect(digestOf(disk.bytes(at) ?? Buffer.alloc(0))).toEqual(digestOf(content))
  })
})

it("what is unfinished is its owner's alone, what is stored is read-only, and what is let out is readable by all", async () => {
  const { mode, run } = scene()
  const opened: Array<string> = []
  await run(
    (plane) =>
      Effect.gen(function* () {
        yield* plane.writeSeed("run", path, content)
        const { read } = yield* sealing(key, path, content)
        yield* plane.deliver({ ...read, schemaId: "any" }, { file: "/out/report.bin" })
      }).pipe(Effect.provideService(DataPlane, plane)),
    (operation, path) => {
      if (operation === "chmod") opened.push(path)
      return undefined
    },
  )
  const { built, delivered, sealed, stored, workspaces } = placesOf(content)
  expect(await Promise.all([workspaces, built, stored, sealed, delivered].map(mode))).toEqual([
    0o644, 0o600, 0o400, 0o400, 0o644,
  ])
  expect(opened).toHaveLength(5)
})
