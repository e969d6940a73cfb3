/** Directories as JobSpec's reference daemon leaves them (JobSpec v0 §7). */
import { Files, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { encodeLine, type LedgerEvent } from "@waybill/ledger"
import { Effect, type Scope, Stream } from "effect"
import { gzipSync } from "node:zlib"
import { expect, it } from "vitest"
import { importLines, makeJsonlStore, verifyLedger } from "../src/index.ts"
import { bytesOf, file, folder, snapshot, textOfBytes } from "./support/simulated.ts"
import { collect, ledgerOver, textOf, write } from "./support/texts.ts"

/** A line of the reference daemon's: dots in ids are replaced, and the number runs ahead of the position. */
const daemonLine = (n: number, text: string, more: Partial<LedgerEvent> = {}): string =>
  encodeLine({
    schema_version: 1,
    event_id: `evt_note_written_j${n % 3}_${String(n * 3).padStart(6, "0")}`,
    request_id: `req_${n}`,
    job_id: `j${n % 3}`,
    event_type: "note.written",
    occurred_at: "2026-11-20T23:19:56.55839054Z",
    actor: "ao-http:legacy",
    payload: { text },
    ...more,
  })

const stamped = (day: number) => `${folder}/ledger.202611${day}T120000.000000000Z.jsonl`
const open = Effect.flatMap(makeJsonlStore({ root: "/r", poll_ms: 1, compress: false }), ledgerOver)

const withDisk = <A>(
  plant: (disk: MemoryDisk) => void,
  run: (disk: MemoryDisk) => Effect.Effect<A, unknown, Files | Scope.Scope>,
) => {
  const { disk, layer } = makeMemoryFiles()
  return Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        yield* (yield* Files).openDirectory(folder, { create: true })
        plant(disk)
        return yield* run(disk)
      }),
    ).pipe(Effect.provide(layer)),
  )
}

const first = [daemonLine(1, "one"), "", daemonLine(2, "two"), "{ corrupt", daemonLine(1, "one")].join("\n")
const second = `${daemonLine(3, "three")}\n  \n${daemonLine(2, "two, told again")}\n${daemonLine(4, "four")}\n{"partial`
const last = `${daemonLine(5, "five")}\n${daemonLine(1, "one")}\n${daemonLine(6, "six")}\n{"schema_version":1,"even`

const plantAll = (disk: MemoryDisk) => {
  disk.plant(`${stamped(18)}.gz`, gzipSync(`${first}\n`))
  disk.plant(stamped(19), bytesOf(second))
  disk.plant(file, bytesOf(last))
}

it("archives plain and gzip, duplicates, blank, damaged and partial lines are read as they are, and nothing is written", () =>
  withDisk(plantAll, (disk) =>
    Effect.gen(function* () {
      const before = snapshot(disk)
      const ledger = yield* open
      const events = yield* collect(ledger.read())
      expect(events.map(({ position }) => [position, textOf])).toHaveLength(6)
      expect(events.map((event) => [event.position, textOf(event)])).toEqual([
        [1, "one"],
        [2, "two"],
        [5, "three"],
        [7, "four"],
        [9, "five"],
        [11, "six"],
      ])
      expect((yield* collect(ledger.readStream("j1"))).map(({ position }) => position)).toEqual([1, 7])
      const health = yield* ledger.health
      expect(health.corrupt.map(({ error, line_number, position }) => [position, line_number, error])).toEqual([
        [3, 4, expect.stringContaining("invalid json")],
        [8, 10, "partial trailing line at EOF"],
      ])
      expect(health.torn_bytes).toBe('{"schema_version":1,"even'.length)
      expect(snapshot(disk)).toEqual(before)
    }),
  ))

it("the first append fixes the positions of the whole past: every line of it is sealed, none is changed", () =>
  withDisk(plantAll, (disk) =>
    Effect.gen(function* () {
      const archives = snapshot(disk).filter(([path]) => path.includes("2026"))
      const before = yield* collect((yield* open).read())
      const [fact] = yield* write(yield* open, "j1", "ours")
      expect(fact?.position).toBe(12)
      expect(snapshot(disk).filter(([path]) => path.includes("2026"))).toEqual(archives)
      expect(textOfBytes(disk.bytes(file)).startsWith(last.slice(0, last.lastIndexOf("\n") + 1))).toBe(true)
      const again = yield* collect((yield* open).read())
      expect(again.slice(0, -1)).toEqual(before)
      const { flaws, sealed, unsealed } = yield* verifyLedger({ root: "/r" })
      expect([sealed, unsealed, flaws.map(({ position }) => position)]).toEqual([12, 0, [3, 8]])
      expect((yield* collect((yield* open).readStream("j1"))).map(({ position }) => position)).toEqual([1, 7, 12])
    }),
  ))

