/** What is opened below a folder in one step is what would be opened step by step, and nothing on the way stays open. */
import { Effect, type Layer } from "effect"
import fc from "fast-check"
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import {
  type Directory,
  Files,
  layerNodeFiles,
  makeMemoryFiles,
  mapFiles,
  openBelow,
  type OpenFile,
  openFileBelow,
} from "../src/index.ts"

const root = mkdtempSync(join(tmpdir(), "waybill-below-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let count = 0
const implementations: ReadonlyArray<readonly [string, () => readonly [Layer.Layer<Files>, string]]> = [
  ["real files", () => [layerNodeFiles, mkdtempSync(join(root, "case-"))]],
  [
    "real files with something around them",
    () => [mapFiles(layerNodeFiles, (file) => file), mkdtempSync(join(root, "case-"))],
  ],
  ["the simulated disk", () => [makeMemoryFiles().layer, `/case-${count++}`]],
]

/** How much is open in this process of what lies in a folder, itself included. */
const openIn = ({ path }: { readonly path: string }): number =>
  readdirSync("/proc/self/fd").filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(path)
    } catch {
      // The descriptor that the list was read by.
      return false
    }
  }).length

const text = "what lies there"
/** Folders `a/b/c`, a file in each, and a file where a folder is looked for. */
const furnish = (directory: Directory) =>
  Effect.scoped(
    Effect.gen(function* () {
      let at = directory
      for (const name of ["a", "b", "c"]) {
        at = yield* at.openDirectory(name, { create: true })
        const file = yield* at.openFile("file", { access: "write", create: "exclusive" })
        yield* file.write(new TextEncoder().encode(text), 0)
      }
    }),
  )

const name = fc.constantFrom("a", "b", "c", "file", "nothing", "..", "")
const ways = fc.oneof(fc.constantFrom(["a", "b", "c"], ["a", "b"], ["a"], []), fc.array(name, { maxLength: 4 }))

const stepByStep = (directory: Directory, segments: ReadonlyArray<string>, create: boolean) =>
  Effect.gen(function* () {
    let at = directory
    for (const segment of segments) at = yield* at.openDirectory(segment, { create })
    return at
  })

describe.each(implementations)("%s", (_, fresh) => {
  const inFresh = <A, E>(run: (directory: Directory) => Effect.Effect<A, E>) => {
    const [layer, at] = fresh()
    return Effect.gen(function* () {
      const directory = yield* (yield* Files).openDirectory(at, { create: true })
      yield* furnish(directory)
      return yield* run(directory)
    }).pipe(Effect.scoped, Effect.provide(layer), Effect.runPromise)
  }
  const outcomeOf = <E extends { readonly code: string }>(run: Effect.Effect<string, E>) =>
    Effect.catch(run, ({ code }) => Effect.succeed(code))

  it("a folder is opened, made and refused as step by step, and what was passed is closed", () =>
    fc.assert(
      fc.asyncProperty(ways, fc.boolean(), async (segments, create) => {
        const [inOne, inSteps] = await Promise.all(
          [openBelow, (at: Directory, way: ReadonlyArray<string>) => stepByStep(at, way, create)].map((open) =>
            inFresh((directory) =>
              Effect.gen(function* () {
                const before = openIn(directory)
                const end = yield* Effect.scoped(
                  Effect.map(open(directory, segments, { create }), ({ path }) => path.slice(directory.path.length)),
                ).pipe(outcomeOf)
                const left = yield* Effect.scoped(
                  Effect.flatMap(stepByStep(directory, segments, false), ({ list }) =>
                    Effect.map(list, (names) => names.join()),
                  ),
                ).pipe(outcomeOf)
                return { end, left, open: openIn(directory) - before }
              }),
            ),
          ),
        )
        expect(inOne).toEqual(inSteps)
      }),
      { numRuns: 60 },
    ))

  it("a file is opened and refused as step by step", () =>
    fc.assert(
      fc.asyncProperty(ways, name, (folders, last) =>
        inFresh((directory) =>
          Effect.gen(function* () {
            const read = { access: "read" } as const
            const lengthOf = (file: OpenFile) => Effect.map(file.info, ({ bytes }) => String(bytes))
            const inOne = yield* outcomeOf(
              Effect.scoped(Effect.flatMap(openFileBelow(directory, folders, last, read), lengthOf)),
            )
            const inSteps = yield* outcomeOf(
              Effect.scoped(
                Effect.flatMap(stepByStep(directory, folders, false), (folder) =>
                  Effect.flatMap(folder.openFile(last, read), lengthOf),
                ),
              ),
            )
            expect(inOne).toBe(inSteps)
          }),
        ),
      ),
      { numRuns: 60 },
    ))
})

it("no more than what was asked for is open, however long the way", () =>
  Effect.gen(function* () {
    const directory = yield* (yield* Files).openDirectory(mkdtempSync(join(root, "case-")))
    const before = openIn(directory)
    yield* openBelow(directory, ["a", "b", "c", "d"], { create: true })
    expect(openIn(directory) - before).toBe(1)
    const folder = yield* openBelow(directory, ["a", "b"], { create: false })
    yield* folder.openFile("file", { access: "write", create: "exclusive" })
    yield* openFileBelow(directory, ["a", "b"], "file", { access: "read" })
    expect(openIn(directory) - before).toBe(4)
    for (const [folders, last] of [
      [["a", "nothing"], "file"],
      [["a", "b"], "c"],
      [["a", "b", "file"], "file"],
    ] as const)
      yield* Effect.flip(openFileBelow(directory, folders, last, { access: "read" }))
    expect(openIn(directory) - before).toBe(4)
  }).pipe(Effect.scoped, Effect.provide(layerNodeFiles), Effect.runPromise))
