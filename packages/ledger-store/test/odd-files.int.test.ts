/** Fault model: something stands in the place of what is derived and is not what it should be. */
import { type Files, makeMemoryFiles } from "@waybill/host"
import { Effect, type Scope } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore, repairLedger, verifyLedger } from "../src/index.ts"
import { bytesOf, folder } from "./support/simulated.ts"
import { collect, ledgerOver, origin, textOf, write, written } from "./support/texts.ts"

const open = Effect.flatMap(makeJsonlStore({ root: "/r", compress: false }), ledgerOver)
const thousand = (round: number) => Array.from({ length: 1000 }, (_, i) => written("a", `${round} ${i}`))

it.each([
  ["index", "index", bytesOf("a file"), /^is no folder/u],
  ["index/jobs.json", "index/jobs.json", "directory", /^is no file/u],
  ["checkpoints", "checkpoints", bytesOf("a file"), /^is no folder/u],
  ["checkpoints", "checkpoints", "link", /^is no folder/u],
  ["checkpoints/ledger.streams.json", "checkpoints/ledger.streams.json", "directory", /^is no file/u],
] as const)(
  "%s may be anything: it is named, and nobody is kept from reading or appending",
  (file, path, what, error) => {
    const { disk, layer } = makeMemoryFiles()
    const on = <A, E>(run: Effect.Effect<A, E, Files | Scope.Scope>) =>
      Effect.runPromise(Effect.scoped(Effect.provide(run, layer)))
    const program = Effect.gen(function* () {
      const ledger = yield* open
      for (const round of [1, 2, 3, 4, 5]) yield* ledger.append(thousand(round), origin(`req-${round}`))
      yield* write(ledger, "b", "first")
      yield* ledger.saveDueCheckpoints
    })
    return on(program).then(async () => {
      const derived = ["index/jobs.json", "checkpoints/ledger.streams.json"]
      expect(disk.files(folder).map((each) => each.slice(folder.length + 1))).toEqual(expect.arrayContaining(derived))
      disk.remove(`${folder}/${path}`)
      disk.plant(`${folder}/${path}`, what)
      const again = Effect.gen(function* () {
        const ledger = yield* open
        // So many that the index is due again.
        for (const round of [6, 7, 8, 9, 10]) yield* ledger.append(thousand(round), origin(`req-${round}`))
        yield* write(ledger, "b", "last")
        expect((yield* collect(ledger.read())).map(textOf).at(-1)).toBe("last")
        return yield* ledger.health
      })
      const { damage = [] } = await on(again)
      expect(damage).toEqual([{ file, error: expect.stringMatching(error) }])
      const { flaws } = await on(verifyLedger({ root: "/r" }))
      expect(flaws).toEqual([{ file, error: expect.stringMatching(error), digest: "" }])
      expect((await on(repairLedger({ root: "/r", actor: "a", requestId: "r" }))).flaws).toHaveLength(1)
    })
  },
)