it("an append of ours never takes an id that the daemon gave to an earlier line", () =>
  withDisk(
    (disk) => disk.plant(file, bytesOf(`${daemonLine(1, "x", { event_id: "evt_note.written_a_000002" })}\n`)),
    () =>
      Effect.gen(function* () {
        const refused = yield* Effect.flip(write(yield* open, "a", "ours"))
        expect(refused._tag).toBe("StoreRefused")
        yield* write(yield* open, "b", "ours")
      }),
  ))

it("lines that the daemon appends to a sealed ledger are read, copies of sealed lines among them once", () =>
  withDisk(plantAll, (disk) =>
    Effect.gen(function* () {
      yield* write(yield* open, "j1", "ours")
      const more = `${daemonLine(7, "seven")}\n${daemonLine(3, "three")}\n${daemonLine(7, "seven")}\n`
      disk.overwrite(file, bytesOf(textOfBytes(disk.bytes(file)) + more))
      const events = yield* collect((yield* open).read())
      expect(events.slice(-2).map((event) => [event.position, textOf(event)])).toEqual([
        [12, "ours"],
        [13, "seven"],
      ])
      const [fact] = yield* write(yield* open, "j1", "ours")
      expect(fact?.position).toBe(16)
    }),
  ))

it("an archive that cannot be read is named, the rest is read, and nothing is appended before somebody has seen to it", () =>
  withDisk(
    (disk) => {
      plantAll(disk)
      disk.plant(`${stamped(18)}.gz`, gzipSync(first).subarray(0, 60))
    },
    () =>
      Effect.gen(function* () {
        const ledger = yield* open
        const texts = (yield* collect(ledger.read())).map(textOf)
        expect(texts).toEqual(["three", "two, told again", "four", "five", "one", "six"])
        const { damage } = yield* ledger.health
        expect(damage?.map(({ file: name }) => name)).toEqual(["ledger.20261118T120000.000000000Z.jsonl.gz"])
        const refused = yield* Effect.flip(write(ledger, "j1", "ours"))
        expect(refused.message).toContain("ledger.20261118T120000.000000000Z.jsonl.gz")
      }),
  ))

it("an archive that appears after the ledger was sealed is named and not read", () =>
  withDisk(plantAll, (disk) =>
    Effect.gen(function* () {
      yield* write(yield* open, "j1", "ours")
      disk.plant(stamped(17), bytesOf(`${daemonLine(9, "nine")}\n`))
      const ledger = yield* open
      expect((yield* collect(ledger.read())).map(textOf)).not.toContain("nine")
      expect((yield* ledger.health).damage?.map(({ file: name }) => `${folder}/${name}`)).toEqual([stamped(17)])
      expect((yield* Effect.flip(write(ledger, "j1", "more")))._tag).toBe("StoreRefused")
    }),
  ))

it("a folder that a newer Waybill has written is refused, with the version to use", () =>
  withDisk(
    () => {},
    (disk) =>
      Effect.gen(function* () {
        yield* write(yield* open, "a", "one")
        yield* write(yield* open, "a", "two")
        const { crc32 } = yield* Effect.promise(() => import("node:zlib"))
        const said = '"format":2,"by":"waybill","and":"more"'
        disk.overwrite(
          `${folder}/seals/format.json`,
          bytesOf(`{${said},"crc32":"${crc32(said).toString(16).padStart(8, "0")}"}\n`),
        )
        const before = snapshot(disk)
        const refused = yield* Effect.flip(Effect.flatMap(open, (ledger) => collect(ledger.read())))
        expect(refused).toMatchObject({ _tag: "StoreRefused" })
        expect(refused.message).toContain("newer Waybill (format 2")
        expect(snapshot(disk)).toEqual(before)
      }),
  ))

it("lines are imported into an empty ledger, to the byte, and into no other", () =>
  withDisk(
    () => {},
    (disk) =>
      Effect.gen(function* () {
        const text = `${daemonLine(1, "one")}\n\n${daemonLine(2, "two")}\n`
        const lines = Stream.fromIterable([bytesOf(text.slice(0, 50)), bytesOf(text.slice(50))])
        const bad = Stream.make(bytesOf(`${daemonLine(1, "one")}\n{"no":1}\n`))
        const refused = yield* Effect.flip(importLines({ root: "/r", lines: bad }))
        expect(refused).toMatchObject({ _tag: "ImportRefused", line_number: 2 })
        expect((yield* collect((yield* open).read())).length).toBe(0)
        expect(yield* importLines({ root: "/r", lines })).toBe(2)
        expect(textOfBytes(disk.bytes(file))).toBe(text)
        expect((yield* Effect.flip(importLines({ root: "/r", lines })))._tag).toBe("StoreRefused")
        expect((yield* collect((yield* open).read())).map(({ position }) => position)).toEqual([1, 2])
      }),
  ))
