/** Where a process notes that it makes files elsewhere, for whoever sweeps after it. */
import { Entropy, type FaultPlan, Files, layerFaultyFiles, makeMemoryFiles } from "@waybill/host"
import { Effect, Exit, type Scope } from "effect"
import { describe, expect, it } from "vitest"
import { decodeElsewheres } from "../src/unfinished/Elsewhere.ts"
import { makeUnfinished, type Unfinished } from "../src/unfinished/Unfinished.ts"

const id = "a".repeat(32)
const mine = `/all/local.${id}`

type OpenFolder = Effect.Success<ReturnType<Files["Service"]["openDirectory"]>>
const scene = () => {
  const { disk, layer } = makeMemoryFiles()
  return {
    disk,
    noted: () =>
      decodeElsewheres(new TextDecoder().decode(disk.bytes(`${mine}/places`) ?? new Uint8Array())).map((place) =>
        "folder" in place ? place.folder : place.workspace.join("/"),
      ),
    run: <A, E>(
      use: (unfinished: Unfinished, out: OpenFolder) => Effect.Effect<A, E, Scope.Scope>,
      plan: FaultPlan = () => undefined,
    ) =>
      Effect.runPromise(
        Effect.gen(function* () {
          const files = yield* Files
          const unfinished = yield* makeUnfinished(
            files.openDirectory("/all", { create: true }),
            Entropy.of({ hex: () => Effect.succeed(id) }),
          )
          return yield* use(unfinished, yield* files.openDirectory("/out", { create: true }))
        }).pipe(Effect.scoped, Effect.provide(layerFaultyFiles(layer, plan))),
      ),
  }
}
const names = (count: number) => Array.from({ length: count }, (_, i) => `/out/${i}`)

describe("a place", () => {
  it("is noted, for good, before anything is made there", async () => {
    const { disk, noted, run } = scene()
    let before: ReadonlyArray<string> = []
    const isExclusive = (path: string) => path.startsWith("/out/.waybill-tmp-")
    await run(
      (unfinished, out) =>
        Effect.gen(function* () {
          yield* Effect.scoped(unfinished.fileIn(out, { folder: "/out" }, 0o600))
          yield* Effect.scoped(unfinished.fileIn(out, { workspace: ["run", "ä"] }, 0o600))
          disk.crash()
          expect(noted()).toEqual(["/out", "run/ä"])
        }),
      (operation, path) => {
        if (operation === "open" && isExclusive(path)) before = [...before, noted().join()]
        return undefined
      },
    )
    expect(before).toEqual(["/out", "/out,run/ä"])
  })

  it("is noted once, until 200 are: then all are forgotten but those in use", async () => {
    const { noted, run } = scene()
    await run((unfinished, out) =>
      Effect.gen(function* () {
        const use = (folder: string) => Effect.scoped(unfinished.fileIn(out, { folder }, 0o600))
        const all = names(200)
        for (const folder of all.slice(0, 9)) yield* Effect.andThen(use(folder), use(folder))
        for (const folder of all.slice(9)) yield* use(folder)
        expect(noted()).toEqual(all)
        // Forgotten at the next one, and noted again when they are next in use.
        yield* use("/out/0")
        expect(noted()).toEqual(["/out/0"])
        yield* use("/out/1")
        yield* use("/out/0")
        expect(noted()).toEqual(["/out/0", "/out/1"])
        for (const folder of all.slice(2)) yield* use(folder)
        expect(noted()).toEqual(all)
      }),
    )
  })

  it("is not forgotten while another file is being made anywhere", async () => {
    const { noted, run } = scene()
    await run((unfinished, out) =>
      Effect.gen(function* () {
        const use = (folder: string) => Effect.scoped(unfinished.fileIn(out, { folder }, 0o600))
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* unfinished.fileIn(out, { folder: "/held" }, 0o600)
            for (const folder of names(250)) yield* use(folder)
            expect(noted()).toEqual(["/held", ...names(250)])
          }),
        )
        yield* use("/last")
        expect(noted()).toEqual(["/last"])
      }),
    )
  })

  it("that could not be noted is not used, and is noted with the next try", async () => {
    for (const broken of ["open", "write", "flush"] as const) {
      const { disk, noted, run } = scene()
      let isBroken = true
      await run(
        (unfinished, out) =>
          Effect.gen(function* () {
            const use = Effect.scoped(unfinished.fileIn(out, { folder: "/out" }, 0o600))
            const first = yield* Effect.exit(use)
            expect([broken, Exit.isFailure(first), disk.files("/out")]).toEqual([broken, true, []])
            isBroken = false
            yield* use
            expect(noted()).toEqual(["/out"])
          }),
        (operation, path) =>
          isBroken && operation === broken && path === `${mine}/places` ? { kind: "fail", code: "EIO" } : undefined,
      )
    }
  })
})

it("all that a process makes at one time has names of its own, and is gone with its scope", async () => {
  const { disk, run } = scene()
  const made = await run((unfinished, out) =>
    Effect.scoped(
      Effect.gen(function* () {
        const drafts = [
          yield* unfinished.file(0o600),
          yield* unfinished.fileIn(out, { folder: "/out" }, 0o600),
          yield* unfinished.file(0o600),
        ]
        const folders = [yield* unfinished.folder, yield* unfinished.folder]
        const last = yield* unfinished.file(0o600)
        for (const { directory } of folders)
          yield* directory.openFile("inner", { access: "write", create: "exclusive" })
        return [
          ...[...drafts, last].map(({ directory, name }) => `${directory.path}/${name}`),
          ...folders.map(({ segments }) => segments.join("/")),
          ...disk.files("/").filter((path) => path.endsWith("/inner")),
        ]
      }),
    ).pipe(
      Effect.tap(() =>
        Effect.sync(() => expect(disk.files("/").toSorted()).toEqual([`${mine}/lock`, `${mine}/places`])),
      ),
    ),
  )
  expect(new Set(made).size).toBe(8)
  for (const path of made.slice(0, 4))
    expect(path).toMatch(/^(\/all\/local\.a{32}\/\d+|\/out\/\.waybill-tmp-a{32}-\d+)$/u)
  for (const path of made.slice(4, 6)) expect(path).toMatch(/^unfinished\/local\.a{32}\/\d+$/u)
  expect(disk.files("/")).toEqual([])
})
