/**
 * Fault model: a seal is taken away, emptied or cut, or all seals with their mark, while nobody appends; the lines stay what
 * they are, or one of them is edited too.
 */
import { type Files, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { StoreRefused } from "@waybill/ledger"
import { Effect, type Scope } from "effect"
import { describe, expect, it } from "vitest"
import { chainHead, compressArchives, makeJsonlStore, repairLedger, verifyLedger } from "../src/index.ts"
import { lacksRows } from "../src/jsonl/lackingRows.ts"
import { archiveName, sealName } from "../src/jsonl/Layout.ts"
import { row_bytes } from "../src/jsonl/Rows.ts"
import { header_bytes } from "../src/jsonl/SealHeader.ts"
import { bytesOf, folder, simulated, snapshot, textOfBytes } from "./support/simulated.ts"
import { brief, collect, ledgerOver, textOf, write } from "./support/texts.ts"

const open = Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes: 900, compress: false }), ledgerOver)
const seals = `${folder}/seals`
const lacks_rows = lacksRows(1)
const firstSeal = `${seals}/${sealName(1)}`
const firstArchive = `${folder}/${archiveName(1)}`
const repair = repairLedger({ root: "/r", actor: "operator", requestId: "repair" })
const verify = verifyLedger({ root: "/r" })

/** Three archives and an active file, of nine and some records. */
const grown = (run: (disk: MemoryDisk) => Effect.Effect<unknown, unknown, Files | Scope.Scope>) => {
  const { disk, layer } = makeMemoryFiles()
  const program = Effect.gen(function* () {
    const ledger = yield* open
    for (let i = 1; i <= 14; i++) yield* write(ledger, "a", `n${i}`)
    yield* Effect.scoped(run(disk))
  })
  return Effect.runPromise(Effect.scoped(Effect.provide(program, layer)))
}

const edit = (disk: MemoryDisk, path: string, from: string, to: string) =>
  disk.overwrite(path, bytesOf(textOfBytes(disk.bytes(path)).replace(from, to)))
const cutRows = (disk: MemoryDisk, path: string, rows: number) => {
  const bytes = disk.bytes(path) ?? new Uint8Array()
  disk.overwrite(path, bytes.subarray(0, bytes.byteLength - rows * row_bytes))
}
const rowsOf = (disk: MemoryDisk, path: string) =>
  Math.floor(((disk.bytes(path)?.byteLength ?? header_bytes) - header_bytes) / row_bytes)

const injuries: ReadonlyArray<readonly [string, (disk: MemoryDisk) => void, (rows: number) => number]> = [
  ["taken away", (disk) => disk.remove(firstSeal), (rows) => rows],
  ["emptied", (disk) => disk.overwrite(firstSeal, new Uint8Array()), (rows) => rows],
  ["cut by its last row", (disk) => cutRows(disk, firstSeal, 1), () => 1],
  ["cut by two rows", (disk) => cutRows(disk, firstSeal, 2), () => 2],
  ["cut within its last row", (disk) => cutRows(disk, firstSeal, 0.5), () => 1],
]

describe.each([
  ["a plain archive", Effect.void],
  ["a compressed archive", Effect.asVoid(compressArchives("/r"))],
])("the seal of %s", (form, compress) => {
  it.each(injuries)(
    "%s is named by verify and health, and nothing is appended, until it is repaired",
    (_, injure, unsealedOf) =>
      grown((disk) =>
        Effect.gen(function* () {
          yield* compress
          const held = yield* Effect.flatMap(open, (ledger) => collect(ledger.read()))
          const unsealed = unsealedOf(rowsOf(disk, firstSeal))
          injure(disk)
          const before = snapshot(disk)
          const found = yield* verify
          const name = `${archiveName(1)}${form === "a plain archive" ? "" : ".gz"}`
          expect(found.flaws).toContainEqual(expect.objectContaining({ file: name, error: lacks_rows }))
          expect([found.sealed, found.unsealed]).toEqual([14 - unsealed, unsealed])
          const ledger = yield* open
          expect((yield* collect(ledger.read())).map(brief)).toEqual(held.map(brief))
          expect((yield* ledger.health).damage).toContainEqual(
            expect.objectContaining({ file: name, error: lacks_rows }),
          )
          const refused = yield* Effect.flip(write(ledger, "a", "no"))
          expect([refused instanceof StoreRefused, refused.message.includes(lacks_rows)]).toEqual([true, true])
          expect(snapshot(disk)).toEqual(before)

          // The fact keeps the digest of what stood there when somebody took it for true.
          const { flaws } = yield* repair
          const kept = found.flaws.find(({ error }) => error === lacks_rows)
          expect(kept?.digest).toMatch(/^[\da-f]{64}$/u)
          expect(flaws).toContainEqual(kept)
          yield* write(ledger, "a", "after")
          yield* write(yield* open, "a", "after that")
          const { flaws: left, unsealed: open_ } = yield* verify
          expect([left.filter(({ isAcknowledged }) => isAcknowledged !== true), open_]).toEqual([[], 0])
          expect((yield* collect((yield* open).read())).map(textOf)).toEqual([
            ...held.map(textOf),
            "",
            "after",
            "after that",
          ])
        }),
      ),
  )
})

