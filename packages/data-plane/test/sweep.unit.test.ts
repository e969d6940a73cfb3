import { type Fault, Files, layerFaultyFiles, layerNodeEntropy, makeMemoryFiles } from "@waybill/host"
import { Effect, Layer } from "effect"
import { dirname } from "node:path"
import { expect, it } from "vitest"
import { chunk_bytes, DataPlane, layerDataPlane } from "../src/index.ts"
import { sealing } from "./support/sealing.ts"

const id = "0123456789abcdef0123456789abcdef"
const folder = `/data/unfinished/local.${id}`
const temporary = `.waybill-tmp-${id}-7`
const key = { runId: "run", attempt: 1 }

const scene = (fault: (operation: string, path: string) => Fault | undefined = () => undefined) => {
  const { disk, layer } = makeMemoryFiles()
  const data = layerDataPlane({ root: "/data" }).pipe(
    Layer.provide(Layer.mergeAll(layerFaultyFiles(layer, fault), layerNodeEntropy)),
  )
  const make = (path: string) =>
    Effect.runSync(
      Effect.flatMap(Files, (files) => files.openDirectory(path, { create: true })).pipe(
        Effect.scoped,
        Effect.provide(layer),
      ),
    )
  const put = (path: string, text = "x") => {
    make(dirname(path))
    disk.plant(path, new TextEncoder().encode(text))
  }
  const run = <A, E>(effect: Effect.Effect<A, E, DataPlane>) => Effect.runPromise(Effect.provide(effect, data))
  const names = (path: string) =>
    Effect.runPromise(
      Effect.flatMap(Files, (files) => Effect.flatMap(files.openDirectory(path), (directory) => directory.list)).pipe(
        Effect.scoped,
        Effect.provide(layer),
      ),
    )
  return { disk, make, names, put, run, sweep: () => run(Effect.flatMap(DataPlane, (plane) => plane.sweep)) }
}
const places = (...elsewhere: ReadonlyArray<object>) => elsewhere.map((one) => `${JSON.stringify(one)}\n`).join("")

it("where nothing was ever made nothing is swept, and sweeping makes nothing", async () => {
  const { disk, sweep } = scene()
  expect(await sweep()).toEqual({ files: 0, bytes: 0, living: 0, unknown: 0, left: [] })
  expect(disk.files("/")).toEqual([])
})

it("what a process on another machine may be making is left alone", async () => {
  const { disk, put, sweep } = scene()
  const path = `/data/unfinished/boot-1-2-3.${id}`
  put(`${path}/lock`)
  put(`${path}/1`)
  expect(await sweep()).toMatchObject({ files: 0, unknown: 1 })
  expect(disk.files(path)).toEqual([`${path}/lock`, `${path}/1`])
})

it("a folder without its lock is left alone unless it is empty", async () => {
  const { disk, make, names, put, sweep } = scene()
  put(`${folder}/1`)
  make(`/data/unfinished/local.${"f".repeat(32)}`)
  expect(await sweep()).toEqual({ files: 0, bytes: 0, living: 0, unknown: 0, left: [] })
  expect(await names("/data/unfinished")).toEqual([`local.${id}`])
  expect(disk.files("/data/unfinished")).toEqual([`${folder}/1`])
  disk.remove(`${folder}/1`)
  await sweep()
  expect(await names("/data/unfinished")).toEqual([])
})

it("a sweep makes nothing: no lock where its process took it away just now, and no folder where one was noted", async () => {
  const { disk, make, names, put, sweep } = scene((operation, path) => {
    if (operation === "lock" && path.endsWith("ff/lock")) disk.remove(path)
    return undefined
  })
  make("/data/workspaces/run")
  put(`/data/unfinished/local.${"f".repeat(32)}/lock`)
  expect(await sweep()).toEqual({ files: 0, bytes: 0, living: 0, unknown: 0, left: [] })
  expect(await names(`/data/unfinished/local.${"f".repeat(32)}`)).toEqual([])
  put(`${folder}/lock`)
  put(`${folder}/places`, places({ workspace: ["run", "gone"] }, { workspace: ["other"] }))
  await sweep()
  expect(await names("/data/workspaces")).toEqual(["run"])
  expect(await names("/data/workspaces/run")).toEqual([])
})

