import { Effect, type Scope } from "effect"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
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
