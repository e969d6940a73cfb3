/** Deliveries that somebody meddles with, and destinations that the disk does not show. */
import { layerFaultyFiles, layerNodeEntropy, makeMemoryFiles } from "@waybill/host"
import { Effect, Layer } from "effect"
import { describe, expect, it } from "vitest"
import { DataPlane, layerDataPlane } from "../src/index.ts"
import { digestOf } from "./support/everyCall.ts"
import { sealing } from "./support/sealing.ts"

const key = { runId: "run", attempt: 1 }
const target = "/out/report.bin"
type Disk = ReturnType<typeof makeMemoryFiles>["disk"]

/** Delivers; `meddle` is asked before each operation of the delivery, and may refuse it with an errno. */
const deliver = async (
  content: Uint8Array,
  meddle: (disk: Disk, operation: string, path: string) => string | undefined,
) => {
  const { disk, layer } = makeMemoryFiles()
  let isDelivering = false
  const faulty = layerFaultyFiles(layer, (operation, path) => {
    const code = isDelivering ? meddle(disk, operation, path) : undefined
    return code === undefined ? undefined : { kind: "fail", code }
  })
  const result = await Effect.runPromise(
    Effect.gen(function* () {
      const { read } = yield* sealing(key, "a", content)
      isDelivering = true
      return yield* Effect.result((yield* DataPlane).deliver({ ...read, schemaId: "any" }, { file: target }))
    }).pipe(
      Effect.provide(layerDataPlane({ root: "/data" }).pipe(Layer.provide(Layer.mergeAll(faulty, layerNodeEntropy)))),
    ),
  )
  return { disk, result }
}

const content = Buffer.from("the very bytes")
const isDraft = (path: string) => path.includes("/.waybill-tmp-")

/** Once, when the draft was read to its end. */
const onceRead = (meddle: (disk: Disk, path: string) => void) => {
  let isRead = false
  let isDone = false
  return (disk: Disk, operation: string, path: string) => {
    if (isRead && !isDone && operation === "info") {
      isDone = true
      meddle(disk, path)
    }
    isRead ||= isDraft(path) && operation === "read"
    return undefined
  }
}
/** Once, when the file has its name. */
const onceNamed = (meddle: (disk: Disk) => void) => {
  let isRenamed = false
  let isDone = false
  return (disk: Disk, operation: string, path: string) => {
    if (isRenamed && !isDone) {
      isDone = true
      meddle(disk)
    }
    isRenamed ||= isDraft(path) && operation === "rename"
    return undefined
  }
}

describe("[W-04] a delivery that somebody meddled with gets no receipt", () => {
  const failure = (bytes: Uint8Array, found: Uint8Array) => ({
    failure: {
      _tag: "BytesDiffer",
      hop: "deliver",
      expected: digestOf(bytes),
      actual: { bytes: found.byteLength },
      meddledWith: target,
    },
  })
  const [sameLength, longer, none] = [Buffer.from("the very bytez"), Buffer.from("the very bytes!"), Buffer.alloc(0)]

  it.each([
    ["written to", sameLength],
    ["made longer", longer],
    ["emptied", none],
  ])("where it was %s before it had its name; nothing bears it then", async (_, other) => {
    const { disk, result } = await deliver(
      content,
      onceRead((disk, path) => disk.overwrite(path, other)),
    )
    expect(result).toMatchObject(failure(content, other))
    expect(disk.files("/out")).toEqual([])
  })

  it.each([longer, none])("where its length changed once it had its name; it is taken away again", async (other) => {
    const { disk, result } = await deliver(
      content,
      onceNamed((disk) => disk.overwrite(target, other)),
    )
    expect(result).toMatchObject(failure(content, other))
    expect(disk.files("/out")).toEqual([])
    disk.crash()
    expect(disk.files("/out")).toEqual([])
  })

  it("where another file took its name, which stays, for nobody knows whose it is", async () => {
    const { disk, result } = await deliver(
      none,
      onceNamed((disk) => disk.plant(target, none)),
    )
    expect(result).toMatchObject(failure(none, none))
    expect(disk.files("/out")).toEqual([target])
  })
})

describe("a destination whose folder cannot be looked at", () => {
  it("is not taken for one that is not there yet", async () => {
    let isRefused = false
    const { disk, result } = await deliver(content, (_, operation, path) => {
      if (isRefused || operation !== "open" || path !== "/out") return undefined
      isRefused = true
      return "EACCES"
    })
    expect([isRefused, result._tag]).toEqual([true, "Failure"])
    expect(result).toMatchObject({ failure: { _tag: "StorageFailed", hop: "deliver", cause: { code: "EACCES" } } })
    expect(disk.files("/out")).toEqual([])
  })

  it.each(["ENOTDIR", "EEXIST"])("because it is none (%s) is refused in words", async (code) => {
    const { result } = await deliver(content, (_, operation, path) =>
      operation === "open" && path === "/out" ? code : undefined,
    )
    expect(result).toMatchObject({
      failure: { _tag: "DestinationRefused", path: target, reason: "leads through something that is no folder" },
    })
  })
})
