/** Writing, reading back, sealing and handing over: what stands already, and what the disk says of it. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { Call, DataPlane, Handed } from "../src/index.ts"
import { type EveryCall, everyCall, digestOf, sceneFor } from "./support/everyCall.ts"

const content = Buffer.from("the very bytes")
const named = (name: string, change: Partial<EveryCall> = {}): EveryCall => {
  const call = everyCall.find((call) => call.name === name)
  if (call === undefined) throw new Error(`there is no call ${name}`)
  return { ...call, ...change }
}
const ready = async (call: EveryCall) => {
  const scene = sceneFor(call, content)
  await scene.prepare()
  return scene
}
const sealAgain = named("seal", { after: "sealed" })

describe("sealing what is sealed", () => {
  it("writes nothing, and makes sure that the seal's name lasts", async () => {
    const scene = await ready(sealAgain)
    const done: Array<string> = []
    expect(
      await scene.run((operation, path) => {
        if (["write", "rename", "chmod", "unlink", "flush"].includes(operation)) done.push(`${operation} ${path}`)
        return undefined
      }),
    ).toMatchObject({ _tag: "Success" })
    expect(done).toEqual([`flush ${scene.places.sealed.slice(0, scene.places.sealed.lastIndexOf("/"))}`])
  })

  it.each(["open", "info", "read", "flush"])(
    "fails with the disk where it cannot be looked at: %s",
    async (refused) => {
      const scene = await ready(sealAgain)
      const result = await scene.run((operation, path) =>
        operation === refused && path.startsWith("/data/sealed/sha256/") ? { kind: "fail", code: "EIO" } : undefined,
      )
      expect(result).toMatchObject({ failure: { _tag: "StorageFailed", hop: "seal", cause: { operation: refused } } })
    },
  )

  it.each([
    ["another's bytes of the same length", "the very bytez"],
    ["a part of it", "the very"],
    ["nothing", ""],
  ])("makes it anew where it holds %s", async (_, text) => {
    const scene = await ready(sealAgain)
    scene.disk.overwrite(scene.places.sealed, Buffer.from(text))
    expect(await scene.run()).toMatchObject({ _tag: "Success" })
    expect(digestOf(scene.disk.bytes(scene.places.sealed) ?? Buffer.alloc(0))).toEqual(digestOf(content))
  })
})

describe("a seal whose place is taken by what a file cannot replace", () => {
  const refusal = async (what: "directory" | "file", at: (sealed: string) => string) => {
    const scene = await ready(sealAgain)
    const path = at(scene.places.sealed)
    scene.disk.remove(path)
    scene.disk.plant(path, what === "file" ? Buffer.of(1) : what)
    return [await scene.run(), scene.places.sealed] as const
  }
  const parentOf = (path: string) => path.slice(0, path.lastIndexOf("/"))

  it.each([
    ["a folder bears its name", "directory", (sealed: string) => sealed, "EISDIR"],
    ["a file bears the name of its folder", "file", parentOf, "ENOTDIR"],
    ["a file bears the name of its folder's folder", "file", (sealed: string) => parentOf(parentOf(sealed)), "ENOTDIR"],
  ] as const)("is refused, and the place is named: %s", async (_, what, at, code) => {
    const [result, path] = await refusal(what, at)
    const reason = `it leads to something that is no plain file (${code})`
    expect(result).toMatchObject({ failure: { _tag: "PathRefused", hop: "seal", path, reason } })
  })

  it("and what else the disk refuses of the seal is the disk's word", async () => {
    for (const [operation, code] of [
      ["rename", "EIO"],
      ["write", "EISDIR"],
    ] as const) {
      const scene = await ready(named("seal"))
      const result = await scene.run((now, path) =>
        now === operation && path.startsWith("/data/unfinished/") ? { kind: "fail", code } : undefined,
      )
      expect(result).toMatchObject({ failure: { _tag: "StorageFailed", hop: "seal", cause: { operation, code } } })
    }
  })
})

describe("an artifact whose place is taken", () => {
  const written = async (operation: string, code: string) => {
    const scene = await ready(named("write"))
    return scene.run((now, path) =>
      now === operation && path.startsWith("/data/unfinished/") ? { kind: "fail", code } : undefined,
    )
  }
  it("by what a file cannot replace is refused; what else the disk refuses of the file is the disk's word", async () => {
    expect(await written("rename", "EISDIR")).toMatchObject({
      failure: {
        _tag: "PathRefused",
        hop: "write",
        path: "out/report.bin",
        reason: "it leads to something that is no plain file (EISDIR)",
      },
    })
    for (const [operation, code] of [
      ["rename", "ENOENT"],
      ["rename", "EIO"],
      ["write", "EINVAL"],
      ["flush", "EINVAL"],
      ["chmod", "EINVAL"],
    ] as const)
      expect(await written(operation, code)).toMatchObject({
        failure: { _tag: "StorageFailed", hop: "write", cause: { operation, code } },
      })
  })
})

it("an artifact that has got a second name is not read back: somebody else can write to it", async () => {
  const scene = await ready(named("readBack"))
  scene.disk.hardLink(scene.places.stored, "/mine")
  expect(await scene.run()).toMatchObject({
    failure: { _tag: "PathRefused", hop: "readback", path: "out/report.bin", reason: "the file has 2 names" },
  })
})

describe("what a verifier is handed", () => {
  const withSealed = (
    path: string,
    use: (handed: Handed, plane: DataPlane["Service"]) => Effect.Effect<unknown>,
    bounds?: Call,
  ) =>
    named("withSealed", {
      run: (plane) =>
        plane.withSealed(
          { artifactRef: "artifact:run:1:x", path, ...digestOf(content) },
          (handed) => use(handed, plane),
          bounds,
        ),
    })

  it.each([
    ["report.bin", "report.bin"],
    ["out/report.bin", "report.bin"],
    ["a/b/c/d.txt", "d.txt"],
  ])("bears the file name of %s", async (path, name) => {
    const scene = await ready(withSealed(path, (handed) => Effect.succeed(handed.path.split("/").at(-1))))
    expect(await scene.run()).toMatchObject({ success: name })
  })

  it("is said to be changed with what was expected and what is there now", async () => {
    for (const [change, found] of [
      ["the very bytez", { ...digestOf(Buffer.from("the very bytez")) }],
      ["other", { bytes: 5 }],
    ] as const) {
      const scene = await ready(
        withSealed("a", ({ path }) => Effect.sync(() => scene.disk.overwrite(path, Buffer.from(change)))),
      )
      expect(await scene.run()).toEqual(
        expect.objectContaining({
          failure: expect.objectContaining({
            _tag: "BytesDiffer",
            hop: "verify",
            expected: digestOf(content),
            actual: found,
          }),
        }),
      )
    }
  })

  it("is said to be another file where one was put in its place, and to be gone where it is", async () => {
    const exchanged = await ready(
      withSealed("a", ({ path }) => Effect.sync(() => exchanged.disk.plant(path, Buffer.from("other")))),
    )
    expect(await exchanged.run()).toMatchObject({
      failure: { _tag: "BytesDiffer", hop: "verify", expected: digestOf(content), actual: { bytes: 5 } },
    })
    const gone = await ready(withSealed("a/b", ({ path }) => Effect.sync(() => gone.disk.remove(path))))
    expect(await gone.run()).toMatchObject({ failure: { _tag: "ArtifactMissing", hop: "verify", path: "a/b" } })
  })

  it("is said to be touched where it has the same bytes again", async () => {
    const scene = await ready(
      withSealed("a/b", ({ path }) =>
        Effect.sync(() => {
          scene.disk.overwrite(path, Buffer.from("the very bytez"))
          scene.disk.overwrite(path, content)
        }),
      ),
    )
    expect(await scene.run()).toMatchObject({ failure: { _tag: "CopyTouched", path: "a/b" } })
  })

  it("counts only while the seal still holds the same", async () => {
    for (const [change, failure] of [
      ["the very bytez", { _tag: "BytesDiffer", actual: digestOf(Buffer.from("the very bytez")) }],
      ["other", { _tag: "BytesDiffer", actual: { bytes: 5 } }],
      [undefined, { _tag: "ArtifactMissing", path: "a/b" }],
    ] as const) {
      const scene = await ready(
        withSealed("a/b", () =>
          Effect.sync(() =>
            change === undefined
              ? scene.disk.remove(scene.places.sealed)
              : scene.disk.overwrite(scene.places.sealed, Buffer.from(change)),
          ),
        ),
      )
      expect(await scene.run()).toMatchObject({ failure: { ...failure, hop: "verify" } })
    }
  })
})
