/** What a process makes before it bears its name: whose it is, and that none of it outlives its maker for long. */
import { Entropy, type FaultPlan, Files, layerFaultyFiles, layerNodeEntropy, makeMemoryFiles } from "@waybill/host"
import { Effect, Fiber, Layer, Stream } from "effect"
import { dirname } from "node:path"
import { describe, expect, it } from "vitest"
import { chunk_bytes, DataPlane, layerDataPlane } from "../src/index.ts"
import { everyCall, sceneFor } from "./support/everyCall.ts"

const key = { runId: "run", attempt: 1 }
const [a, b] = ["a".repeat(32), "b".repeat(32)]
const mine = `/data/unfinished/local.${a}`
const temporary = (nth: number) => `.waybill-tmp-${a}-${nth}`

/** Says these ids in turn, and the last one from then on. */
const saying = (...ids: ReadonlyArray<string>) => {
  let asked = 0
  const layer = Layer.succeed(Entropy, { hex: () => Effect.sync(() => ids[Math.min(asked++, ids.length - 1)] ?? "") })
  return { layer, asked: () => asked }
}

const scene = () => {
  const { disk, layer } = makeMemoryFiles()
  const plane = (entropy: Layer.Layer<Entropy> = layerNodeEntropy, plan: FaultPlan = () => undefined) =>
    layerDataPlane({ root: "/data" }).pipe(Layer.provide(Layer.mergeAll(layerFaultyFiles(layer, plan), entropy)))
  const make = (path: string) =>
    Effect.runSync(
      Effect.flatMap(Files, (files) => files.openDirectory(path, { create: true })).pipe(
        Effect.scoped,
        Effect.provide(layer),
      ),
    )
  return {
    disk,
    plane,
    make,
    put: (path: string, text = "x") => {
      make(dirname(path))
      disk.plant(path, new TextEncoder().encode(text))
    },
    run: <A, E>(use: (plane: DataPlane["Service"]) => Effect.Effect<A, E>, layer = plane()) =>
      Effect.runPromise(Effect.provide(Effect.flatMap(DataPlane, use), layer)),
    sweep: (plan?: FaultPlan) =>
      Effect.runPromise(
        Effect.provide(
          Effect.flatMap(DataPlane, (plane) => plane.sweep),
          plane(layerNodeEntropy, plan),
        ),
      ),
  }
}
/** A builder that says where it is, and never ends. */
const stuck = (begun: () => void) =>
  Stream.concat(Stream.make(new Uint8Array(9)), Stream.fromEffect(Effect.andThen(Effect.sync(begun), Effect.never)))

describe("a process's own folder", () => {
  it("is made with the first thing in it, and gone with its process", async () => {
    const { disk, plane } = scene()
    const during = await Effect.runPromise(
      Effect.gen(function* () {
        const { build } = yield* DataPlane
        const none = disk.files("/")
        let half: ReadonlyArray<string> = []
        yield* build(
          key,
          Stream.fromEffect(
            Effect.sync(() => {
              half = disk.files("/")
              return new Uint8Array(9)
            }),
          ),
        )
        return [none, half.toSorted(), disk.files("/data/unfinished")]
      }).pipe(Effect.provide(plane(saying(a).layer))),
    )
    expect(during).toEqual([[], [`${mine}/1`, `${mine}/lock`], [`${mine}/lock`]])
    expect(disk.files("/")).toEqual(["/data/staging/run/1/built"])
  })

  it.each([
    ["that another process has", (put: (path: string) => void) => put],
    ["with something in it", (put: (path: string) => void) => put(`${mine}/1`)],
  ])("is never one %s: another id is taken", async (what, before) => {
    const { disk, plane, put, run } = scene()
    before(put)
    let isBegun: () => void
    const begun = new Promise<void>((resolve) => (isBegun = resolve))
    const other = Effect.runFork(
      Effect.provide(
        Effect.flatMap(DataPlane, ({ build }) =>
          build(
            key,
            stuck(() => isBegun()),
          ),
        ),
        plane(saying(what === "that another process has" ? a : b).layer),
      ),
    )
    await begun
    const { asked, layer } = saying(a, "c".repeat(32))
    await run(({ build }) => build({ runId: "other", attempt: 1 }, "text"), plane(layer))
    expect(asked()).toBe(2)
    // What the other one makes is still there.
    expect(disk.files("/data/unfinished").filter((path) => path.endsWith("/1"))).toContain(
      what === "that another process has" ? `${mine}/1` : `/data/unfinished/local.${b}/1`,
    )
    await Effect.runPromise(Fiber.interrupt(other))
  })

  it("is looked for a hundred times, and then it is the disk's fault", async () => {
    const { plane, put, run } = scene()
    put(`${mine}/1`)
    const { asked, layer } = saying(a)
    const error = await run(({ build }) => Effect.flip(build(key, "text")), plane(layer))
    expect(error).toMatchObject({
      _tag: "StorageFailed",
      hop: "build",
      cause: { operation: "lock", path: "/data/unfinished", code: "EBUSY" },
    })
    expect(asked()).toBe(100)
  })

  it("is left with its lock where something in it could not be taken away, and a sweep does it", async () => {
    const { disk, plane, run, sweep } = scene()
    await run(
      ({ build }) => build(key, "text"),
      plane(saying(a).layer, (operation, path) =>
        (operation === "rename" || operation === "unlink") && path === `${mine}/1`
          ? { kind: "fail", code: "EIO" }
          : undefined,
      ),
    ).catch(() => undefined)
    expect(disk.files("/data/unfinished").toSorted()).toEqual([`${mine}/1`, `${mine}/lock`])
    expect(await sweep()).toEqual({ files: 1, bytes: 4, living: 0, unknown: 0, left: [] })
    expect(disk.files("/data")).toEqual([])
  })
})

