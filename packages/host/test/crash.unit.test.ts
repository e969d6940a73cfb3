import { Effect } from "effect"
import { expect, it } from "vitest"
import { Files, layerFaultyFiles, makeMemoryFiles } from "../src/index.ts"

const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : new TextDecoder().decode(bytes))
const bytes = (content: string) => new TextEncoder().encode(content)

it("a crash drops what was not flushed: content, new names, renames", async () => {
  const { disk, layer } = makeMemoryFiles()
  await Effect.runPromise(
    Effect.gen(function* () {
      const directory = yield* (yield* Files).openDirectory("/d", { create: true })
      const kept = yield* directory.openFile("kept", { access: "write", create: "missing" })
      yield* kept.write(bytes("one"), 0)
      yield* kept.flush
      yield* directory.flush
      yield* kept.write(bytes("two"), 3)
      const lost = yield* directory.openFile("lost", { access: "write", create: "missing" })
      yield* lost.write(bytes("x"), 0)
      yield* lost.flush
      yield* directory.rename("kept", "renamed")
      disk.crash()
      expect(text(disk.bytes("/d/kept"))).toBe("one")
      expect(disk.bytes("/d/renamed")).toBeUndefined()
      expect(disk.bytes("/d/lost")).toBeUndefined()
      expect((yield* Effect.flip(kept.flush)).code).toBe("ESTALE")
    }).pipe(Effect.scoped, Effect.provide(layer)),
  )
})

it("the k-th operation fails as planned, and a short write leaves its prefix", async () => {
  const { disk, layer } = makeMemoryFiles()
  const faulty = layerFaultyFiles(layer, (operation) =>
    operation === "write" ? { kind: "short", code: "ENOSPC", bytes: 2 } : undefined,
  )
  await Effect.runPromise(
    Effect.gen(function* () {
      const directory = yield* (yield* Files).openDirectory("/d", { create: true })
      const file = yield* directory.openFile("f", { access: "write", create: "missing" })
      expect((yield* Effect.flip(file.write(bytes("abc"), 0))).code).toBe("ENOSPC")
      expect(text(disk.bytes("/d/f"))).toBe("ab")
    }).pipe(Effect.scoped, Effect.provide(faulty)),
  )
})

it("a disk may have written part of what was not flushed, and that is durable from then on", async () => {
  const { disk, layer } = makeMemoryFiles()
  await Effect.runPromise(
    Effect.gen(function* () {
      const directory = yield* (yield* Files).openDirectory("/d", { create: true })
      const file = yield* directory.openFile("f", { access: "write", create: "missing" })
      yield* file.write(bytes("one"), 0)
      yield* file.flush
      yield* directory.flush
      yield* file.write(bytes("two"), 3)
      disk.crash((path, durable, content) => {
        expect([path, text(durable), text(content)]).toEqual(["/d/f", "one", "onetwo"])
        return content.slice(0, 4)
      })
      expect(text(disk.bytes("/d/f"))).toBe("onet")
      disk.crash()
      expect(text(disk.bytes("/d/f"))).toBe("onet")
    }).pipe(Effect.scoped, Effect.provide(layer)),
  )
})

it("a process that is killed drops its own locks and no others", async () => {
  const { process } = makeMemoryFiles()
  const [one, two, three] = [process(), process(), process()]
  const take = (layer: typeof one.layer, name: string) =>
    Effect.gen(function* () {
      const directory = yield* (yield* Files).openDirectory("/d", { create: true })
      return yield* (yield* directory.lock(name)).tryAcquire
    }).pipe(Effect.provide(layer))
  await Effect.runPromise(
    Effect.gen(function* () {
      expect(yield* take(one.layer, "a")).toBe(true)
      expect(yield* take(two.layer, "b")).toBe(true)
      expect(yield* take(three.layer, "a")).toBe(false)
      one.kill()
      expect(yield* take(three.layer, "a")).toBe(true)
      expect(yield* take(three.layer, "b")).toBe(false)
    }).pipe(Effect.scoped),
  )
})
