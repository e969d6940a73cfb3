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