it("a place whose name is cut by the end of a chunk is found", async () => {
  const { disk, put, sweep } = scene()
  const line = places({ folder: "/öut" })
  // The first of the letter's two bytes is the chunk's last.
  const before = chunk_bytes - 1 - Buffer.from(line).indexOf(Buffer.from("ö"))
  const filler = places({ folder: "" })
  put(`${folder}/lock`)
  put(`${folder}/places`, places({ folder: "n".repeat(before - filler.length) }) + line)
  put(`/öut/${temporary}`)
  expect(await sweep()).toMatchObject({ files: 1 })
  expect(disk.files("/")).toEqual([])
})

it("where a dead process noted that it makes files, its own are swept and no others", async () => {
  const { disk, put, sweep } = scene()
  const kept = [
    `/out/.waybill-tmp-${"f".repeat(32)}-7`,
    `/out/${temporary}.txt`,
    "/out/report",
    `/elsewhere/${temporary}`,
    `/data/artifacts/run/1/${temporary}`,
    `/data/workspaces/run/${temporary}`,
  ]
  for (const path of kept) put(path)
  for (const path of [`/out/${temporary}`, `/data/workspaces/run/a/b/${temporary}`]) put(path, "half")
  put(`${folder}/lock`)
  put(
    `${folder}/places`,
    `${places({ folder: "/out" }, { folder: "/gone" }, { workspace: ["run", "a", "b"] })}{"folder":"/elsew`,
  )
  expect(await sweep()).toMatchObject({ files: 2, bytes: 8, left: [] })
  expect([...kept].sort()).toEqual(disk.files("/").slice().sort())
})

it("a link in a workspace leads a sweep nowhere, and what only bears a temporary's name is no file of ours", async () => {
  const { disk, make, put, sweep } = scene()
  put(`/outside/${temporary}`)
  make("/data/workspaces/run")
  disk.plant("/data/workspaces/run/folder", "link")
  put(`/out/${temporary}/inner`)
  disk.plant("/out/other", "fifo")
  put(`${folder}/lock`)
  put(
    `${folder}/places`,
    places({ workspace: ["run", "folder"] }, { workspace: ["..", "outside"] }, { folder: "/out" }),
  )
  const { files } = await sweep()
  expect(files).toBe(0)
  expect(disk.files("/outside")).toEqual([`/outside/${temporary}`])
  expect(disk.files("/out")).toEqual([`/out/${temporary}/inner`])
})

it("what cannot be removed is named, the rest goes, and the next sweep tries again", async () => {
  let isBroken = true
  const { disk, put, sweep } = scene((operation, path) =>
    isBroken && operation === "unlink" && path.endsWith("/1") ? { kind: "fail", code: "EACCES" } : undefined,
  )
  for (const name of ["lock", "1", "2", "3/report"]) put(`${folder}/${name}`)
  const first = await sweep()
  expect(first).toMatchObject({ files: 2 })
  expect(first.left.map(({ code, path }) => [code, path])).toEqual([["EACCES", `${folder}/1`]])
  isBroken = false
  expect(await sweep()).toMatchObject({ files: 1, left: [] })
  expect(disk.files("/data/unfinished")).toEqual([])
})

it("a process notes each folder once, and its notes do not grow for ever", async () => {
  const { disk, run } = scene()
  const noted = await run(
    Effect.gen(function* () {
      const plane = yield* DataPlane
      const { read } = yield* sealing(key, "a", "x")
      const deliver = (file: string) => plane.deliver({ ...read, schemaId: "any" }, { file })
      const notes = () => {
        const path = disk.files("/data/unfinished").find((file) => file.endsWith("/places")) ?? ""
        return new TextDecoder().decode(disk.bytes(path)).split("\n").length - 1
      }
      yield* deliver("/out/0/a")
      yield* deliver("/out/0/b")
      const twice = notes()
      for (let i = 1; i < 200; i++) yield* deliver(`/out/${i}/a`)
      const many = notes()
      yield* deliver("/out/200/a")
      return [twice, many, notes()]
    }),
  )
  expect(noted).toEqual([1, 200, 1])
})
