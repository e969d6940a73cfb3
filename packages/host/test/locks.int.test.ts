import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { Files, layerNodeFiles } from "../src/index.ts"

const root = mkdtempSync(join(tmpdir(), "waybill-locks-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Whether another process gets the lock now. */
const isFreeForOthers = (path: string): boolean =>
  execFileSync(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      "--input-type=module",
      "-e",
      `import { DatabaseSync } from "node:sqlite"
       const database = new DatabaseSync(${JSON.stringify(path)}, { timeout: 0 })
       try { database.exec("BEGIN EXCLUSIVE"); console.log("free") } catch { console.log("held") }`,
    ],
    { encoding: "utf8" },
  ).trim() === "free"

it("a lock keeps other processes out until it is released, also while its own process opens it once more", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* (yield* Files).openDirectory(root)
        const path = join(root, "a.lock")
        const lock = yield* directory.lock("a.lock")
        expect(yield* lock.tryAcquire).toBe(true)
        expect(isFreeForOthers(path)).toBe(false)
        const second = yield* Effect.scoped(Effect.flatMap(directory.lock("a.lock"), (again) => again.tryAcquire))
        expect(second).toBe(false)
        expect(isFreeForOthers(path)).toBe(false)
        yield* lock.release
        expect(isFreeForOthers(path)).toBe(true)
      }),
    ).pipe(Effect.provide(layerNodeFiles)),
  ))

it("a link in a lock's place is refused", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        writeFileSync(join(root, "elsewhere"), "")
        symlinkSync(join(root, "elsewhere"), join(root, "link.lock"))
        const directory = yield* (yield* Files).openDirectory(root)
        expect((yield* Effect.flip(directory.lock("link.lock"))).code).toBe("ELOOP")
      }),
    ).pipe(Effect.provide(layerNodeFiles)),
  ))

it("a lock whose file somebody wrote into says so, and what to do", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        writeFileSync(join(root, "spoilt.lock"), "x".repeat(5000))
        const directory = yield* (yield* Files).openDirectory(root)
        const lock = yield* directory.lock("spoilt.lock")
        const error = yield* Effect.flip(lock.tryAcquire)
        expect(error).toMatchObject({ operation: "lock", path: join(root, "spoilt.lock"), code: "EUCLEAN" })
        expect(error.message).toContain("somebody wrote into it; remove it while nobody works here")
      }),
    ).pipe(Effect.provide(layerNodeFiles)),
  ))
