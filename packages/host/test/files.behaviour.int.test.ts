import { Effect, type Layer, type Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { type Directory, type FileError, Files, layerNodeFiles, makeMemoryFiles } from "../src/index.ts"

const root = mkdtempSync(join(tmpdir(), "waybill-files-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Whether a change moves a count. The kernel's clock moves in steps: what is done again and again is seen in the end. */
const movesOf = (changed: Effect.Effect<bigint, FileError>) => (change: Effect.Effect<void, FileError>) =>
  Effect.gen(function* () {
    const before = yield* changed
    for (let tries = 0; tries < 100_000; tries++) {
      yield* change
      if ((yield* changed) > before) return true
    }
    return false
  })

const bytes = (text: string) => new TextEncoder().encode(text)
const contentOf = (directory: Directory, name: string) =>
  Effect.gen(function* () {
    const file = yield* directory.openFile(name, { access: "read" })
    const { bytes: length } = yield* file.info
    const into = new Uint8Array(length)
    yield* file.read(into, 0)
    return new TextDecoder().decode(into)
  })
const writeText = (directory: Directory, name: string, text: string) =>
  Effect.gen(function* () {
    const file = yield* directory.openFile(name, { access: "write", create: "missing" })
    yield* file.write(bytes(text), 0)
    yield* file.flush
  })

const codeOf = <A, R>(run: Effect.Effect<A, FileError, R>) => Effect.map(Effect.flip(run), ({ code }) => code)

const implementations: ReadonlyArray<readonly [string, Layer.Layer<Files>, () => string]> = [
  ["real files", layerNodeFiles, () => mkdtempSync(join(root, "case-"))],
  [
    "the simulated disk",
    makeMemoryFiles().layer,
    (() => {
      let n = 0
      return () => `/case-${n++}`
    })(),
  ],
]

describe.each(implementations)("%s", (_, layer, fresh) => {
  const test = (name: string, run: (directory: Directory) => Effect.Effect<void, unknown, Files | Scope.Scope>) =>
    it(name, () =>
      Effect.runPromise(
        Effect.gen(function* () {
          const files = yield* Files
          yield* run(yield* files.openDirectory(fresh(), { create: true }))
        }).pipe(Effect.scoped, Effect.provide(layer)),
      ),
    )

  test("what is written is read, at any offset, also past the end", (directory) =>
    Effect.gen(function* () {
      const file = yield* directory.openFile("a", { access: "write", create: "exclusive" })
      yield* file.write(bytes("hello"), 3)
      const into = new Uint8Array(16)
      expect(yield* file.read(into, 0)).toBe(8)
      expect([...into.subarray(0, 8)]).toEqual([0, 0, 0, ...bytes("hello")])
      expect(yield* file.read(into, 8)).toBe(0)
      yield* file.truncate(4)
      expect((yield* file.info).bytes).toBe(4)
    }))

  test("exclusive creation refuses a taken name, and a missing file is not made by reading", (directory) =>
    Effect.gen(function* () {
      yield* writeText(directory, "a", "1")
      expect(yield* codeOf(directory.openFile("a", { access: "write", create: "exclusive" }))).toBe("EEXIST")
      expect(yield* codeOf(directory.openFile("b", { access: "read" }))).toBe("ENOENT")
      expect(yield* directory.list).toEqual(["a"])
    }))

  test("a name is one segment", (directory) =>
    Effect.gen(function* () {
      for (const name of ["", ".", "..", "a/b", "/etc", "a\0b"]) {
        expect(yield* codeOf(directory.openFile(name, { access: "write", create: "missing" }))).toBe("EINVAL")
        expect(yield* codeOf(directory.openDirectory(name, { create: true }))).toBe("EINVAL")
        expect(yield* codeOf(directory.unlink(name))).toBe("EINVAL")
      }
    }))

  test("a directory is not a file, nor a file a directory", (directory) =>
    Effect.gen(function* () {
      yield* directory.openDirectory("d", { create: true })
      yield* writeText(directory, "f", "x")
      expect(yield* codeOf(directory.openFile("d", { access: "read" }))).toBe("EISDIR")
      expect(yield* codeOf(directory.openDirectory("f"))).toBe("ENOTDIR")
      expect((yield* directory.info("d")).kind).toBe("directory")
    }))

  test("a name that nothing bears is found to be nothing, any other as what it is", (directory) =>
    Effect.gen(function* () {
      yield* writeText(directory, "f", "four")
      expect(yield* directory.find("f")).toEqual(yield* directory.info("f"))
      expect(yield* directory.find("g")).toBeUndefined()
      expect(yield* codeOf(directory.info("g"))).toBe("ENOENT")
      expect(yield* codeOf(directory.find("a/b"))).toBe("EINVAL")
    }))

  test("rename replaces, link does not", (directory) =>
    Effect.gen(function* () {
      const below = yield* directory.openDirectory("below", { create: true })
      yield* writeText(directory, "a", "A")
      yield* writeText(directory, "b", "B")
      yield* directory.rename("a", "b")
      expect(yield* contentOf(directory, "b")).toBe("A")
      yield* directory.link("b", "c", below)
      expect((yield* directory.info("b")).links).toBe(2)
      expect((yield* directory.info("b")).inode).toBe((yield* below.info("c")).inode)
      expect(yield* codeOf(directory.link("b", "c", below))).toBe("EEXIST")
      yield* directory.rename("b", "d", below)
      expect(yield* below.list).toEqual(["c", "d"])
      yield* below.unlink("c")
      expect((yield* below.info("d")).links).toBe(1)
      expect(yield* codeOf(directory.remove("below"))).toBe("ENOTEMPTY")
    }))

  test("an open file outlives its name", (directory) =>
    Effect.gen(function* () {
      yield* writeText(directory, "a", "first")
      const file = yield* directory.openFile("a", { access: "read" })
      yield* directory.unlink("a")
      yield* writeText(directory, "a", "other")
      const into = new Uint8Array(5)
      yield* file.read(into, 0)
      expect(new TextDecoder().decode(into)).toBe("first")
    }))

  test("a lock excludes every other handle, in this process too, until it is released or its scope ends", (directory) =>
    Effect.gen(function* () {
      const first = yield* directory.lock("l")
      const second = yield* directory.lock("l")
      expect(yield* first.tryAcquire).toBe(true)
      expect(yield* second.tryAcquire).toBe(false)
      expect(yield* first.tryAcquire).toBe(false)
      yield* first.release
      expect(yield* second.tryAcquire).toBe(true)
      yield* second.release
      yield* Effect.scoped(
        Effect.gen(function* () {
          const inner = yield* directory.lock("l")
          expect(yield* inner.tryAcquire).toBe(true)
        }),
      )
      expect(yield* first.tryAcquire).toBe(true)
    }))

  test("a lock's file is made unless that is unwanted, and taking the lock makes nothing beside it", (directory) =>
    Effect.gen(function* () {
      expect(yield* codeOf(directory.lock("l", { create: false }))).toBe("ENOENT")
      expect(yield* directory.list).toEqual([])
      const lock = yield* directory.lock("l")
      expect(yield* lock.tryAcquire).toBe(true)
      expect(yield* directory.list).toEqual(["l"])
      const again = yield* directory.lock("l", { create: false })
      expect(yield* again.tryAcquire).toBe(false)
    }))

  test("many that prepare one lock at once agree on who holds it", (directory) =>
    Effect.gen(function* () {
      const locks = yield* Effect.all(
        Array.from({ length: 8 }, () => directory.lock("l")),
        { concurrency: "unbounded" },
      )
      const got = yield* Effect.all(locks.map((lock) => lock.tryAcquire))
      expect(got.filter((isOurs) => isOurs)).toHaveLength(1)
    }))

  test("a directory names those among whom its locks exclude, and its sub-directory names the same", (directory) =>
    Effect.gen(function* () {
      const below = yield* directory.openDirectory("below", { create: true })
      expect(yield* below.lockDomain).toBe(yield* directory.lockDomain)
      expect(yield* directory.lockDomain).toMatch(/^[a-z0-9-]+$/u)
    }))

  test("what a directory's change count says moves with the names in it, and not with a listing", (directory) =>
    Effect.gen(function* () {
      const below = yield* directory.openDirectory("below", { create: true })
      const changed = Effect.map(directory.info("below"), ({ changed_ns }) => changed_ns)
      const moves = movesOf(changed)
      const make = Effect.scoped(Effect.asVoid(below.openFile("a", { access: "write", create: "missing" })))
      expect(yield* moves(Effect.andThen(make, below.unlink("a")))).toBe(true)
      yield* make
      expect(yield* moves(Effect.andThen(below.rename("a", "b"), below.rename("b", "a")))).toBe(true)
      expect(yield* moves(Effect.andThen(below.link("a", "b"), below.unlink("b")))).toBe(true)
      const before = yield* changed
      for (let tries = 0; tries < 50; tries++) yield* below.list
      expect(yield* changed).toBe(before)
    }))

  test("what a file's change count says moves with content, permissions and names, and not with reading", (directory) =>
    Effect.gen(function* () {
      const file = yield* directory.openFile("a", { access: "write", create: "exclusive" })
      const changed = Effect.map(file.info, ({ changed_ns }) => changed_ns)
      const moves = movesOf(changed)
      expect(yield* moves(file.write(bytes("x"), 0))).toBe(true)
      expect(yield* moves(file.chmod(0o400))).toBe(true)
      expect(yield* moves(Effect.andThen(directory.link("a", "b"), directory.unlink("b")))).toBe(true)
      const before = yield* changed
      for (let tries = 0; tries < 50; tries++) yield* file.read(new Uint8Array(1), 0)
      expect(yield* changed).toBe(before)
    }))
})
