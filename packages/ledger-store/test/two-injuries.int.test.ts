/** Fault model: an archive of ours and its seal are both injured, so that neither tells what the other was. */
import { type Files, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { Effect, type Scope } from "effect"
import { expect, it } from "vitest"
import { compressArchives, makeJsonlStore, repairLedger, verifyLedger } from "../src/index.ts"
import { archiveName, sealName } from "../src/jsonl/Layout.ts"
import { folder } from "./support/simulated.ts"
import { collect, ledgerOver, textOf, write } from "./support/texts.ts"

const open = Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes: 900, compress: false }), ledgerOver)
const verify = verifyLedger({ root: "/r" })
const repair = repairLedger({ root: "/r", actor: "operator", requestId: "repair" })
const texts = Effect.flatMap(open, (ledger) => Effect.map(collect(ledger.read()), (events) => events.map(textOf)))
const append = (text: string) => Effect.flatMap(open, (ledger) => write(ledger, "b", text))

const within = <A>(run: (disk: MemoryDisk) => Effect.Effect<A, unknown, Files | Scope.Scope>) => {
  const { disk, layer } = makeMemoryFiles()
  return Effect.runPromise(Effect.scoped(Effect.provide(run(disk), layer)))
}

const path = `${folder}/${archiveName(1)}.gz`
const flip = (disk: MemoryDisk) =>
  disk.overwrite(
    path,
    (disk.bytes(path) ?? new Uint8Array()).map((byte, i) => (i === 40 ? byte ^ 16 : byte)),
  )
const cut = (disk: MemoryDisk) => disk.overwrite(path, (disk.bytes(path) ?? new Uint8Array()).subarray(0, 50))
const seal = `${folder}/seals/${sealName(1)}`
const cutSeal = (disk: MemoryDisk) =>
  disk.overwrite(seal, (disk.bytes(seal) ?? new Uint8Array()).subarray(0, 2048 + 96))

it.each([
  ["flipped, and its seal gone", flip, (disk: MemoryDisk) => disk.remove(seal)],
  ["cut, and its seal gone", cut, (disk: MemoryDisk) => disk.remove(seal)],
  ["flipped, and its seal cut", flip, cutSeal],
  ["cut, and all seals gone", cut, (disk: MemoryDisk) => disk.remove(`${folder}/seals`)],
  ["gone, and its seal cut", (disk: MemoryDisk) => disk.remove(path), cutSeal],
])("an archive of ours that is %s: every position of it is named, and one repair is enough", (_, one, two) =>
  within((disk) =>
    Effect.gen(function* () {
      for (let i = 1; i <= 12; i++) yield* append(`n${i}`)
      yield* compressArchives("/r")
      const all = yield* texts
      one(disk)
      two(disk)
      const { flaws } = yield* verify
      const left = yield* texts
      expect(left).toEqual(all.slice(-left.length))
      const names = (position: number) =>
        flaws.some(({ position: at, positions: [from, to] = [at ?? 0, at ?? 0] }) => from <= position && position <= to)
      for (let lost = 1; lost <= 12 - left.length; lost++) expect([lost, names(lost)]).toEqual([lost, true])
      for (const { positions: [from, to] = [0, 0] } of flaws) expect(from <= to).toBe(true)
      expect((yield* Effect.flip(append("no")))._tag).toBe("StoreRefused")
      yield* repair
      yield* append("after")
      expect((yield* repair).fact).toBeUndefined()
      expect((yield* verify).flaws.filter(({ isAcknowledged }) => isAcknowledged !== true)).toEqual([])
      expect(yield* texts).toEqual([...left, "", "after"])
    }),
  ),
)
