import { execFileSync } from "node:child_process"
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { basename, join, relative } from "node:path"
import { layerFaultyFiles, layerNodeEntropy, layerNodeFiles } from "@waybill/host"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { DataPlane, layerDataPlane, type StoredArtifact } from "../src/index.ts"

const base = mkdtempSync(join(tmpdir(), "waybill-destinations-"))
const root = join(base, "data")
const ledger = join(base, "ledger")
const out = join(base, "out")
const folder = join(base, "swapped")
const attempt = { runId: "run 1", attempt: 1 }
const socket = createServer()

const run = <A, E>(use: (plane: DataPlane["Service"]) => Effect.Effect<A, E>) =>
  Effect.runPromise(
    Effect.flatMap(DataPlane, use).pipe(
      Effect.provide(layerDataPlane({ root }).pipe(Layer.provide(Layer.mergeAll(layerNodeFiles, layerNodeEntropy)))),
    ),
  )

let artifact: StoredArtifact & { readonly schemaId: string }
let sealed = ""
beforeAll(async () => {
  for (const folder of [ledger, out, join(out, "folder")]) mkdirSync(folder)
  writeFileSync(join(ledger, "ledger.jsonl"), "facts")
  writeFileSync(join(out, "old"), "old")
  execFileSync("mkfifo", [join(out, "fifo")])
  symlinkSync(join(out, "old"), join(out, "link"))
  symlinkSync(root, join(out, "way-in"))
  symlinkSync(ledger, join(out, "way-to-ledger"))
  await new Promise<void>((resolve) => socket.listen(join(out, "socket"), resolve))
  artifact = await run((plane) =>
    Effect.gen(function* () {
      const read = yield* plane.readBack(attempt, yield* plane.write(attempt, "a", yield* plane.build(attempt, "work")))
      yield* plane.seal(attempt, read)
      return { ...read, schemaId: "text/v1" }
    }),
  )
  const hex = artifact.sha256.slice("sha256:".length)
  sealed = join(root, "sealed", "sha256", hex.slice(0, 2), hex.slice(2, 4), hex)
})
afterAll(() => {
  socket.close()
  rmSync(base, { recursive: true, force: true })
})

const deliver = (file: string) => run((plane) => plane.deliver(artifact, { file, reserved: [ledger] }))
const refused = (file: string) => run((plane) => Effect.flip(plane.deliver(artifact, { file, reserved: [ledger] })))
/** All names below, with what they are and say. */
const scene = () =>
  [out, ledger].flatMap((folder) =>
    readdirSync(folder).map((name) => {
      const info = lstatSync(join(folder, name))
      return [name, info.ino, info.isFile() ? readFileSync(join(folder, name), "utf8") : info.mode]
    }),
  )

describe("a delivery to a file", () => {
  it("replaces a regular file, and makes the folders on the way", async () => {
    writeFileSync(join(out, "mine"), "before")
    await deliver(join(out, "mine"))
    await deliver(join(out, "new", "folders", "artifact"))
    await deliver(relative(process.cwd(), join(out, "relative")))
    for (const name of ["mine", "new/folders/artifact", "relative"])
      expect(readFileSync(join(out, name), "utf8")).toBe("work")
  })

  it.each([
    ["no name", () => "", "names no file"],
    ["half a character", () => join(out, "\ud800"), "is no path"],
    ["a folder", () => join(out, "folder"), "is a folder"],
    ["a folder, by its slash", () => `${join(out, "nowhere")}/`, "is a folder"],
    ["a pipe", () => join(out, "fifo"), "is a device, a pipe or a socket"],
    ["a socket", () => join(out, "socket"), "is a device, a pipe or a socket"],
    ["a link", () => join(out, "link"), "is a symbolic link"],
    ["a way through a file", () => join(out, "old", "artifact"), "leads through something that is no folder"],
    ["its own sealed bytes", () => sealed, "which is Waybill's own"],
    ["the data plane's folder", () => root, "is a folder"],
    ["an agent's workspace", () => join(root, "workspaces", "run", "artifact"), "which is Waybill's own"],
    ["a roundabout way in there", () => `${out}/folder/../../${basename(root)}/sealed/mine`, "which is Waybill's own"],
    ["a link's way in there", () => join(out, "way-in", "artifacts", "mine", "artifact"), "which is Waybill's own"],
    ["the ledger", () => join(ledger, "ledger.jsonl"), "which is Waybill's own"],
    ["a link's way to the ledger", () => join(out, "way-to-ledger", "ledger.jsonl"), "which is Waybill's own"],
  ])("to %s is refused in words, and everything stays as it is", async (_, file, words) => {
    const before = scene()
    const error = await refused(file())
    expect(error).toMatchObject({ _tag: "DestinationRefused", path: file() })
    expect(error.message).toContain(words)
    expect(scene()).toEqual(before)
    for (const name of ["sealed/mine", "artifacts/mine", "workspaces"]) expect(existsSync(join(root, name))).toBe(false)
    expect(readFileSync(sealed, "utf8")).toBe("work")
  })

  it.each([
    [
      "a link to the ledger's folder takes its folder's place while it is looked for",
      (operation: string, path: string, nth: number) => operation === "open" && path === folder && nth === 2,
      () => {
        rmSync(folder, { recursive: true })
        symlinkSync(ledger, folder)
      },
      "DestinationRefused",
    ],
    [
      "its folder is moved into the ledger's while it is written",
      (operation: string) => operation === "chmod",
      () => renameSync(folder, join(ledger, "moved")),
      "DestinationRefused",
    ],
    [
      "its folder is exchanged right before its renaming",
      (operation: string) => operation === "rename",
      () => {
        renameSync(folder, join(base, "aside"))
        mkdirSync(folder)
      },
      "BytesDiffer",
    ],
  ] as const)("whose way is changed under it is not made: %s", async (_, isNow, change, tag) => {
    mkdirSync(folder)
    const seen = new Map<string, number>()
    const files = layerFaultyFiles(layerNodeFiles, (operation, path) => {
      const nth = (seen.get(`${operation} ${path}`) ?? 0) + 1
      seen.set(`${operation} ${path}`, nth)
      if (isNow(operation, path, nth)) change()
      return undefined
    })
    const delivery = DataPlane.use((plane) =>
      Effect.flip(plane.deliver(artifact, { file: join(folder, "artifact"), reserved: [ledger] })),
    )
    const layer = layerDataPlane({ root }).pipe(Layer.provide(Layer.mergeAll(files, layerNodeEntropy)))
    const error = await Effect.runPromise(Effect.provide(delivery, layer))
    expect(error._tag).toBe(tag)
    const left = [folder, join(ledger, "moved"), join(base, "aside")]
    for (const one of left)
      if (existsSync(one)) expect(readdirSync(one).filter((name) => name !== "ledger.jsonl")).toEqual([])
    expect(readFileSync(join(ledger, "ledger.jsonl"), "utf8")).toBe("facts")
    for (const one of left) rmSync(one, { recursive: true, force: true })
  })

  it("whose sealed bytes have changed or are gone is refused with their name, their place and what to do", async () => {
    rmSync(sealed)
    const gone = await refused(join(out, "mine"))
    writeFileSync(sealed, "WORK")
    const changed = await refused(join(out, "mine"))
    expect([gone._tag, changed._tag]).toEqual(["ArtifactMissing", "BytesDiffer"])
    for (const { message } of [gone, changed])
      for (const part of [
        artifact.artifactRef,
        artifact.sha256,
        sealed,
        "nothing was released",
        "settle the work as a new run",
      ])
        expect(message).toContain(part)
  })
})
