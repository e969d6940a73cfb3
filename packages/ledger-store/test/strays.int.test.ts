/** Fault model: somebody puts files into the ledger's folder that bear the names of archives or seals and are none of this ledger's. */
import { type Files, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { StoreRefused } from "@waybill/ledger"
import { Effect, type Scope } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore, repairLedger, verifyLedger } from "../src/index.ts"
import { archiveName, ledger_name, sealName } from "../src/jsonl/Layout.ts"
import { bytesOf, folder, noteLine, snapshot } from "./support/simulated.ts"
import { brief, collect, ledgerOver, write } from "./support/texts.ts"

const openedWith = (rotate_bytes: number) =>
  Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes, compress: false }), ledgerOver)
const open = openedWith(900)
const read = Effect.map(
  Effect.flatMap(open, (ledger) => collect(ledger.read())),
  (events) => events.map(brief),
)
const repair = repairLedger({ root: "/r", actor: "operator", requestId: "repair" })
const verify = verifyLedger({ root: "/r" })
const active = `${folder}/${ledger_name}`

/** A ledger of one file, or with archives before it. */
const within = <A>(
  { files }: { readonly files: "one" | "many" },
  run: (disk: MemoryDisk) => Effect.Effect<A, unknown, Files | Scope.Scope>,
) => {
  const { disk, layer } = makeMemoryFiles()
  const grow = Effect.flatMap(openedWith(files === "one" ? 1_000_000 : 900), (ledger) =>
    Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], (i) => write(ledger, "a", `n${i}`, "more")),
  )
  return Effect.runPromise(Effect.scoped(Effect.provide(Effect.andThen(Effect.scoped(grow), run(disk)), layer)))
}

const theirs = (from: number) => bytesOf([0, 1, 2].map((i) => `${noteLine(from + i, "theirs")}\n`).join(""))
const sealBytesOf = (disk: MemoryDisk) => (disk.bytes(`${folder}/seals/${sealName(1)}`) ?? bytesOf("")).slice()

const strays: ReadonlyArray<readonly [string, string, (disk: MemoryDisk) => Uint8Array]> = [
  ["an empty archive, far ahead", archiveName(777), () => bytesOf("")],
  ["another ledger's, far ahead", archiveName(777), () => theirs(1)],
  ["one that tells the position of its name", archiveName(777), () => theirs(777)],
  ["another ledger's, right behind the last record", archiveName(17), () => theirs(1)],
  ["another ledger's, in the middle of a file", archiveName(2), () => theirs(1)],
  ["another ledger's, in the middle of the last file", archiveName(16), () => theirs(1)],
  ["one of position 0", archiveName(0), () => bytesOf("{}\n")],
  ["one of a position that cannot be counted", "ledger.p10000000000000000000.jsonl", () => bytesOf("{}\n")],
  ["one of the highest number", "ledger.p99999999999999999999.jsonl", () => bytesOf("{}\n")],
  ["one of the highest position", archiveName(2 ** 52), () => bytesOf("{}\n")],
  ["an empty seal", `seals/${sealName(777)}`, () => bytesOf("")],
  ["a seal of another file", `seals/${sealName(777)}`, sealBytesOf],
]

const cases = strays.flatMap(([what, name, bytes]) =>
  (["one", "many"] as const).map((files) => ({ what, name, bytes, files })),
)

it.each(cases)(
  "$what among the files of a ledger ($files): it is named and passed over, and all else is read where it was",
  ({ bytes, files, name }) =>
    within({ files }, (disk) =>
      Effect.gen(function* () {
        const truth = yield* read
        disk.plant(`${folder}/${name}`, bytes(disk))
        const before = snapshot(disk)
        expect(yield* read).toEqual(truth)
        const ledger = yield* open
        expect((yield* collect(ledger.readStream("a"))).map(brief)).toEqual(truth)
        expect((yield* collect(ledger.readBackwards())).map(brief)).toEqual(truth.toReversed())
        const found = yield* verify
        expect(found.flaws.map(({ file }) => file)).toEqual([name])
        expect([found.sealed, found.head?.position]).toEqual([truth.length, truth.length])
        expect((yield* ledger.health).damage?.map(({ file }) => file)).toEqual([name])
        expect(snapshot(disk)).toEqual(before)
        expect((yield* repair).fact?.position).toBe(truth.length + 1)
        expect(disk.files(folder).filter((path) => !before.some(([old]) => old === path))).toEqual([])
        expect((yield* repair).flaws).toEqual([])
        expect((yield* write(yield* open, "a", "after"))[0]?.position).toBe(truth.length + 2)
        disk.remove(`${folder}/${name}`)
        expect((yield* read).slice(0, truth.length)).toEqual(truth)
        expect((yield* verify).flaws).toEqual([])
      }),
    ),
)

it("positions run on without a gap past the one that a stray claims, over every rotation, for whoever opens the ledger anew", () =>
  within({ files: "many" }, (disk) =>
    Effect.gen(function* () {
      disk.plant(`${folder}/${archiveName(23)}`, theirs(1))
      yield* repair
      for (let position = 18; position < 40; position++) {
        const ledger = yield* open
        expect((yield* write(ledger, "a", `n${position}`))[0]?.position).toBe(position)
        expect((yield* collect(ledger.read())).length).toBe(position)
      }
      expect((yield* repair).flaws).toEqual([])
    }),
  ))

it("a file that bears the name of the next archive is never replaced: whoever makes the archive is told to move it", () =>
  within({ files: "one" }, (disk) =>
    Effect.gen(function* () {
      const ledger = yield* open
      const truth = (yield* collect(ledger.read())).map(brief)
      const name = `${folder}/${archiveName(1)}`
      disk.plant(name, theirs(1))
      const kept = (disk.bytes(active) ?? bytesOf("")).slice()
      const refused = yield* Effect.flip(write(ledger, "a", "after"))
      expect(refused).toBeInstanceOf(StoreRefused)
      expect(refused.message).toContain(`${archiveName(1)} is in the way of making an archive of ledger.jsonl: move it`)
      expect([disk.bytes(name), disk.bytes(active)]).toEqual([theirs(1), kept])
      disk.remove(name)
      yield* write(ledger, "a", "after")
      expect((yield* read).slice(0, truth.length)).toEqual(truth)
    }),
  ))
