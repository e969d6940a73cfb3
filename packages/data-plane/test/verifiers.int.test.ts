import { layerNodeEntropy, layerNodeFiles } from "@waybill/host"
import { Effect, Layer } from "effect"
import fs from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { DataPlane, type Handed, layerDataPlane } from "../src/index.ts"

const base = fs.mkdtempSync(join(tmpdir(), "waybill-verifier-"))
afterAll(() => fs.rmSync(base, { recursive: true, force: true }))

const key = { runId: "run", attempt: 1 }
const content = "the very bytes"

/** Seals an artifact and has it verified like this. */
const verified = <A, E>(use: (handed: Handed, sealed: string) => Effect.Effect<A, E>, signal?: AbortSignal) => {
  const root = fs.mkdtempSync(join(base, "root-"))
  const layer = layerDataPlane({ root }).pipe(Layer.provide(Layer.mergeAll(layerNodeFiles, layerNodeEntropy)))
  return Effect.runPromise(
    Effect.gen(function* () {
      const plane = yield* DataPlane
      const read = yield* plane.readBack(
        key,
        yield* plane.write(key, "out/report.bin", yield* plane.build(key, content)),
      )
      yield* plane.seal(key, read)
      const hex = read.sha256.slice("sha256:".length)
      const at = join(root, "sealed", "sha256", hex.slice(0, 2), hex.slice(2, 4), hex)
      const result = yield* Effect.result(plane.withSealed(read, (handed) => use(handed, at), { signal }))
      const left = fs
        .readdirSync(join(root, "unfinished"), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith("report.bin"))
      return { result, left }
    }).pipe(Effect.provide(layer)),
  )
}
const sync = (run: (handed: Handed, sealed: string) => void) => (handed: Handed, sealed: string) =>
  Effect.sync(() => run(handed, sealed))

it("a verifier gets the sealed bytes under the artifact's own name, read-only, for as long as it runs", async () => {
  const { left, result } = await verified((handed, sealed) =>
    Effect.sync(() => ({
      name: basename(handed.path),
      text: fs.readFileSync(handed.path, "utf8"),
      mode: fs.statSync(handed.path).mode & 0o777,
      isPrivate: fs.statSync(handed.path).ino !== fs.statSync(sealed).ino,
    })),
  )
  expect(result).toMatchObject({ success: { name: "report.bin", text: content, mode: 0o400, isPrivate: true } })
  expect(left).toEqual([])
})

it.each([
  [
    "writes into its copy",
    sync(({ path }) => {
      fs.chmodSync(path, 0o600)
      fs.writeFileSync(path, "the very bytez")
    }),
    "BytesDiffer",
  ],
  [
    "puts other bytes under its copy's name",
    sync(({ path }) => {
      fs.rmSync(path)
      fs.writeFileSync(path, "other bytes")
    }),
    "BytesDiffer",
  ],
  [
    "puts the same bytes under its copy's name",
    sync(({ path }) => {
      fs.rmSync(path)
      fs.writeFileSync(path, content)
    }),
    "BytesDiffer",
  ],
  ["removes its copy", sync(({ path }) => fs.rmSync(path)), "ArtifactMissing"],
  [
    "writes into the seal",
    sync((_, sealed) => {
      fs.chmodSync(sealed, 0o600)
      fs.writeFileSync(sealed, "the very bytez")
    }),
    "BytesDiffer",
  ],
  ["removes the seal", sync((_, sealed) => fs.rmSync(sealed)), "ArtifactMissing"],
])("[W-05] a verifier that %s has said nothing: its verdict is not used", async (_, use, tag) => {
  const { left, result } = await verified(use)
  expect(result).toMatchObject({ failure: { _tag: tag, hop: "verify" } })
  expect(left).toEqual([])
})

it("a verifier's own failure is handed on, and its copy is taken away", async () => {
  const { left, result } = await verified(() => Effect.fail("no verdict"))
  expect(result).toMatchObject({ failure: "no verdict" })
  expect(left).toEqual([])
})

it("a signal ends a verifier that would go on for ever", async () => {
  const abort = new AbortController()
  const { left, result } = await verified(
    () =>
      Effect.andThen(
        Effect.sync(() => abort.abort()),
        Effect.never,
      ),
    abort.signal,
  )
  expect(result).toMatchObject({ failure: { _tag: "Aborted", hop: "verify" } })
  expect(left).toEqual([])
})
