/** Fault model: a seal loses its last rows in the middle of a batch; or an archive is taken away together with its seal. */
import { type Files, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { Effect, type Scope } from "effect"
import { describe, expect, it } from "vitest"
import { compressArchives, makeJsonlStore, repairLedger, verifyLedger } from "../src/index.ts"
import { is_gone, lacksRows } from "../src/jsonl/lackingRows.ts"
import { archiveName, firstOfArchive, sealName } from "../src/jsonl/Layout.ts"
import { row_bytes } from "../src/jsonl/Rows.ts"
import { bytesOf, folder, snapshot, textOfBytes } from "./support/simulated.ts"
import { brief, collect, ledgerOver, named, origin, write, written } from "./support/texts.ts"

const open = Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes: 1500, compress: false }), ledgerOver)
const verify = verifyLedger({ root: "/r" })
const repair = repairLedger({ root: "/r", actor: "operator", requestId: "repair" })
const read = Effect.flatMap(open, (ledger) => Effect.map(collect(ledger.read()), (events) => events.map(brief)))
const streams = Effect.flatMap(open, (ledger) =>
  Effect.forEach(["j0", "j1", "j2"], (job) =>
    Effect.map(collect(ledger.readStream(job)), (events) => events.map(brief)),
  ),
)
const batch = (n: number) => [written("j0", `${n}-0`), written("j1", `${n}-1`), named("j2", `key-${n}`)]

/** Eight batches of three facts, in some archives and the file that is appended to. */
const grown = (run: (disk: MemoryDisk) => Effect.Effect<unknown, unknown, Files | Scope.Scope>) => {
  const { disk, layer } = makeMemoryFiles()
  const program = Effect.gen(function* () {
    const ledger = yield* open
    for (let n = 1; n <= 8; n++) yield* ledger.append(batch(n), origin(`r${n}`))
    yield* Effect.scoped(run(disk))
  })
  return Effect.runPromise(Effect.scoped(Effect.provide(program, layer)))
}

const archives = (disk: MemoryDisk) =>
  disk.files(folder).flatMap((path) => firstOfArchive(path.slice(folder.length + 1)) ?? [])
const sealPath = (first: number) => `${folder}/seals/${sealName(first)}`
const cutRows = (disk: MemoryDisk, path: string, rows: number) => {
  const bytes = disk.bytes(path) ?? new Uint8Array()
  disk.overwrite(path, bytes.subarray(0, bytes.byteLength - rows * row_bytes))
}
const activeSeal = (disk: MemoryDisk) => disk.files(`${folder}/seals`).findLast((path) => path.endsWith(".seal")) ?? ""

describe.each([
  ["a plain archive", Effect.void],
  ["a compressed archive", Effect.asVoid(compressArchives("/r"))],
])("the seal of %s", (_, compress) => {
  it.each([1, 2])("cut in the middle of a batch, by %i rows: everything is read, also after a repair", (rows) =>
    grown((disk) =>
      Effect.gen(function* () {
        yield* compress
        const before = [yield* read, yield* streams]
        const first = archives(disk).at(-1) ?? 0
        const whole = disk.bytes(sealPath(first))
        cutRows(disk, sealPath(first), rows)
        expect([yield* read, yield* streams]).toEqual(before)
        const { flaws, unsealed } = yield* verify
        expect([unsealed, flaws]).toMatchObject([rows, [{ error: lacksRows(first) }]])
        expect((yield* (yield* open).health).corrupt).toEqual([])
        expect((yield* repair).flaws).toEqual(flaws)
        expect(disk.bytes(sealPath(first))).toEqual(whole)
        expect((yield* read).slice(0, 24)).toEqual(before[0])
        expect(yield* streams).toEqual(before[1])
        expect(yield* verify).toMatchObject({ flaws: [], unsealed: 0 })
        const ledger = yield* open
        for (let n = 1; n <= 8; n++)
          expect((yield* Effect.flip(ledger.append([named("again", `key-${n}`)], origin("other"))))._tag).toBe(
            "Conflict",
          )
      }),
    ),
  )
})

it("what is sealed of a batch whose last rows are gone is still told from what was written, and not sealed anew", () =>
  grown((disk) =>
    Effect.gen(function* () {
      const first = archives(disk).at(-1) ?? 0
      const path = `${folder}/${archiveName(first)}`
      cutRows(disk, sealPath(first), 1)
      const [sealed] = /"\d-1"/u.exec(textOfBytes(disk.bytes(path)).split("\n").at(-3) ?? "") ?? [""]
      disk.overwrite(path, bytesOf(textOfBytes(disk.bytes(path)).replace(sealed, '"x-1"')))
      const changed = expect.objectContaining({ error: "its bytes have changed since they were sealed" })
      expect((yield* verify).flaws).toContainEqual(changed)
      yield* repair
      expect((yield* verify).flaws).toContainEqual(changed)
      expect((yield* read).join()).not.toContain("x-1")
    }),
  ))

