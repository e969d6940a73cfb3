/** Fault model: somebody restores files by hand, and one of them lies under another one's name, or in nobody's. */
import { type Files, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { type LedgerShape, StoreRefused } from "@waybill/ledger"
import { Effect, type Scope, Stream } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore, repairLedger, verifyLedger } from "../src/index.ts"
import { archiveName, ledger_name } from "../src/jsonl/Layout.ts"
import { bytesOf, folder } from "./support/simulated.ts"
import { brief, collect, ledgerOver, write } from "./support/texts.ts"

const open = Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes: 900, compress: false }), ledgerOver)
const read = Effect.map(
  Effect.flatMap(open, (ledger) => collect(ledger.read())),
  (events) => events.map(brief),
)
const append = Effect.flatMap(open, (ledger) => write(ledger, "a", "after"))
const repair = repairLedger({ root: "/r", actor: "operator", requestId: "repair" })
const active = `${folder}/${ledger_name}`
const first = `${folder}/${archiveName(1)}`

/** Several archives, and a file that is appended to. */
const within = <A>(run: (disk: MemoryDisk) => Effect.Effect<A, unknown, Files | Scope.Scope>) => {
  const { disk, layer } = makeMemoryFiles()
  const grow = Effect.flatMap(open, (ledger) =>
    Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], (i) => write(ledger, "a", `n${i}`, "more")),
  )
  return Effect.runPromise(Effect.scoped(Effect.provide(Effect.andThen(grow, run(disk)), layer)))
}

const copy = (disk: MemoryDisk, from: string, to: string) => disk.plant(to, (disk.bytes(from) ?? bytesOf("")).slice())

it.each([
  ["whose seal is there", () => undefined],
  ["whose seal is gone", (disk: MemoryDisk) => disk.remove(activeSeal(disk))],
])(
  "an archive in the place of the file that is appended to, %s: it is named, and nothing of it is read at other positions",
  (_, also) =>
    within((disk) =>
      Effect.gen(function* () {
        const truth = yield* read
        also(disk)
        copy(disk, first, active)
        const now = yield* read
        expect(now).toEqual(truth.slice(0, now.length))
        expect((yield* verifyLedger({ root: "/r" })).flaws.map(({ file }) => file)).toContain(ledger_name)
        const refused = yield* Effect.flip(append)
        expect(String(refused)).toMatch(
          /ledger\.jsonl: (?:sealed bytes are missing|it is not the file|it begins with).*nothing is appended before it is repaired/u,
        )
        yield* repair
        const [event] = yield* append
        expect(event?.position).toBeGreaterThan(1_000_000)
        expect((yield* read).slice(0, now.length)).toEqual(now)
        expect((yield* repair).flaws).toEqual([])
      }),
    ),
)

const activeSeal = (disk: MemoryDisk): string =>
  disk
    .files(`${folder}/seals`)
    .filter((path) => path.endsWith(".seal"))
    .toSorted()
    .at(-1) ?? ""

it("the right file put back while a store is open: it goes on as if nothing had been", () =>
  within((disk) =>
    Effect.gen(function* () {
      const ledger = yield* open
      const truth = (yield* collect(ledger.read())).map(brief)
      const right = (disk.bytes(active) ?? bytesOf("")).slice()
      disk.overwrite(active, bytesOf("x".repeat(5)))
      yield* Effect.flip(write(ledger, "a", "no"))
      disk.overwrite(active, right)
      yield* write(ledger, "a", "after")
      expect((yield* collect(ledger.read())).map(brief).slice(0, truth.length)).toEqual(truth)
    }),
  ))

it("rows of nobody behind a seal, and bytes of nobody behind an archive, move no position", () =>
  within((disk) =>
    Effect.gen(function* () {
      const truth = yield* read
      disk.remove(activeSeal(disk))
      const before =
        disk
          .files(folder)
          .filter((path) => /ledger\.p\d+\.jsonl$/u.test(path))
          .toSorted()
          .at(-1) ?? ""
      disk.overwrite(before, Buffer.concat([disk.bytes(before) ?? bytesOf(""), bytesOf("{}\n{}\n")]))
      expect(yield* read).toEqual(truth)
      yield* repair
      yield* append
      expect((yield* read).slice(0, truth.length)).toEqual(truth)
      expect((yield* repair).flaws).toEqual([])
    }),
  ))

/** What every open store has done before somebody puts another file in place. */
const states: ReadonlyArray<readonly [string, (ledger: LedgerShape) => Effect.Effect<unknown, unknown>]> = [
  ["learnt it from the seals", (ledger) => collect(ledger.read())],
  ["told its health", (ledger) => ledger.health],
  ["appended", (ledger) => write(ledger, "a", "mine")],
]
it.each(states)(
  "an older and longer file written over the one that is appended to: a store that has %s refuses it as a fresh one does",
  (_, use) =>
    within((disk) =>
      Effect.gen(function* () {
        // The first archive, as it was before it was one, is longer than what is appended to now.
        const older = Buffer.concat([disk.bytes(first) ?? bytesOf(""), disk.bytes(first) ?? bytesOf("")])
        const [opened, reader] = [yield* open, yield* open]
        yield* use(opened)
        yield* collect(reader.read())
        disk.overwrite(active, older)
        const files = disk.files(folder)
        for (const ledger of [opened, yield* open, reader, opened]) {
          const refused = yield* Effect.flip(write(ledger, "a", "no"))
          expect(refused).toBeInstanceOf(StoreRefused)
          expect(refused.message).toContain("ledger.jsonl: it is not the file that was sealed")
        }
        expect(disk.bytes(active)).toEqual(new Uint8Array(older))
        expect(disk.files(folder)).toEqual(files)
        yield* repair
        const [event] = yield* write(opened, "a", "after")
        for (const ledger of [opened, yield* open, reader])
          expect((yield* collect(ledger.read())).at(-1)?.position).toBe(event?.position)
      }),
    ),
)

it.each([900, 1_000_000])(
  "an older past put back under an open reader, and gone on from: one reading tells all that was acknowledged since (archives from %i bytes on)",
  (rotate_bytes) =>
    Effect.runPromise(
      Effect.gen(function* () {
        const { disk, layer } = makeMemoryFiles()
        yield* Effect.gen(function* () {
          const opened = Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes, compress: false }), ledgerOver)
          const [reader, other] = [yield* opened, yield* opened]
          yield* Effect.forEach([1, 2, 3], (i) => write(other, "a", `kept ${i}`))
          const before = disk.files("/r").map((path) => [path, (disk.bytes(path) ?? bytesOf("")).slice()] as const)
          yield* Effect.forEach([1, 2, 3], (i) => write(reader, "a", `lost ${i}`))
          for (const path of disk.files("/r").filter((path) => !before.some(([old]) => old === path))) disk.remove(path)
          yield* collect(reader.read())
          for (const [path, bytes] of before) disk.overwrite(path, bytes)
          yield* Effect.forEach([1, 2, 3, 4, 5], (i) =>
            Effect.flatMap(opened, (ledger) => write(ledger, "a", `said ${i}`)),
          )
          const truth = (yield* Effect.flatMap(opened, (ledger) => collect(ledger.read()))).map(brief)
          for (const events of [reader.read(), reader.readStream("a"), reader.tail().pipe(Stream.take(truth.length))])
            expect((yield* collect(events)).map(brief)).toEqual(truth)
          expect((yield* collect(reader.readBackwards())).map(brief)).toEqual(truth.toReversed())
        }).pipe(Effect.scoped, Effect.provide(layer))
      }),
    ),
)
