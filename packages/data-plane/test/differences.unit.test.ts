/** Other bytes than the hop before had: what is said of both, wherever and whenever they were changed. */
import { describe, expect, it } from "vitest"
import { chunk_bytes } from "../src/index.ts"
import { attempt, digestOf, everyCall, path, sceneFor } from "./support/everyCall.ts"

const named = (name: string) => {
  const call = everyCall.find((call) => call.name === name)
  if (call === undefined) throw new Error(`there is no call ${name}`)
  return call
}
const content = Buffer.from("the very bytes")
const sameLength = Buffer.from("the very bytez")
const longer = Buffer.from("the very bytes!")

describe.each([
  ["write", "write", "built"],
  ["readBack", "readback", "stored"],
  ["seal", "seal", "stored"],
  ["withSealed", "verify", "sealed"],
  ["deliver to a file", "deliver", "sealed"],
  ["deliver to a sink", "deliver", "sealed"],
] as const)("%s", (name, hop, place) => {
  it.each([
    ["of the same length", sameLength],
    ["that are longer", longer],
    ["that are fewer", Buffer.from("bytes")],
    ["that are none", Buffer.alloc(0)],
  ])("ends in what was expected and what was found, for bytes %s", async (_, found) => {
    const scene = sceneFor(named(name), content)
    await scene.prepare()
    scene.disk.overwrite(scene.places[place], found)
    // A length that differs says enough where one look at the file tells it.
    const isMeasured = hop === "readback" && found.byteLength !== content.byteLength
    const result = await scene.run()
    expect(result).toMatchObject({ failure: { _tag: "BytesDiffer", hop, expected: digestOf(content) } })
    if (result._tag === "Failure" && result.failure._tag === "BytesDiffer") {
      expect(result.failure.expected).toEqual(digestOf(content))
      expect(result.failure.actual).toEqual(isMeasured ? { bytes: found.byteLength } : digestOf(found))
    }
  })
})

describe("an earlier build", () => {
  const has = async (change: (scene: ReturnType<typeof sceneFor>) => void) => {
    const scene = sceneFor(named("hasBuilt"), content)
    await scene.prepare()
    change(scene)
    return scene.run()
  }
  it("is there while it has the same bytes", async () => {
    expect(await has(() => undefined)).toMatchObject({ success: true })
  })

  it.each([sameLength, longer])("is not there once it has others", async (other) => {
    expect(await has(({ disk, places }) => disk.overwrite(places.built, other))).toMatchObject({ success: false })
    expect(await has(({ disk, places }) => disk.remove(places.built))).toMatchObject({ success: false })
  })

  it("of the same digest and another length is no such build", async () => {
    const asked = { ...named("hasBuilt") }
    const scene = sceneFor(
      { ...asked, run: (plane) => plane.hasBuilt(attempt, { ...digestOf(content), bytes: 1 }) },
      content,
    )
    await scene.prepare()
    expect(await scene.run()).toMatchObject({ success: false })
  })
})

describe("bytes that are changed after they were hashed as a whole", () => {
  const large = Buffer.alloc(2 * chunk_bytes + 5, 7)
  const changed = (at: number) => {
    const other = Buffer.from(large)
    other[at] = 8
    return other
  }
  /** Changes the file once it has been read through, which takes so many reads. */
  const changing = async (name: string, isIt: (path: string) => boolean, other: Uint8Array, passes = 1) => {
    const scene = sceneFor(named(name), large)
    await scene.prepare()
    let reads = 0
    // Two full chunks, one that is not, and the end behind it.
    return scene.run((operation, path) => {
      if (operation === "read" && isIt(path) && ++reads === passes * 4 + 1) scene.disk.overwrite(path, other)
      return undefined
    })
  }
  const isSealed = (path: string) => path.startsWith("/data/sealed/")
  const isCopy = (path: string) => path.startsWith("/data/unfinished/")

  it.each([
    ["in the first chunk", 0, chunk_bytes],
    ["in the second chunk", chunk_bytes, 2 * chunk_bytes],
    ["in the last byte", 2 * chunk_bytes + 4, 2 * chunk_bytes + 5],
  ])("are let go by nobody from there on: %s", async (_, at, bytes) => {
    const expected = digestOf(large)
    expect(await changing("deliver to a sink", isSealed, changed(at))).toMatchObject({
      failure: { _tag: "BytesDiffer", hop: "deliver", expected, actual: { bytes } },
    })
    expect(await changing("withSealed", isCopy, changed(at))).toMatchObject({
      failure: { _tag: "BytesDiffer", hop: "verify", expected, actual: { bytes } },
    })
  })

  it("and end at the end of a chunk now, are not delivered as a whole", async () => {
    expect(await changing("deliver to a sink", isSealed, large.subarray(0, 2 * chunk_bytes))).toMatchObject({
      failure: { _tag: "BytesDiffer", hop: "deliver", expected: digestOf(large), actual: { bytes: 2 * chunk_bytes } },
    })
  })
})

it("a delivery's receipt says what was delivered, in how many chunks, and where", async () => {
  for (const [bytes, chunks] of [
    [0, 0],
    [1, 1],
    [chunk_bytes, 1],
    [chunk_bytes + 1, 2],
  ] as const) {
    const some = Buffer.alloc(bytes, 1)
    const receipt = { artifactRef: "artifact:run:1:x", ...digestOf(some), chunks }
    const [file, sink] = [sceneFor(named("deliver to a file"), some), sceneFor(named("deliver to a sink"), some)]
    await Promise.all([file.prepare(), sink.prepare()])
    expect(await file.run()).toMatchObject({ success: { ...receipt, destination: "/out/report.bin" } })
    expect(await sink.run()).toMatchObject({ success: [{ ...receipt, destination: "sink" }, digestOf(some)] })
  }
})

it("what was written and read back has the reference of its own run, attempt and path", async () => {
  for (const name of ["write", "readBack"]) {
    const scene = sceneFor(named(name), content)
    await scene.prepare()
    expect(await scene.run()).toEqual(
      expect.objectContaining({
        success: { artifactRef: "artifact:run:1:out%2Freport.bin", path, ...digestOf(content) },
      }),
    )
  }
})
