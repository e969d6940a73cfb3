/** Fault model: while a store is open, files of the past are taken away, or a later version writes its mark. */
import { layerFaultyFiles, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { Effect } from "effect"
import { crc32 } from "node:zlib"
import { expect, it } from "vitest"
import { makeJsonlStore, verifyLedger } from "../src/index.ts"
import { archiveName, sealName } from "../src/jsonl/Layout.ts"
import { bytesOf, folder } from "./support/simulated.ts"
import { ledgerOver, write } from "./support/texts.ts"

const open = Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes: 900, compress: false }), ledgerOver)
const said = '"format":9,"by":"waybill"'
const newer = bytesOf(`{${said},"crc32":"${crc32(said).toString(16).padStart(8, "0")}"}\n`)
const archive = archiveName(1)
const seal = `seals/${sealName(1)}`

it.each([
  [
    "an archive that is taken away",
    archive,
    (disk: MemoryDisk) => disk.remove(`${folder}/${archive}`),
    /^is missing$/u,
  ],
  ["a seal that is taken away", seal, (disk: MemoryDisk) => disk.remove(`${folder}/${seal}`), /^is missing$/u],
  [
    "the mark of a later version",
    "seals/format.json",
    (disk: MemoryDisk) => disk.overwrite(`${folder}/seals/format.json`, newer),
    /^a newer Waybill has written here \(format 9; this one knows up to 1\)/u,
  ],
] as const)("%s under an open store: its health says so", (_, file, change, error) => {
  const { disk, layer } = makeMemoryFiles()
  return Effect.runPromise(
    Effect.gen(function* () {
      const ledger = yield* open
      for (let i = 1; i <= 12; i++) yield* write(ledger, "a", `n${i}`)
      expect((yield* ledger.health).damage).toBeUndefined()
      change(disk)
      expect((yield* ledger.health).damage).toMatchObject([{ file, error: expect.stringMatching(error) }])
    }).pipe(Effect.scoped, Effect.provide(layer)),
  )
})

it("folders that nobody has changed are not listed again for a ledger's health, however much past there is", () => {
  const { layer } = makeMemoryFiles()
  let lists = 0
  const counted = layerFaultyFiles(layer, (operation) => {
    if (operation === "list") lists++
    return undefined
  })
  return Effect.runPromise(
    Effect.gen(function* () {
      const ledger = yield* open
      for (let i = 1; i <= 12; i++) yield* write(ledger, "a", `n${i}`)
      const first = yield* ledger.health
      lists = 0
      expect(yield* ledger.health).toEqual(first)
      expect(lists).toBe(0)
      // A rotation changes the names in the folder.
      for (let i = 13; i <= 24; i++) yield* write(ledger, "a", `n${i}`)
      yield* ledger.health
      expect(lists).toBeGreaterThan(0)
    }).pipe(Effect.scoped, Effect.provide(counted)),
  )
})

it("what no seal covers is as much to health as to verify: blank lines behind it are none", () => {
  const { disk, layer } = makeMemoryFiles()
  return Effect.runPromise(
    Effect.gen(function* () {
      yield* write(yield* open, "a", "n1")
      const path = `${folder}/ledger.jsonl`
      const line = Buffer.from(disk.bytes(path) ?? [])
        .toString()
        .replace("000001", "000002")
      disk.overwrite(path, Buffer.concat([disk.bytes(path) ?? bytesOf(""), bytesOf(`${line}\n \n`)]))
      const { unsealed, unsealed_bytes } = yield* verifyLedger({ root: "/r" })
      expect([unsealed, unsealed_bytes]).toEqual([1, line.length])
      expect((yield* (yield* open).health).unsealed_bytes).toBe(unsealed_bytes)
    }).pipe(Effect.scoped, Effect.provide(layer)),
  )
})
