/** Declarations, agents and builders that mean it no good, or do not know better. */
import { failures, refusePath } from "@waybill/workspace-job"
import { layerNodeEntropy, layerNodeFiles, makeMemoryFiles } from "@waybill/host"
import { Effect, Layer, Stream } from "effect"
import fc from "fast-check"
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import fs from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { chunk_bytes, DataPlane, type DataPlaneError, failureOf, layerDataPlane } from "../src/index.ts"
import { sealing } from "./support/sealing.ts"

const base = fs.mkdtempSync(join(tmpdir(), "waybill-hostile-"))
afterAll(() => fs.rmSync(base, { recursive: true, force: true }))

const key = { runId: "run", attempt: 1 }
const digest = (bytes: Uint8Array | string) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`
const content = new TextEncoder().encode("the very bytes")

const fresh = (bytes_max = 8 * chunk_bytes) => {
  const folder = fs.mkdtempSync(join(base, "root-"))
  const root = join(folder, "root")
  const layer = layerDataPlane({ root, bytes_max }).pipe(
    Layer.provide(Layer.mergeAll(layerNodeFiles, layerNodeEntropy)),
  )
  return {
    root,
    workspace: join(root, "workspaces", "run"),
    run: <A, E>(effect: Effect.Effect<A, E, DataPlane>) => Effect.runPromise(Effect.provide(effect, layer)),
    /** Every file below the folder that the root lies in, but what the data plane keeps for itself. */
    files: () =>
      fs
        .readdirSync(folder, { recursive: true, withFileTypes: true, encoding: "utf8" })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => `${entry.parentPath}/${entry.name}`)
        .filter((path) => !path.startsWith(join(root, "unfinished"))),
  }
}
const seed = (path: string, bytes = content) =>
  Effect.flatMap(DataPlane, (plane) => plane.writeSeed("run", path, bytes))
const look = (path: string) =>
  Effect.flatMap(DataPlane, (plane) =>
    Effect.scoped(Effect.flatMap(plane.candidate("run", path), ({ stream }) => Stream.runCollect(stream))),
  ).pipe(Effect.map((chunks) => Buffer.concat(chunks)))

describe("a path", () => {
  // Two dots, slashes and nothing at all, as Unicode can write them once somebody normalises or folds.
  const fragments = [
    "a",
    ".",
    "..",
    "/",
    "//",
    "\\",
    "\0",
    "\u2025",
    "\u2024\u2024",
    "\uff0e\uff0e",
    "\uff0f",
    "\u2215",
    "\u2044",
    "%2e%2e",
    "%2f",
    "\u0065\u0301",
    "\u00e9",
    "\ufeff",
    "\u200b",
    "\u202e",
    "~",
    "C:",
    " ",
    "\n",
    "\u0085",
    "\ud800",
    "\u{1f4a9}",
    "-rf",
    ".git",
  ]
  const path = fc.array(fc.constantFrom(...fragments), { minLength: 1, maxLength: 8 }).map((parts) => parts.join(""))

  it("[W-20] of any kind is refused and makes nothing, or names one file below the workspace, byte for byte", () =>
    fc.assert(
      fc.asyncProperty(path, async (path) => {
        const { files, run, workspace } = fresh()
        const result = await run(Effect.result(seed(path)))
        if (refusePath(path) !== undefined) {
          expect(result).toMatchObject({ failure: { _tag: "PathRefused" } })
          expect(files()).toEqual([])
          return
        }
        expect(result._tag).toBe("Success")
        // Joined by hand: the library's own join would tidy the path up.
        expect(files()).toEqual([`${workspace}/${path.startsWith("/") ? path.slice(1) : path}`])
        expect(await run(look(path))).toEqual(Buffer.from(content))
      }),
      { numRuns: 60 },
    ))

  it("in another Unicode form is another path", async () => {
    const { run } = fresh()
    const [composed, decomposed] = ["caf\u00e9", "cafe\u0301"]
    expect(composed.normalize("NFD")).toBe(decomposed)
    const error = await run(Effect.andThen(seed(composed), Effect.flip(look(decomposed))))
    expect(error._tag).toBe("CandidateMissing")
  })

  it("of the greatest length is taken, one byte more is refused, and so is a segment that the disk refuses", async () => {
    const { run } = fresh()
    const deep = `${"d/".repeat(510)}1234`
    const umlauts = `${"ü".repeat(127)}/`.repeat(4)
    expect([deep.length, Buffer.byteLength(umlauts)]).toEqual([1024, 1020])
    await run(seed(deep))
    await run(seed(`${umlauts}1234`))
    expect(await run(look(deep))).toEqual(Buffer.from(content))
    const errors = await run(
      Effect.all([
        Effect.flip(seed(`${deep}5`)),
        Effect.flip(seed(`${umlauts}12345`)),
        Effect.flip(seed("s".repeat(256))),
        Effect.flip(seed(`${"s".repeat(256)}/x`)),
        Effect.flip(look("s".repeat(256))),
      ]),
    )
    expect(errors.map(({ _tag }) => _tag)).toEqual(Array(5).fill("PathRefused"))
  })

  it("[W-21] with .. behind a link, and one that leads to a link out of the workspace, go nowhere", async () => {
    const { run, workspace } = fresh()
    const outside = fs.mkdtempSync(join(base, "outside-"))
    fs.mkdirSync(join(outside, "inner"))
    fs.writeFileSync(join(outside, "secret"), "secret")
    fs.mkdirSync(workspace, { recursive: true })
    fs.symlinkSync(join(outside, "inner"), join(workspace, "link"))
    fs.symlinkSync("/dev/zero", join(workspace, "zero"))
    const paths = ["link/../secret", "link/secret", "link", "zero", "link/../../run/x"]
    const errors = await run(Effect.all(paths.flatMap((path) => [Effect.flip(look(path)), Effect.flip(seed(path))])))
    expect(new Set(errors.map(({ _tag }) => _tag))).toEqual(new Set(["PathRefused"]))
    expect(new Set(fs.readdirSync(outside, { recursive: true, encoding: "utf8" }))).toEqual(
      new Set(["inner", "secret"]),
    )
  })
})

describe("a candidate", () => {
  it("that is no plain file is refused and never waited for; one that is not there is missing", async () => {
    const { run, workspace } = fresh()
    fs.mkdirSync(join(workspace, "folder"), { recursive: true })
    execFileSync("mkfifo", [join(workspace, "fifo")])
    fs.symlinkSync("folder", join(workspace, "link"))
    fs.symlinkSync("nowhere", join(workspace, "dangling"))
    const server = createServer().listen(join(workspace, "socket"))
    await new Promise((resolve) => server.once("listening", resolve))
    const names = ["folder", "fifo", "link", "dangling", "socket", "nothing", "nothing/below", "fifo/below"]
    const errors = await run(Effect.all(names.map((name) => Effect.flip(look(name)))))
    server.close()
    const codes = errors.map((error) => failureOf(error as DataPlaneError).code)
    const { candidate_missing, path_refused } = failures
    expect(codes).toEqual([
      ...Array(5).fill(path_refused.code),
      ...Array(2).fill(candidate_missing.code),
      path_refused.code,
    ])
  })
})

describe("seeds that overlap", () => {
  it.each([
    ["a file below a file", ["a", "a/b"], ["a"]],
    ["a file in a folder's place", ["a/b", "a"], ["a/b"]],
  ])("%s: the second is refused, the first stays", async (_, [first = "", second = ""], left) => {
    const { files, run, workspace } = fresh()
    await run(seed(first))
    const error = await run(Effect.flip(seed(second, new Uint8Array(3))))
    expect(error._tag).toBe("PathRefused")
    expect(files()).toEqual(left.map((path) => join(workspace, path)))
    expect(fs.readFileSync(join(workspace, first))).toEqual(Buffer.from(content))
  })

  it("by one name: the later one counts; by two names of one file: each has its own bytes", async () => {
    const { run, workspace } = fresh()
    const other = new TextEncoder().encode("other")
    await run(Effect.andThen(seed("a"), seed("a", other)))
    expect(fs.readFileSync(join(workspace, "a"), "utf8")).toBe("other")
    fs.linkSync(join(workspace, "a"), join(workspace, "b"))
    await run(seed("b"))
    expect(fs.readFileSync(join(workspace, "a"), "utf8")).toBe("other")
    expect(fs.readFileSync(join(workspace, "b"), "utf8")).toBe("the very bytes")
  })
})

describe("a builder", () => {
  const build = <E>(source: string | Uint8Array | Stream.Stream<Uint8Array, E>, deadline_ms = 60_000) =>
    Effect.flatMap(DataPlane, (plane) => plane.build(key, source, { deadline_ms }))
  const piece = new Uint8Array(1000)
  /** What a program without types may hand over. */
  const untyped = (value: unknown) => value as Uint8Array
  const given = () => {
    const bytes = new Uint8Array(8)
    structuredClone(bytes, { transfer: [bytes.buffer] })
    return bytes
  }

  const cases: ReadonlyArray<readonly [string, () => Effect.Effect<unknown, unknown, DataPlane>, unknown]> = [
    ["streams for ever", () => build(Stream.forever(Stream.make(piece))), { _tag: "ArtifactTooLarge" }],
    ["streams nothing for ever", () => build(Stream.never, 20), { _tag: "DeadlineExceeded", hop: "build" }],
    [
      "stops answering midway",
      () => build(Stream.concat(Stream.make(piece), Stream.never), 20),
      { _tag: "DeadlineExceeded", hop: "build" },
    ],
    [
      "streams empty pieces for ever",
      () => build(Stream.forever(Stream.make(new Uint8Array())), 500),
      { _tag: "DeadlineExceeded" },
    ],
    ["fails midway", () => build(Stream.concat(Stream.make(piece), Stream.fail("broken"))), "broken"],
    [
      "has one piece over the limit",
      () => build(Stream.make(new Uint8Array(8 * chunk_bytes + 1))),
      { _tag: "ArtifactTooLarge" },
    ],
    ["streams text", () => build(Stream.make(piece, untyped("123"))), { _tag: "NotBytes", at: 1000 }],
    ["streams plain arrays", () => build(Stream.make(untyped([1, 2, 3]))), { _tag: "NotBytes", at: 0 }],
    ["streams wider numbers", () => build(Stream.make(untyped(new Uint16Array(2)))), { _tag: "NotBytes", at: 0 }],
    ["hands over a whole memory", () => build(untyped(new ArrayBuffer(4))), { _tag: "NotBytes", at: 0 }],
    ["hands over nothing", () => build(untyped(undefined)), { _tag: "NotBytes", at: 0 }],
    ["has given its memory away", () => build(given()), { _tag: "NotBytes", at: 0 }],
    ["streams memory that it gave away", () => build(Stream.make(piece, given())), { _tag: "NotBytes", at: 1000 }],
  ]
  it.each(cases)("that %s ends in its own error, and leaves nothing", async (_, building, expected) => {
    const { files, run } = fresh()
    const error = await run(Effect.flip(building()))
    if (typeof expected === "string") expect(error).toBe(expected)
    else expect(error).toMatchObject(expected as object)
    expect(files()).toEqual([])
  })

  it("that dies midway leaves nothing", async () => {
    const { files, run } = fresh()
    const exit = await run(Effect.exit(build(Stream.concat(Stream.make(piece), Stream.die("killed")))))
    expect(exit._tag).toBe("Failure")
    expect(files()).toEqual([])
  })

  it("[W-05] that changes a large buffer meanwhile gets no build; one that leaves it alone does", async () => {
    const { files, run } = fresh(64 * chunk_bytes)
    const buffer = Buffer.alloc(17 * chunk_bytes, 1)
    const building = run(Effect.result(build(buffer)))
    await Promise.resolve()
    buffer.fill(2, 16 * chunk_bytes)
    const result = await building
    expect(result).toMatchObject({ failure: { _tag: "BytesDiffer", hop: "build" } })
    if (result._tag === "Failure")
      expect(failureOf(result.failure as DataPlaneError)).toEqual(failures.terminal_build_failed)
    expect(files()).toEqual([])
    expect(await run(build(buffer))).toEqual({ sha256: digest(buffer), bytes: buffer.byteLength })
  })

  it("[W-06] of text gets its UTF-8, wherever a long text is cut on the way", async () => {
    const { layer } = makeMemoryFiles()
    const plane = layerDataPlane({ root: "/data" }).pipe(Layer.provide(Layer.mergeAll(layer, layerNodeEntropy)))
    for (const shift of [0, 1, 2]) {
      const text = `${"x".repeat(262_144 - shift)}\u{1f4a9}${"é".repeat(300_000)}\u{1f4a9}`
      const built = await Effect.runPromise(Effect.provide(build(text), plane))
      expect(built).toEqual({ sha256: digest(text), bytes: Buffer.byteLength(text) })
    }
  })
})

describe("a destination", () => {
  it.each(["", "/", ".", "..", "a\0b", "\ud800", "folder", "folder/", "file/x", `${"n".repeat(256)}`])(
    "[W-04] %j that cannot be one is a typed error, and nothing is made",
    async (name) => {
      const { root, run } = fresh()
      const out = join(dirname(root), "out")
      fs.mkdirSync(join(out, "folder"), { recursive: true })
      fs.writeFileSync(join(out, "file"), "from before")
      const error = await run(
        Effect.gen(function* () {
          const plane = yield* DataPlane
          const { read } = yield* sealing(key, "a", content)
          return yield* Effect.flip(
            plane.deliver({ ...read, schemaId: "any" }, { file: name === "/" ? "/" : `${out}/${name}` }),
          )
        }),
      )
      // A name that is too long only the disk can refuse.
      expect(error._tag).toBe(name.length > 255 ? "StorageFailed" : "DestinationRefused")
      expect(fs.readdirSync(out).sort()).toEqual(["file", "folder"])
      expect(fs.readFileSync(join(out, "file"), "utf8")).toBe("from before")
    },
  )
})
