/** A copy: what is written is what was read, its digest is of exactly that, and it settles once, when all of it is written. */
import { Files, makeMemoryFiles, type OpenFile } from "@waybill/host"
import { Effect } from "effect"
import fc from "fast-check"
import { createHash } from "node:crypto"
import { expect, it } from "vitest"
import { chunk_bytes, chunkedDigestOf, copyInto, digestOf } from "../src/Bytes.ts"

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`

/** Around the lengths at which one chunk ends and the next begins. */
const lengths = fc
  .tuple(fc.constantFrom(0, 1, 2), fc.integer({ min: -2, max: 2 }), fc.integer({ min: 0, max: 70_000 }), fc.boolean())
  .map(([chunks, by, few, isFew]) => Math.max(0, chunks * chunk_bytes + (isFew ? few : by)))

const noise = (bytes: number, seed: number) => {
  const content = new Uint8Array(bytes)
  let state = seed | 1
  for (let at = 0; at < bytes; at++) content[at] = (state = Math.imul(state, 1_103_515_245) + 12_345) >>> 16
  return content
}

/** Says that it is shorter or longer than it is, as one that is written to meanwhile; its reads come in pieces, at once or later. */
const restless = (file: OpenFile, off: number, piece_bytes: number, isLate: boolean): OpenFile => ({
  ...file,
  info: Effect.map(file.info, (info) => ({ ...info, bytes: Math.max(0, info.bytes + off) })),
  read: (into, offset) => {
    const read = file.read(into.subarray(0, piece_bytes), offset)
    return isLate ? Effect.andThen(Effect.yieldNow, read) : read
  },
})

it("whatever its length, and however it changes its length meanwhile", () =>
  fc.assert(
    fc.asyncProperty(
      lengths,
      fc.integer(),
      fc.constantFrom(0, 0, -chunk_bytes, -1, 1, chunk_bytes),
      fc.constantFrom(chunk_bytes, 300_000),
      fc.boolean(),
      fc.boolean(),
      (bytes, seed, off, piece_bytes, isLate, isSlowToWrite) => {
        const { disk, layer } = makeMemoryFiles()
        const content = noise(bytes, seed)
        return Effect.gen(function* () {
          const directory = yield* (yield* Files).openDirectory("/d", { create: true })
          const plain = yield* directory.openFile("from", { access: "write", create: "exclusive" })
          yield* plain.write(content, 0)
          const from = restless(plain, off, piece_bytes, isLate)
          const target = yield* directory.openFile("to", { access: "write", create: "exclusive" })
          const to: OpenFile = isSlowToWrite
            ? { ...target, write: (chunk, at) => Effect.andThen(Effect.yieldNow, target.write(chunk, at)) }
            : target
          const settled: Array<string> = []
          const settle = Effect.sync(() => void settled.push(sha256(disk.bytes("/d/to") ?? new Uint8Array())))
          const whole = { sha256: sha256(content), bytes }
          let progress = 0
          expect(yield* copyInto(from, to, settle, (done) => void (progress = done))).toEqual(whole)
          expect([settled, progress]).toEqual([[whole.sha256], bytes])
          expect(sha256(disk.bytes("/d/to") ?? new Uint8Array())).toBe(whole.sha256)
          expect(yield* digestOf(from)).toEqual(whole)
          const chunks = Array.from({ length: Math.ceil(bytes / chunk_bytes) }, (_, n) =>
            sha256(content.subarray(n * chunk_bytes, (n + 1) * chunk_bytes)),
          )
          expect(yield* chunkedDigestOf(from)).toEqual({ ...whole, chunks })
        }).pipe(Effect.scoped, Effect.provide(layer), Effect.runPromise)
      },
    ),
    { numRuns: 60 },
  ))

it("what does not settle is no copy", () =>
  Effect.gen(function* () {
    const directory = yield* (yield* Files).openDirectory("/d", { create: true })
    for (const bytes of [0, 10, 2 * chunk_bytes]) {
      const from = yield* directory.openFile(`from-${bytes}`, { access: "write", create: "exclusive" })
      yield* from.write(new Uint8Array(bytes), 0)
      const to = yield* directory.openFile(`to-${bytes}`, { access: "write", create: "exclusive" })
      const broken = Effect.flatMap(Effect.yieldNow, () => directory.info("nothing"))
      expect((yield* Effect.flip(copyInto(from, to, Effect.asVoid(broken)))).code).toBe("ENOENT")
    }
  }).pipe(Effect.scoped, Effect.provide(makeMemoryFiles().layer), Effect.runPromise))
