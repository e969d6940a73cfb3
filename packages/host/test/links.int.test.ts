import { Effect, Exit, Fiber, Scope } from "effect"
import { execFileSync } from "node:child_process"
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { open, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { Files, layerNodeFiles } from "../src/index.ts"

const root = mkdtempSync(join(tmpdir(), "waybill-links-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const run = <A, E>(effect: Effect.Effect<A, E, Files>) => Effect.runPromise(Effect.provide(effect, layerNodeFiles))

it("a symbolic link is refused, whether it stands for a file or for a directory", () =>
  run(
    Effect.scoped(
      Effect.gen(function* () {
        const at = mkdtempSync(join(root, "a-"))
        symlinkSync("/etc/passwd", join(at, "file"))
        symlinkSync("/etc", join(at, "folder"))
        const directory = yield* (yield* Files).openDirectory(at)
        const refused = (open: Effect.Effect<unknown, { readonly code: string }, Scope.Scope>) =>
          Effect.map(Effect.flip(open), ({ code }) => code)
        expect(yield* refused(directory.openFile("file", { access: "read" }))).toBe("ELOOP")
        expect(yield* refused(directory.openFile("file", { access: "write", create: "missing" }))).toBe("ELOOP")
        expect(["ELOOP", "ENOTDIR"]).toContain(yield* refused(directory.openDirectory("folder")))
        expect((yield* directory.info("file")).kind).toBe("link")
      }),
    ),
  ))

it("a FIFO neither blocks nor opens", () =>
  run(
    Effect.scoped(
      Effect.gen(function* () {
        const at = mkdtempSync(join(root, "b-"))
        execFileSync("mkfifo", [join(at, "pipe")])
        const directory = yield* (yield* Files).openDirectory(at)
        for (const access of ["read", "write"] as const) {
          const error = yield* Effect.flip(directory.openFile("pipe", { access }))
          expect(error.code).toBe("EINVAL")
        }
      }),
    ),
  ))

it("a parent exchanged for a link while it is open leads nowhere else", () =>
  run(
    Effect.scoped(
      Effect.gen(function* () {
        const at = mkdtempSync(join(root, "c-"))
        const outside = mkdtempSync(join(root, "outside-"))
        mkdirSync(join(at, "parent"))
        writeFileSync(join(outside, "x"), "untouched")
        const directory = yield* (yield* Files).openDirectory(at)
        const parent = yield* directory.openDirectory("parent")
        renameSync(join(at, "parent"), join(at, "moved"))
        symlinkSync(outside, join(at, "parent"))
        const file = yield* Effect.result(parent.openFile("x", { access: "write", create: "missing" }))
        if (file._tag === "Success") yield* file.success.write(new TextEncoder().encode("changed"), 0)
        expect(readFileSync(join(outside, "x"), "utf8")).toBe("untouched")
      }),
    ),
  ))

it("an operation that its caller gave up happens where it was meant, or nowhere", async () => {
  const at = mkdtempSync(join(root, "d-"))
  const [meant, other] = [join(at, "meant"), join(at, "other")]
  mkdirSync(meant)
  mkdirSync(other)
  // What replaces something large is another thread's work.
  writeFileSync(join(meant, "y"), new Uint8Array(1_048_577))
  // Every thread that serves the file system waits for somebody to write.
  const threads = 4
  const pipes = Array.from({ length: threads }, (_, i) => join(at, `pipe-${i}`))
  execFileSync("mkfifo", pipes)
  const { scope, directory } = await run(
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const directory = yield* Scope.provide(
        Effect.flatMap(Files, (files) => files.openDirectory(meant)),
        scope,
      )
      return { scope, directory }
    }),
  )
  const reading = pipes.map((pipe) => open(pipe, "r"))
  const giving = Effect.runFork(directory.openDirectory("new", { create: true }).pipe(Effect.scoped))
  const making = Effect.runFork(directory.link("nothing", "new"))
  const renaming = Effect.runFork(directory.rename("x", "y"))
  writeFileSync(join(meant, "x"), "meant")
  writeFileSync(join(other, "x"), "other")
  // Given up, and what it was to happen in is closed; its number is free for another directory, if anybody lets go of it.
  making.interruptUnsafe()
  renaming.interruptUnsafe()
  await Effect.runPromise(Scope.close(scope, Exit.void))
  const descriptors = Array.from({ length: 8 }, () => openSync(other, constants.O_RDONLY | constants.O_DIRECTORY))
  for (const pipe of pipes) closeSync(openSync(pipe, constants.O_WRONLY))
  for (const handle of await Promise.all(reading)) await handle.close()
  await Effect.runPromise(Effect.exit(Fiber.join(giving)))
  // Behind everything that waited.
  await stat(at)
  for (const descriptor of descriptors) closeSync(descriptor)
  expect(readdirSync(other)).toEqual(["x"])
  expect(readdirSync(meant)).toContain("y")
  expect(readFileSync(join(meant, "y"), "utf8")).toBe("meant")
})
