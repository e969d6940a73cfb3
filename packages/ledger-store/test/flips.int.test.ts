/**
 * Fault model: one bit of one file is the other way round; everything else is as it was.
 *
 * What no seal covers yet, the last group and whatever others appended behind it, is left out: health tells how much that is.
 */
import { Files, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import type { RecordedEvent } from "@waybill/ledger"
import { Effect, type Layer } from "effect"
import { gzipSync } from "node:zlib"
import { beforeAll, describe, expect, it } from "vitest"
import { compressArchives, makeJsonlStore, type Verification, verifyLedger } from "../src/index.ts"
import { randomFrom, seedOfRun } from "./support/random.ts"
import { bytesOf, file, folder, noteLine } from "./support/simulated.ts"
import { brief, collect, ledgerOver, write } from "./support/texts.ts"

const seed = seedOfRun()

interface World {
  readonly disk: MemoryDisk
  readonly layer: Layer.Layer<Files>
  readonly truth: ReadonlyArray<string>
  /** Bytes of the active file that are sealed. */
  readonly sealed_bytes: number
}

const opening = (rotate_bytes: number) =>
  Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes, compress: false }), ledgerOver)

const build = async (fill: (disk: MemoryDisk) => Effect.Effect<unknown, unknown, Files>): Promise<World> => {
  const { disk, layer } = makeMemoryFiles()
  return Effect.runPromise(
    Effect.gen(function* () {
      yield* Effect.scoped(Effect.flatMap(Files, (files) => files.openDirectory(folder, { create: true })))
      yield* fill(disk)
      const [events, health] = yield* Effect.scoped(
        Effect.flatMap(opening(9e9), (ledger) => Effect.all([collect(ledger.read()), ledger.health])),
      )
      const sealed_bytes = (disk.bytes(file)?.byteLength ?? 0) - (health.unsealed_bytes ?? 0)
      return { disk, layer, truth: events.map(brief), sealed_bytes }
    }).pipe(Effect.provide(layer)),
  )
}

interface Seen {
  readonly verification: Verification
  readonly events: ReadonlyArray<RecordedEvent>
}

/** What is found while one bit is the other way round. */
const flipped = async ({ disk, layer }: World, path: string, at: number, bit: number, reads = true): Promise<Seen> => {
  const bytes = disk.bytes(path) ?? new Uint8Array()
  const damaged = bytes.slice()
  damaged[at] = (damaged[at] ?? 0) ^ (1 << bit)
  disk.overwrite(path, damaged)
  try {
    return await Effect.runPromise(
      Effect.gen(function* () {
        const verification = yield* verifyLedger({ root: "/r" })
        const read = Effect.flatMap(opening(9e9), (ledger) => collect(ledger.read()))
        return { verification, events: reads ? yield* Effect.scoped(read) : [] }
      }).pipe(Effect.provide(layer)),
    )
  } finally {
    disk.overwrite(path, bytes)
  }
}

describe("every bit of a sealed batch", () => {
  let world: World
  beforeAll(async () => {
    world = await build(() =>
      Effect.scoped(
        Effect.gen(function* () {
          const ledger = yield* opening(9e9)
          yield* write(ledger, "a", "before")
          yield* write(ledger, "a", "x", "y", "z")
          yield* write(ledger, "b", "after")
          yield* write(ledger, "b", "last")
        }),
      ),
    )
  })

  it("is missed by nobody: the record is named, positions stay, the others are read", async () => {
    const lines = Buffer.from(world.disk.bytes(file) ?? [])
      .toString()
      .split("\n")
    const starts = lines.map((_, i) => lines.slice(0, i).join("\n").length + (i === 0 ? 0 : 1))
    const [from = 0, to = 0] = [starts[1], starts[4]]
    for (let at = from; at < to; at++)
      for (let bit = 0; bit < 8; bit++) {
        const position = starts.findLastIndex((start) => start <= at) + 1
        const { events, verification } = await flipped(world, file, at, bit, (at + bit) % 11 === 0)
        expect([at, bit, verification.flaws]).toMatchObject([
          at,
          bit,
          [{ file: "ledger.jsonl", position, offset: starts[position - 1] }],
        ])
        if (events.length > 0)
          expect([at, bit, events.map(brief)]).toEqual([
            at,
            bit,
            world.truth.filter((text) => !text.startsWith(`${position} `)),
          ])
      }
  }, 60_000)
})

describe("any bit of a folder with archives, plain and compressed, and seals", () => {
  let world: World
  const stranger = `${folder}/ledger.20261118T120000.000000000Z.jsonl.gz`
  beforeAll(async () => {
    world = await build((disk) =>
      Effect.gen(function* () {
        const past = Array.from({ length: 6 }, (_, i) => noteLine(i + 1, `past ${i}`, { event_id: `foreign ${i}` }))
        disk.plant(stranger, gzipSync(bytesOf(`${past.join("\n")}\n`)))
        yield* Effect.scoped(
          Effect.gen(function* () {
            const ledger = yield* opening(1500)
            for (let i = 0; i < 5; i++) yield* write(ledger, `j${i % 3}`, `n${i}`, "and more")
            yield* compressArchives("/r")
            for (let i = 0; i < 4; i++) yield* write(ledger, `j${i % 3}`, "ünï", `m${i}`)
          }),
        )
      }),
    )
  })

  it(`is missed by nobody: the right file is named, positions stay, what is undamaged is read (SEED=${seed})`, async () => {
    const random = randomFrom(seed)
    const paths = world.disk.files(folder).filter((path) => !path.endsWith(".lock"))
    expect(paths.some((path) => path.endsWith(".gz") && path !== stranger)).toBe(true)
    const sizes = paths.map((path) => (path === file ? world.sealed_bytes : (world.disk.bytes(path)?.byteLength ?? 0)))
    const total = sizes.reduce((sum, size) => sum + size, 0)
    for (let run = 0; run < 1000; run++) {
      let at = Math.floor(random() * total)
      const which = sizes.findIndex((size) => {
        if (at < size) return true
        at -= size
        return false
      })
      const path = paths[which] ?? ""
      const bit = Math.floor(random() * 8)
      const told = [run, path, at, bit]
      const { events, verification } = await flipped(world, path, at, bit)
      const named = verification.flaws.map((flaw) => `${folder}/${flaw.file}`)
      expect([...told, named]).toEqual([...told, expect.arrayContaining([path])])
      const found = events.map(brief)
      const lost = world.truth.filter((text) => !found.includes(text))
      expect([...told, found]).toEqual([...told, world.truth.filter((text) => !lost.includes(text))])
      const isInLines = path === file || path.endsWith(".jsonl")
      // One bit of a packed archive costs at most the records of its member.
      expect([...told, lost.length]).toEqual([
        ...told,
        path.endsWith(".gz") ? expect.any(Number) : isInLines ? lost.length : 0,
      ])
      if (isInLines) expect([...told, lost.length <= 1]).toEqual([...told, true])
    }
  }, 120_000)
})