it("an edited line is told by what the next seal goes on from, though its own seal is gone, also after a repair", () =>
  grown((disk) =>
    Effect.gen(function* () {
      disk.remove(firstSeal)
      edit(disk, firstArchive, "n2", "m2")
      const broken = (yield* verify).flaws.filter(({ error }) => error.includes("chain does not go on"))
      expect(broken).toHaveLength(1)
      yield* repair
      expect((yield* verify).flaws).toContainEqual({ ...broken[0], isAcknowledged: true })
    }),
  ))

it("all seals gone, with their mark: every archive is damage, and nothing is sealed anew as if it were true", () =>
  grown((disk) =>
    Effect.gen(function* () {
      const head = yield* chainHead("/r")
      disk.remove(seals)
      edit(disk, firstArchive, "n2", "m2")
      const { flaws, sealed, unsealed } = yield* verify
      expect([sealed, unsealed]).toEqual([0, 14])
      expect(flaws.map(({ error }) => error)).toContain(lacks_rows)
      expect(flaws.filter(({ error }) => !error.endsWith(lacks_rows.slice(-60)))).toEqual([])
      expect(yield* Effect.flip(Effect.flatMap(open, (ledger) => write(ledger, "a", "no")))).toBeInstanceOf(
        StoreRefused,
      )
      // A head that was kept tells even so.
      const kept = head === undefined ? [] : [head]
      expect((yield* verifyLedger({ root: "/r", expect: kept })).flaws.map(({ error }) => error)).toContain(
        "the past up to position 14 is not the one whose head was kept",
      )
      edit(disk, firstArchive, "m2", "n2")
      const errors = (yield* verifyLedger({ root: "/r", expect: kept })).flaws.map(({ error }) => error)
      expect(errors.filter((error) => !error.endsWith(lacks_rows.slice(-60)))).toEqual([])
    }),
  ))

it("the mark alone gone: the seals hold all the same, and the next append puts it back", () =>
  grown((disk) =>
    Effect.gen(function* () {
      const mark = `${seals}/format.json`
      const before = disk.bytes(mark)
      disk.remove(mark)
      expect(yield* verify).toMatchObject({ flaws: [], sealed: 14, unsealed: 0 })
      yield* Effect.flatMap(open, (ledger) => write(ledger, "a", "after"))
      expect(disk.bytes(mark)).toEqual(before)
    }),
  ))

it("rows of the file that is appended to may be lost with the power: they are counted as not sealed, and made again", () =>
  grown((disk) =>
    Effect.gen(function* () {
      const active = disk.files(seals).findLast((path) => path.endsWith(".seal")) ?? ""
      const rows = rowsOf(disk, active)
      for (const injure of [() => cutRows(disk, active, 1), () => disk.remove(active)]) {
        injure()
        const { flaws, unsealed } = yield* verify
        expect([flaws, unsealed > 0]).toEqual([[], true])
        yield* Effect.flatMap(open, (ledger) => write(ledger, "a", "m"))
        expect(yield* verify).toMatchObject({ flaws: [], unsealed: 0 })
      }
      expect(rowsOf(disk, active)).toBe(rows + 2)
    }),
  ))

it("a head of nothing holds for every ledger, also for one that is not there", async () => {
  const nothing = { position: 0, sha256: "0".repeat(64) }
  const flawsOf = verifyLedger({ root: "/r", expect: [nothing] })
  const { layer } = simulated("")
  expect((await Effect.runPromise(Effect.provide(flawsOf, layer))).flaws).toEqual([])
  expect((await Effect.runPromise(Effect.provide(flawsOf, makeMemoryFiles().layer))).flaws).toEqual([])
  await grown(() => Effect.map(flawsOf, ({ flaws }) => expect(flaws).toEqual([])))
  const wrong = verifyLedger({ root: "/r", expect: [{ ...nothing, sha256: "1".repeat(64) }] })
  expect((await Effect.runPromise(Effect.provide(wrong, layer))).flaws).toHaveLength(1)
})