it.each([1, 2])(
  "rows of the file that is appended to, lost in the middle of a batch (%i), are no flaw, and there is nothing to repair",
  (rows) =>
    grown((disk) =>
      Effect.gen(function* () {
        const before = [yield* read, yield* streams]
        const path = activeSeal(disk)
        const whole = disk.bytes(path)
        cutRows(disk, path, rows)
        expect(yield* verify).toMatchObject({ flaws: [], sealed: 24 - rows, unsealed: rows, torn_bytes: 0 })
        const files = snapshot(disk)
        expect(yield* repair).toEqual({ fact: undefined, flaws: [] })
        expect(snapshot(disk)).toEqual(files)
        expect([yield* read, yield* streams]).toEqual(before)
        yield* Effect.flatMap(open, (ledger) => write(ledger, "j0", "after"))
        expect(disk.bytes(path)?.subarray(0, whole?.byteLength)).toEqual(whole)
        expect(yield* verify).toMatchObject({ flaws: [], unsealed: 0 })
      }),
    ),
)

it.each([0, 1, 2])(
  "archive %i gone with its seal: its positions are named, and nothing is appended before a repair",
  (i) =>
    grown((disk) =>
      Effect.gen(function* () {
        const firsts = [...archives(disk), 1 + Number(/p(\d+)\.seal/u.exec(activeSeal(disk))?.[1]) - 1]
        const [first = 0, next = 0] = firsts.slice(i)
        const before = yield* read
        disk.remove(`${folder}/${archiveName(first)}`)
        disk.remove(sealPath(first))
        const lost = { file: archiveName(first), error: is_gone, positions: [first, next - 1] }
        expect((yield* verify).flaws).toMatchObject([lost])
        const ledger = yield* open
        expect((yield* ledger.health).damage).toEqual([lost])
        expect((yield* Effect.flip(write(ledger, "j0", "no"))).message).toContain(`${archiveName(first)}: is missing`)
        const left = before.filter((_, at) => at + 1 < first || at + 1 >= next)
        expect(yield* read).toEqual(left)
        expect((yield* repair).fact?.position).toBe(25)
        yield* write(yield* open, "j0", "after")
        expect((yield* repair).fact).toBeUndefined()
        expect((yield* verify).flaws).toMatchObject([{ ...lost, isAcknowledged: true }])
      }),
    ),
)

it("an archive cut together with its seal: what it lacks is named by its positions", () =>
  grown((disk) =>
    Effect.gen(function* () {
      const [first = 0, next = 0] = archives(disk)
      const path = `${folder}/${archiveName(first)}`
      const lines = textOfBytes(disk.bytes(path)).split("\n")
      disk.remove(sealPath(first))
      disk.overwrite(path, bytesOf(`${lines.slice(0, 3).join("\n")}\n`))
      const lost = { error: is_gone, positions: [first + 3, next - 1] }
      expect((yield* verify).flaws).toContainEqual(expect.objectContaining(lost))
      expect((yield* (yield* open).health).damage).toContainEqual(expect.objectContaining(lost))
      yield* repair
      yield* write(yield* open, "j0", "after")
      expect((yield* repair).fact).toBeUndefined()
    }),
  ))

it.each([
  ["an archive that is missing", (disk: MemoryDisk) => disk.remove(`${folder}/${archiveName(1)}`)],
  ["an archive that appeared", (disk: MemoryDisk) => disk.plant(`${folder}/ledger.2026.jsonl`, bytesOf("{}\n"))],
  ["a seal that is gone", (disk: MemoryDisk) => disk.remove(sealPath(1))],
  ["a file that lacks sealed bytes", (disk: MemoryDisk) => disk.overwrite(`${folder}/ledger.jsonl`, bytesOf(""))],
])("a second repair of %s writes nothing", (_, injure) =>
  grown((disk) =>
    Effect.gen(function* () {
      injure(disk)
      expect((yield* repair).fact).toBeDefined()
      yield* write(yield* open, "j0", "after")
      const files = snapshot(disk)
      expect(yield* repair).toEqual({ fact: undefined, flaws: [] })
      expect(snapshot(disk)).toEqual(files)
    }),
  ),
)
