import { layerFaultyFiles, layerNodeEntropy, layerNodeFiles } from "@waybill/host"
import { failures } from "@waybill/workspace-job"
import { Effect, Layer } from "effect"
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import fs from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { artifactRef, DataPlane, failureOf, folderName, layerDataPlane, type StoredArtifact } from "../src/index.ts"

const base = fs.mkdtempSync(join(tmpdir(), "waybill-tamper-"))
afterAll(() => fs.rmSync(base, { recursive: true, force: true }))

const key = { runId: "run", attempt: 1 }
const path = "out/report.bin"
const content = "the very bytes"
const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`

const fresh = () => {
  const root = fs.mkdtempSync(join(base, "root-"))
  return {
    root,
    artifact: join(root, "artifacts", folderName(key.runId), "1", path),
    sealed: ({ sha256 }: { readonly sha256: string }) => {
      const hex = sha256.slice("sha256:".length)
      return join(root, "sealed", "sha256", hex.slice(0, 2), hex.slice(2, 4), hex)
    },
    run: <A, E>(effect: Effect.Effect<A, E, DataPlane>) =>
      Effect.runPromise(
        Effect.provide(
          effect,
          layerDataPlane({ root }).pipe(Layer.provide(Layer.mergeAll(layerNodeFiles, layerNodeEntropy))),
        ),
      ),
  }
}

/** Writes past the read-only mode, as somebody with a descriptor from before would. */
const overwrite = (at: string, text: string) => {
  fs.chmodSync(at, 0o600)
  fs.writeFileSync(at, text)
}
const replace = (at: string, make: () => void) => {
  fs.rmSync(at, { recursive: true, force: true })
  make()
}
const outside = join(base, "outside")
fs.writeFileSync(outside, content)

const changes: ReadonlyArray<readonly [string, (at: string) => void, string]> = [
  ["changes a byte", (at) => overwrite(at, "the very bytez"), "BytesDiffer"],
  ["makes it longer", (at) => overwrite(at, `${content}!`), "BytesDiffer"],
  ["makes it shorter", (at) => overwrite(at, content.slice(1)), "BytesDiffer"],
  ["empties it", (at) => overwrite(at, ""), "BytesDiffer"],
  ["puts a link to the same bytes in its place", (at) => replace(at, () => fs.symlinkSync(outside, at)), "PathRefused"],
  ["puts a FIFO in its place", (at) => replace(at, () => execFileSync("mkfifo", [at])), "PathRefused"],
  ["puts a folder in its place", (at) => replace(at, () => fs.mkdirSync(at)), "PathRefused"],
  ["makes its folder a link", (at) => replace(dirname(at), () => fs.symlinkSync(base, dirname(at))), "PathRefused"],
  ["removes it", (at) => fs.rmSync(at), "ArtifactMissing"],
  ["removes its folder", (at) => fs.rmSync(dirname(at), { recursive: true }), "ArtifactMissing"],
]
/** What is no plain file at a sealed place is as good as nothing: the place is ours, and no caller named it. */
const atSeal = (tag: string) => (tag === "PathRefused" ? "ArtifactMissing" : tag)

const written = Effect.gen(function* () {
  const plane = yield* DataPlane
  return yield* plane.write(key, path, yield* plane.build(key, content))
})
const sealed = Effect.gen(function* () {
  const plane = yield* DataPlane
  const read: StoredArtifact = yield* plane.readBack(key, yield* written)
  yield* plane.seal(key, read)
  return read
})
const plane = DataPlane

describe("between two hops somebody", () => {
  it.each(changes)(
    "[W-04] %s: what was sealed is not delivered, and the destination stays as it was",
    async (_, change, tag) => {
      const { root, run, sealed: at } = fresh()
      const [none, some] = [join(root, "out", "new"), join(root, "out", "old")]
      fs.mkdirSync(join(root, "out"))
      fs.writeFileSync(some, "from before")
      const released: Array<Uint8Array> = []
      const errors = await run(
        Effect.gen(function* () {
          const artifact = { ...(yield* sealed), schemaId: "any" }
          change(at(artifact))
          const sink = (chunk: Uint8Array) => Effect.sync(() => void released.push(chunk))
          return [
            yield* Effect.flip((yield* plane).deliver(artifact, { file: none })),
            yield* Effect.flip((yield* plane).deliver(artifact, { file: some })),
            yield* Effect.flip((yield* plane).deliver(artifact, { sink })),
            yield* Effect.flip((yield* plane).withSealed(artifact, () => Effect.die("it was asked"))),
          ]
        }),
      )
      expect(errors.map(({ _tag }) => _tag)).toEqual(errors.map(() => atSeal(tag)))
      expect(released).toEqual([])
      expect(fs.readdirSync(join(root, "out"))).toEqual(["old"])
      expect(fs.readFileSync(some, "utf8")).toBe("from before")
    },
  )

  it.each(changes.slice(0, 4))(
    "%s: a seal that was damaged is made again from what was read back",
    async (_, change) => {
      const { root, run, sealed: at } = fresh()
      const out = join(root, "out", "report")
      await run(
        Effect.gen(function* () {
          const artifact = { ...(yield* sealed), schemaId: "any" }
          change(at(artifact))
          yield* (yield* plane).seal(key, artifact)
          yield* (yield* plane).deliver(artifact, { file: out })
        }),
      )
      expect(fs.readFileSync(out, "utf8")).toBe(content)
    },
  )

  it.each([
    ["gives the seal a second name", (at: string, aside: string) => fs.linkSync(at, aside)],
    ["makes the seal writable", (at: string) => fs.chmodSync(at, 0o600)],
  ])("%s: it is made anew, out of their hands", async (_, change) => {
    const { root, run, sealed: at } = fresh()
    const out = join(root, "out", "report")
    const links = await run(
      Effect.gen(function* () {
        const artifact = { ...(yield* sealed), schemaId: "any" }
        change(at(artifact), join(root, "mine"))
        const { ino } = fs.statSync(at(artifact))
        yield* (yield* plane).seal(key, artifact)
        const { ino: anew, mode, nlink } = fs.statSync(at(artifact))
        if (fs.existsSync(join(root, "mine"))) overwrite(join(root, "mine"), "other bytes")
        yield* (yield* plane).deliver(artifact, { file: out })
        return [ino === anew, mode & 0o777, nlink]
      }),
    )
    expect(links).toEqual([false, 0o400, 1])
    expect(fs.readFileSync(out, "utf8")).toBe(content)
  })

  it("[W-01] puts 14 other bytes where 24 were written: they are not read back, and there is no metadata of them", async () => {
    const { artifact, run } = fresh()
    const error = await run(
      Effect.gen(function* () {
        const { build, readBack, write } = yield* plane
        const stored = yield* write(key, path, yield* build(key, "x".repeat(24)))
        overwrite(artifact, content)
        return yield* Effect.flip(readBack(key, stored))
      }),
    )
    expect(error).toMatchObject({
      _tag: "BytesDiffer",
      hop: "readback",
      expected: { bytes: 24 },
      actual: { bytes: 14 },
    })
    expect(failureOf(error)).toEqual(failures.readback_mismatch)
  })

  it("[W-20] says another reference than the place's own: the place's own is answered", async () => {
    const { run } = fresh()
    const refs = await run(
      Effect.gen(function* () {
        const { build, readBack, write } = yield* plane
        const stored = yield* write(key, path, yield* build(key, content))
        const read = yield* readBack(key, { ...stored, artifactRef: "artifact:another:1:run" })
        return [stored.artifactRef, read.artifactRef]
      }),
    )
    expect(refs).toEqual(Array(2).fill(artifactRef(key, path)))
  })

  it("puts a folder where the artifact goes: it is not written", async () => {
    const { artifact, run } = fresh()
    fs.mkdirSync(artifact, { recursive: true })
    expect(await run(Effect.flip(written))).toMatchObject({ _tag: "PathRefused", hop: "write" })
    expect(fs.readdirSync(dirname(artifact))).toEqual([basename(artifact)])
  })
})

describe("a path that leads outside", () => {
  const bad = ["..", "../x", "a/../../x", "a//x", "a\\..\\x", "C:x", "a\0b", "./a", "//etc/passwd", "x".repeat(1025)]
  it.each(bad)("[W-20] %j is refused for seed, candidate and artifact, and makes nothing", async (path) => {
    const { root, run } = fresh()
    const errors = await run(
      Effect.gen(function* () {
        const built = yield* (yield* plane).build(key, content)
        return yield* Effect.all([
          Effect.flip((yield* plane).writeSeed(key.runId, path, new Uint8Array())),
          Effect.flip((yield* plane).candidate(key.runId, path)),
          Effect.flip((yield* plane).write(key, path, built)),
        ])
      }).pipe(Effect.scoped),
    )
    expect(errors.map(({ _tag }) => _tag)).toEqual(["PathRefused", "PathRefused", "PathRefused"])
    expect(fs.readdirSync(root).filter((area) => area !== "unfinished")).toEqual(["staging"])
  })

  it("a leading slash means the workspace, never the host", async () => {
    const { root, run } = fresh()
    await run(
      Effect.flatMap(plane, (plane) => plane.writeSeed(key.runId, "/etc/passwd", new TextEncoder().encode("mine"))),
    )
    expect(fs.readFileSync(join(root, "workspaces", "run", "etc", "passwd"), "utf8")).toBe("mine")
  })

  it("[W-21] a link in the workspace leads nowhere: neither as a folder nor as the file", async () => {
    const { root, run } = fresh()
    const workspace = join(root, "workspaces", "run")
    const elsewhere = fs.mkdtempSync(join(base, "elsewhere-"))
    fs.writeFileSync(join(elsewhere, "x"), "untouched")
    fs.mkdirSync(workspace, { recursive: true })
    fs.symlinkSync(elsewhere, join(workspace, "folder"))
    fs.symlinkSync(join(elsewhere, "x"), join(workspace, "file"))
    execFileSync("mkfifo", [join(workspace, "pipe")])
    const errors = await run(
      Effect.gen(function* () {
        const { candidate, writeSeed } = yield* plane
        const seed = (path: string) => Effect.flip(writeSeed(key.runId, path, new Uint8Array([1])))
        const look = (path: string) => Effect.flip(candidate(key.runId, path))
        return yield* Effect.all([
          ...["folder/x", "folder/new/x", "file", "pipe"].map(seed),
          ...["folder/x", "file", "pipe"].map(look),
        ])
      }).pipe(Effect.scoped),
    )
    expect(new Set(errors.map(({ _tag }) => _tag))).toEqual(new Set(["PathRefused"]))
    expect(fs.readdirSync(elsewhere)).toEqual(["x"])
    expect(fs.readFileSync(join(elsewhere, "x"), "utf8")).toBe("untouched")
  })

  it("a candidate that is renamed, replaced or removed once it is open is still the one that was opened", async () => {
    const { root, run } = fresh()
    const at = join(root, "workspaces", "run", "left.txt")
    const [bytes, digestOfIt] = await run(
      Effect.gen(function* () {
        const { build, candidate, writeSeed } = yield* plane
        yield* writeSeed(key.runId, "left.txt", new TextEncoder().encode(content))
        const left = yield* candidate(key.runId, "left.txt")
        replace(at, () => fs.symlinkSync(outside, at))
        return [left.bytes, (yield* build(key, left.stream)).sha256] as const
      }).pipe(Effect.scoped),
    )
    expect([bytes, digestOfIt]).toEqual([content.length, digest])
  })
})

it.each(["write", "flush", "chmod"] as const)(
  "[W-04] a delivery that is changed between its %s and its renaming does not get its name",
  async (when) => {
    const root = fs.mkdtempSync(join(base, "root-"))
    const target = join(root, "out", "report")
    const files = layerFaultyFiles(layerNodeFiles, (operation, path) => {
      // The next operation on the file: what `when` did is done.
      if (isWritten && path.includes(".waybill-tmp-") && operation !== "rename") {
        isWritten = false
        overwrite(path, "the very bytez")
      }
      if (path.includes(".waybill-tmp-") && operation === when) isWritten = true
      return undefined
    })
    let isWritten = false
    const error = await Effect.runPromise(
      Effect.gen(function* () {
        const artifact = { ...(yield* sealed), schemaId: "any" }
        return yield* Effect.flip((yield* plane).deliver(artifact, { file: target }))
      }).pipe(Effect.provide(layerDataPlane({ root }).pipe(Layer.provide(Layer.mergeAll(files, layerNodeEntropy))))),
    )
    expect(error).toMatchObject({ _tag: "BytesDiffer", hop: "deliver" })
    expect(fs.readdirSync(join(root, "out"))).toEqual([])
  },
)

const meddling: ReadonlyArray<readonly [string, (path: string, bytes: string) => void]> = [
  ["written to", (path, bytes) => overwrite(path, bytes)],
  ["exchanged", (path, bytes) => replace(path, () => fs.writeFileSync(path, bytes))],
]
/** Until a change can be told from one before it: the kernel's clock goes in steps. */
const nextStep = () => {
  for (const until = performance.now() + 12; performance.now() < until;);
}

describe.each(meddling)("[W-04] a delivery that is %s after it was read back gets no receipt", (_, meddle) => {
  it.each(["once it is read", "right before its renaming", "right after its renaming"] as const)("%s", async (when) => {
    const root = fs.mkdtempSync(join(base, "root-"))
    const target = join(root, "out", "report")
    let isRead = false
    let isRenamed = false
    let isDone = false
    const files = layerFaultyFiles(layerNodeFiles, (operation, path) => {
      const isDraft = path.includes(".waybill-tmp-")
      const isNow = {
        "once it is read": isRead && operation === "info",
        "right before its renaming": isDraft && operation === "rename",
        "right after its renaming": isRenamed,
      }[when]
      if (isNow && !isDone) {
        isDone = true
        nextStep()
        meddle(isRenamed ? target : path, "the very bytez")
      }
      isRead ||= isDraft && operation === "read"
      isRenamed ||= isDraft && operation === "rename"
      return undefined
    })
    const error = await Effect.runPromise(
      Effect.gen(function* () {
        const artifact = { ...(yield* sealed), schemaId: "any" }
        return yield* Effect.flip((yield* plane).deliver(artifact, { file: target }))
      }).pipe(Effect.provide(layerDataPlane({ root }).pipe(Layer.provide(Layer.mergeAll(files, layerNodeEntropy))))),
    )
    expect(isDone).toBe(true)
    expect(error).toMatchObject({ _tag: "BytesDiffer", hop: "deliver", meddledWith: target })
    expect(error.message).toContain("not delivered")
    // Whose file it is that was put there in the last moment cannot be known: it stays, and the delivery has failed.
    const isForeign = meddle !== meddling[0]?.[1] && when !== "once it is read"
    expect(fs.readdirSync(join(root, "out"))).toEqual(isForeign ? ["report"] : [])
  })
})
