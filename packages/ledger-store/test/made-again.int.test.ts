/** A ledger that is taken away, cut or made again under a store that has it open; numbers of files are used again. */
import { type Files, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { StoreRefused } from "@waybill/ledger"
import { Effect, type Scope } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore, repairLedger, verifyLedger } from "../src/index.ts"
import { layerReusedInodes } from "./support/reusedInodes.ts"
import { bytesOf, file, folder, textOfBytes } from "./support/simulated.ts"
import { collect, ledgerOver, textOf, write } from "./support/texts.ts"

type Opened = Effect.Success<ReturnType<typeof ledgerOver>>

const openAnew = Effect.flatMap(makeJsonlStore({ root: "/r", compress: false }), ledgerOver)

const on = <A>(run: (disk: MemoryDisk, ledger: Opened) => Effect.Effect<A, unknown, Files | Scope.Scope>) => {
  const { disk, layer } = makeMemoryFiles()
  const opened = Effect.gen(function* () {
    const ledger = yield* openAnew
    yield* write(ledger, "a", "one")
    yield* write(ledger, "a", "two")
    return yield* run(disk, ledger)
  })
  return Effect.runPromise(Effect.scoped(Effect.provide(opened, layerReusedInodes(layer))))
}

/** Looks at the ledger as somebody does who holds on to nothing. */
const textsNow = Effect.scoped(
  Effect.flatMap(openAnew, (ledger) => Effect.map(collect(ledger.read()), (events) => events.map(textOf))),
)

it("a folder that was taken away is made again by the next append, which is the first of a new ledger", () =>
  on((disk, ledger) =>
    Effect.gen(function* () {
      disk.remove(folder)
      const [event] = yield* write(ledger, "a", "anew")
      expect(event?.position).toBe(1)
      yield* write(ledger, "a", "more")
      expect((yield* collect(ledger.read())).map(textOf)).toEqual(["anew", "more"])
      expect(yield* textsNow).toEqual(["anew", "more"])
      expect(yield* verifyLedger({ root: "/r" })).toMatchObject({ flaws: [], sealed: 2, unsealed: 0 })
    }),
  ))

it("a folder that was taken away and made by somebody else is gone on with, wherever its file ends", () =>
  on((disk, ledger) =>
    Effect.gen(function* () {
      for (const texts of [["x"], ["one", "owt"], ["x", "y", "z"]]) {
        disk.remove(folder)
        // Between the two, a look lets go of what was open, so that its numbers are free.
        expect((yield* ledger.health).corrupt).toEqual([])
        yield* Effect.scoped(
          Effect.gen(function* () {
            const other = yield* openAnew
            for (const text of texts) yield* write(other, "a", text)
          }),
        )
        const [event] = yield* write(ledger, "a", "mine")
        expect(event?.position).toBe(texts.length + 1)
        expect((yield* collect(ledger.read())).map(textOf)).toEqual([...texts, "mine"])
        expect(yield* textsNow).toEqual([...texts, "mine"])
        expect((yield* verifyLedger({ root: "/r" })).flaws).toEqual([])
      }
    }),
  ))

it.each([
  ["emptied", (disk: MemoryDisk) => disk.overwrite(file, new Uint8Array())],
  [
    "cut",
    (disk: MemoryDisk) => disk.overwrite(file, bytesOf(`${textOfBytes(disk.bytes(file)).split("\n")[0] ?? ""}\n`)),
  ],
  ["taken away", (disk: MemoryDisk) => disk.remove(file)],
])(
  "a file that was %s under an open store is damage that is named, and nothing is written upon it before a repair",
  (_, injure) =>
    on((disk, ledger) =>
      Effect.gen(function* () {
        injure(disk)
        for (let i = 0; i < 2; i++) {
          const refused = yield* Effect.flip(write(ledger, "a", "three"))
          expect(refused).toBeInstanceOf(StoreRefused)
          expect(String(refused)).toContain("sealed bytes are missing")
        }
        expect((yield* ledger.health).damage).toMatchObject([{ file: "ledger.jsonl" }])
        yield* repairLedger({ root: "/r", actor: "operator", requestId: "repair" })
        const [event] = yield* write(ledger, "a", "three")
        expect(event?.position).toBeGreaterThan(1_000_000)
        expect((yield* textsNow).at(-1)).toBe("three")
      }),
    ),
)
