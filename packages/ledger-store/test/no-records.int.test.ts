/**
 * Fault model: among the archives of the reference daemon is one that holds no record (JobSpec v0 §7.6), or none that can be
 * read, when the past is sealed. It has no position, and is met again at every opening.
 */
import { Files, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { Effect, type Scope } from "effect"
import { gzipSync } from "node:zlib"
import { expect, it } from "vitest"
import { makeJsonlStore, repairLedger, verifyLedger } from "../src/index.ts"
import { bytesOf, file, folder, noteLine, snapshot } from "./support/simulated.ts"
import { collect, ledgerOver, textOf, write } from "./support/texts.ts"

const open = Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes: 900, compress: false }), ledgerOver)
const verify = verifyLedger({ root: "/r" })
const repair = repairLedger({ root: "/r", actor: "operator", requestId: "repair" })
const archive = (day: number, form = "") => `${folder}/ledger.2026010${day}T000000Z.jsonl${form}`
const line = (position: number) => `${noteLine(position, `n${position}`)}\n`
const texts = Effect.flatMap(open, (ledger) => Effect.map(collect(ledger.read()), (events) => events.map(textOf)))
const append = (text: string) => Effect.flatMap(open, (ledger) => write(ledger, "b", text))

const within = <A>(
  files: Readonly<Record<string, Uint8Array | string>>,
  run: (disk: MemoryDisk) => Effect.Effect<A, unknown, Files | Scope.Scope>,
) => {
  const { disk, layer } = makeMemoryFiles()
  return Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        yield* (yield* Files).openDirectory(folder, { create: true })
        for (const [path, content] of Object.entries(files))
          disk.plant(path, typeof content === "string" ? bytesOf(content) : content)
        return yield* run(disk)
      }),
    ).pipe(Effect.provide(layer)),
  )
}

const empties: ReadonlyArray<readonly [string, string, Uint8Array | string]> = [
  ["of no byte", "", ""],
  ["of blank lines", "", "\n \n\t\r\n"],
  ["of nothing, packed", ".gz", gzipSync("")],
]

it.each(
  empties.flatMap(([name, form, content]) => [1, 2, 3].map((day) => [name, day, archive(day, form), content] as const)),
)("an archive %s, in place %i, keeps nobody from appending, and is no flaw", (_, day, path, content) =>
  within({ [archive(day === 1 ? 2 : 1)]: line(1), [archive(day === 3 ? 2 : 3)]: line(2), [path]: content }, (disk) =>
    Effect.gen(function* () {
      for (let i = 3; i <= 12; i++) yield* append(`n${i}`)
      expect(disk.files(folder).filter((each) => each.includes("ledger.p")).length).toBeGreaterThan(0)
      expect(yield* verify).toMatchObject({ sealed: 12, unsealed: 0, flaws: [] })
      expect(yield* texts).toEqual(Array.from({ length: 12 }, (__, i) => `n${i + 1}`))
      expect((yield* (yield* open).health).damage).toBeUndefined()
      const before = snapshot(disk)
      expect((yield* repair).fact).toBeUndefined()
      expect(snapshot(disk)).toEqual(before)
    }),
  ),
)

it("an archive that held no record and gets some is named, read by nobody, and refused until it is repaired, once", () =>
  within({ [archive(1)]: "", [file]: line(1) }, (disk) =>
    Effect.gen(function* () {
      yield* append("n2")
      disk.overwrite(archive(1), bytesOf(line(3)))
      const error = expect.stringContaining("held no record")
      expect((yield* verify).flaws).toMatchObject([{ file: "ledger.20260101T000000Z.jsonl", error }])
      expect((yield* Effect.flip(append("no")))._tag).toBe("StoreRefused")
      expect((yield* repair).fact?.position).toBe(3)
      yield* append("n4")
      expect(yield* texts).toEqual(["n1", "n2", "", "n4"])
      expect((yield* repair).fact).toBeUndefined()
    }),
  ))

const packed = gzipSync(line(1) + line(2))
const unreadable: ReadonlyArray<readonly [string, Uint8Array]> = [
  ["cut", packed.subarray(0, 60)],
  ["empty", new Uint8Array()],
  ["with something behind it", Buffer.concat([packed, bytesOf("junk")])],
  ["with a byte that became another", packed.map((byte, i) => (i === packed.byteLength - 6 ? byte ^ 1 : byte))],
]

it.each(unreadable)(
  "an archive of an unsealed past, %s, stays named as acknowledged, and one repair is enough",
  (_, content) =>
    within({ [archive(1, ".gz")]: content, [archive(2)]: line(3), [file]: line(4) }, () =>
      Effect.gen(function* () {
        expect((yield* Effect.flip(append("no")))._tag).toBe("StoreRefused")
        const { flaws } = yield* repair
        expect(flaws).toMatchObject([{ file: "ledger.20260101T000000Z.jsonl.gz" }])
        for (const text of ["a", "b"]) yield* append(text)
        expect((yield* verify).flaws).toEqual(flaws.map((flaw) => ({ ...flaw, isAcknowledged: true })))
        expect((yield* (yield* open).health).damage).toMatchObject([{ isAcknowledged: true }])
        expect((yield* repair).fact).toBeUndefined()
        expect(yield* texts).toEqual(["n3", "n4", "", "a", "b"])
      }),
    ),
)