describe("what a process that was killed left half made is gone after a sweep, whenever it was killed", () => {
  it.each(everyCall.map((call) => [call.name, call] as const))("%s", async (_, call) => {
    const content = Buffer.from("the very bytes")
    for (let k = 1; ; k++) {
      const scene = sceneFor(call, content)
      await scene.prepare()
      let reached: () => void
      const hung = new Promise<"hung">((resolve) => (reached = () => resolve("hung")))
      // It never ends: whoever is killed does nothing more.
      const running = scene.run((_operation, _path, nth) => {
        if (nth !== k) return undefined
        reached()
        return { kind: "hang" }
      })
      const ended = await Promise.race([hung, running.then(() => "done")])
      if (ended === "done") return
      scene.disk.crash()
      const swept = await scene.sweep()
      expect([k, swept.left, scene.disk.files("/").filter((path) => /unfinished|waybill-tmp/u.test(path))]).toEqual([
        k,
        [],
        [],
      ])
      // Where nobody would look again, a sweep's work lasts.
      scene.disk.crash()
      expect([k, scene.disk.files("/").filter((path) => /waybill-tmp/u.test(path))]).toEqual([k, []])
    }
  })
})

describe("a sweep", () => {
  const noted = (...places: ReadonlyArray<object>) => places.map((place) => `${JSON.stringify(place)}\n`).join("")

  it("minds no place that is gone, is no folder, or is a link now", async () => {
    const { disk, make, put, sweep } = scene()
    put("/out/file")
    make("/data/workspaces/run")
    disk.plant("/data/workspaces/run/link", "link")
    put(`${mine}/lock`)
    put(
      `${mine}/places`,
      noted(
        { folder: "/nowhere" },
        { folder: "/out/file" },
        { folder: "/out/file/below" },
        { workspace: ["run", "link"] },
        { workspace: ["gone"] },
      ),
    )
    expect(await sweep()).toEqual({ files: 0, bytes: 0, living: 0, unknown: 0, left: [] })
    expect(disk.files("/data")).toEqual([])
    expect(disk.files("/out")).toEqual(["/out/file"])
  })

  it("reads all of what was noted, however much, in whatever script", async () => {
    const { disk, put, sweep } = scene()
    const filler = { folder: `/nowhere/${"ä€".repeat(400)}` }
    const count = Math.ceil(chunk_bytes / Buffer.byteLength(noted(filler))) + 1
    put(`${mine}/lock`)
    put(`${mine}/places`, noted(...Array.from({ length: count }, () => filler), { folder: "/öut" }))
    put(`/öut/${temporary(1)}`, "12345")
    expect(await sweep()).toEqual({ files: 1, bytes: 5, living: 0, unknown: 0, left: [] })
    expect(disk.files("/")).toEqual([])
  })

  it("counts files and bytes of all that it removes, folders with all that is in them", async () => {
    const { put, sweep } = scene()
    put(`${mine}/lock`)
    put(`${mine}/places`, noted({ folder: "/out" }, { workspace: ["run"] }))
    put(`${mine}/1`, "1")
    put(`${mine}/2/inner/file`, "22")
    put(`${mine}/2/other`, "333")
    put(`/out/${temporary(3)}`, "4444")
    put(`/data/workspaces/run/${temporary(4)}`, "55555")
    put(`/data/unfinished/other-machine.${b}/lock`)
    expect(await sweep()).toEqual({ files: 5, bytes: 15, living: 0, unknown: 1, left: [] })
  })

  it.each([
    ["the root", "/data"],
    ["the folder of all that is unfinished", "/data/unfinished"],
    ["a process's folder", mine],
    ["where it noted its places", `${mine}/places`],
  ])("says what it could not look at, and leaves it for the next one: %s", async (_, where) => {
    const { disk, put, sweep } = scene()
    for (const name of ["lock", "places", "1"]) put(`${mine}/${name}`, "")
    const swept = await sweep((operation, path) =>
      operation === "open" && path === where ? { kind: "fail", code: "EACCES" } : undefined,
    )
    expect(swept).toMatchObject({ files: 0, left: [{ operation: "open", path: where, code: "EACCES" }] })
    expect(disk.files(mine)).toHaveLength(3)
    expect(await sweep()).toMatchObject({ files: 1, left: [] })
    expect(disk.files("/data")).toEqual([])
  })

  it("says what it could not remove elsewhere, removes the rest, and forgets nothing", async () => {
    const { disk, put, sweep } = scene()
    put(`${mine}/lock`)
    put(`${mine}/places`, noted({ folder: "/out" }, { folder: "/other" }))
    put(`${mine}/1`)
    put(`/out/${temporary(1)}`)
    put(`/other/${temporary(2)}`)
    const swept = await sweep((operation, path) =>
      operation === "unlink" && path.startsWith("/out/") ? { kind: "fail", code: "EACCES" } : undefined,
    )
    expect(swept).toMatchObject({ files: 2, left: [{ operation: "unlink", path: `/out/${temporary(1)}` }] })
    expect(disk.files("/")).toEqual([`${mine}/lock`, `${mine}/places`, `/out/${temporary(1)}`])
    expect(await sweep()).toMatchObject({ files: 1, left: [] })
    expect(disk.files("/")).toEqual([])
  })

  it("that comes while its process begins, or while another sweeps, finds nothing to say", async () => {
    for (const [operation, path] of [
      ["open", mine],
      ["list", mine],
      ["lock", `${mine}/lock`],
    ]) {
      const { disk, put, sweep } = scene()
      put(`${mine}/lock`)
      const swept = await sweep((now, at) =>
        now === operation && at === path ? { kind: "fail", code: "ENOENT" } : undefined,
      )
      expect(swept).toEqual({ files: 0, bytes: 0, living: 0, unknown: 0, left: [] })
      expect(disk.files("/data")).toEqual([`${mine}/lock`])
    }
  })
})

it.each(["EACCES", "EPERM", "EROFS"])(
  "a delivery needs no place below the root, where that may only be read: %s",
  async (code) => {
    const { disk, make, plane, run } = scene()
    make("/out")
    const artifact = await run(({ build, readBack, seal, write }) =>
      Effect.gen(function* () {
        const read = yield* readBack(key, yield* write(key, "r.txt", yield* build(key, "good")))
        yield* seal(key, read)
        return read
      }),
    )
    const readOnly: FaultPlan = (operation, path) =>
      path.startsWith("/data/unfinished") && operation !== "open" ? { kind: "fail", code } : undefined
    const receipt = await run(
      ({ deliver }) => deliver({ ...artifact, schemaId: "t" }, { file: "/out/r.txt" }),
      plane(layerNodeEntropy, readOnly),
    )
    expect(receipt.sha256).toBe(artifact.sha256)
    expect(disk.files("/out")).toEqual(["/out/r.txt"])
  },
)
