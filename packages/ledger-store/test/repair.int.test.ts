import type { Files, MemoryDisk } from "@waybill/host"
import type { Store } from "@waybill/ledger"
import { Effect, type Scope } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore, repairLedger, verifyLedger } from "../src/index.ts"
import { bytesOf, file, folder, noteLine, simulated, snapshot, textOfBytes } from "./support/simulated.ts"
import { collect, ledgerOver, textOf, write } from "./support/texts.ts"

const origin = { root: "/r", actor: "operator", requestId: "repair-1" }

const on = <A>(
  content: string | undefined,
  run: (
    disk: MemoryDisk,
    open: Effect.Effect<Store, unknown, Scope.Scope>,
  ) => Effect.Effect<A, unknown, Files | Scope.Scope>,
) => {
  const { disk, layer, open } = simulated(content)
  return Effect.runPromise(Effect.scoped(Effect.provide(run(disk, open), layer)))
}

const damage = (disk: MemoryDisk, path: string, search: string, replacement: string) =>
  disk.overwrite(path, bytesOf(textOfBytes(disk.bytes(path)).replace(search, replacement)))

it("a repair names each flaw's place and digest in a fact, changes no other byte, and what it names stays acknowledged", () =>
  on(`${noteLine(1, "one")}\n{ corrupt\n${noteLine(3, "three")}\n`, (disk, open) =>
    Effect.gen(function* () {
      const before = textOfBytes(disk.bytes(file))
      const { fact, flaws } = yield* repairLedger(origin)
      expect(flaws).toMatchObject([{ file: "ledger.jsonl", position: 2, offset: before.indexOf("{ corrupt") }])
      expect(fact).toMatchObject({ position: 4, job_id: "ledger", event_type: "ledger.repaired", actor: "operator" })
      expect(textOfBytes(disk.bytes(file)).startsWith(before)).toBe(true)
      expect((yield* (yield* open).health).corrupt).toMatchObject([{ position: 2, isAcknowledged: true }])
      expect((yield* verifyLedger({ root: "/r" })).flaws).toMatchObject([{ position: 2, isAcknowledged: true }])
      expect((yield* repairLedger(origin)).fact).toBeUndefined()
    }),
  ))

it("wherever the last sealed record was cut off, one repair is enough to go on", async () => {
  const cutTo = (left: (start: number, end: number) => number | undefined) =>
    on(undefined, (disk, open) =>
      Effect.gen(function* () {
        const ledger = yield* ledgerOver(yield* open)
        for (const text of ["n1", "n2", "n3"]) yield* write(ledger, "a", text)
        // Opened anew and appended to, so that all three are sealed.
        yield* write(yield* ledgerOver(yield* open), "a", "n4")
        const whole = disk.bytes(file) ?? new Uint8Array()
        const third = textOfBytes(whole).split("\n").slice(0, 3).join("\n").length
        const second = textOfBytes(whole).split("\n").slice(0, 2).join("\n").length + 1
        const to = left(second, third + 1)
        if (to === undefined) return false
        disk.overwrite(file, whole.slice(0, to))
        yield* repairLedger(origin)
        const store = yield* open
        const again = yield* ledgerOver(store)
        yield* write(again, "a", "after")
        yield* collect(again.read())
        const { corrupt, damage = [] } = yield* store.health
        const open_flaws = [...corrupt, ...damage].filter(({ isAcknowledged }) => isAcknowledged !== true)
        expect([to, open_flaws]).toEqual([to, []])
        expect([to, (yield* repairLedger(origin)).fact]).toEqual([to, undefined])
        return true
      }),
    )
  let cut = 0
  while (await cutTo((start, end) => (start + cut < end ? start + cut : undefined))) cut++
  expect(cut).toBeGreaterThan(50)
})

it("a change to damage that was acknowledged is new damage", () =>
  on(`${noteLine(1, "one")}\n{ corrupt\n`, (disk, open) =>
    Effect.gen(function* () {
      yield* repairLedger(origin)
      damage(disk, file, "{ corrupt", "{ kaputtt")
      expect((yield* verifyLedger({ root: "/r" })).flaws).not.toMatchObject([{ position: 2, isAcknowledged: true }])
      const { fact } = yield* repairLedger(origin)
      expect(fact?.position).toBe(4)
      expect((yield* verifyLedger({ root: "/r" })).flaws).toMatchObject([{ position: 2, isAcknowledged: true }])
      expect((yield* (yield* open).health).corrupt[0]).toMatchObject({ position: 2 })
    }),
  ))

it("where sealed bytes are gone, the rest is laid aside as it is, and no position is ever given twice", () =>
  on(undefined, (disk, open) =>
    Effect.gen(function* () {
      const ledger = yield* ledgerOver(yield* open)
      for (let i = 1; i <= 6; i++) yield* write(ledger, "a", `n${i}`)
      const whole = textOfBytes(disk.bytes(file))
      const cut = whole.slice(0, whole.indexOf("n3"))
      disk.overwrite(file, bytesOf(cut))
      const refused = yield* Effect.flip(write(yield* ledgerOver(yield* open), "a", "lost"))
      expect([refused._tag, refused.message.includes("repaired")]).toEqual(["StoreRefused", true])
      const { fact } = yield* repairLedger(origin)
      // The sixth was not sealed yet: nobody can tell how many such there were.
      expect(fact?.position).toBeGreaterThan(1_000_000)
      expect(textOfBytes(disk.bytes(`${folder}/ledger.p00000000000000000001.jsonl`))).toBe(cut)
      const again = yield* ledgerOver(yield* open)
      const [next] = yield* write(again, "a", "after")
      expect(next?.position).toBe((fact?.position ?? 0) + 1)
      const expected = ["n1", "n2", "", "after"]
      expect((yield* collect(again.read())).map(textOf)).toEqual(expected)
      expect((yield* collect((yield* ledgerOver(yield* open)).read())).map(textOf)).toEqual(expected)
      expect((yield* collect(again.readStream("a"))).map(textOf)).toEqual(["n1", "n2", "after"])
      expect((yield* collect(again.readBackwards())).map(textOf)).toEqual(expected.toReversed())
    }),
  ))

it("an archive that is missing keeps everybody from appending until it is acknowledged, and its positions stay taken", () =>
  on(undefined, (disk) =>
    Effect.gen(function* () {
      const open = Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes: 900, compress: false }), ledgerOver)
      const ledger = yield* open
      for (let i = 1; i <= 9; i++) yield* write(ledger, "a", `n${i}`)
      const path = disk.files(folder).find((each) => each.includes("ledger.p")) ?? ""
      disk.remove(path)
      const damaged = yield* open
      const kept = (yield* collect(damaged.read())).map(({ position }) => position)
      expect((yield* damaged.health).damage).toMatchObject([
        { file: path.slice(folder.length + 1), error: "is missing", positions: [1, 9 - kept.length] },
      ])
      expect((yield* Effect.flip(write(damaged, "a", "no")))._tag).toBe("StoreRefused")
      const { fact } = yield* repairLedger(origin)
      expect(fact?.position).toBe(10)
      const [next] = yield* write(yield* open, "a", "after")
      expect(next?.position).toBe(11)
      expect((yield* (yield* open).health).damage).toMatchObject([{ isAcknowledged: true }])
    }),
  ))

it("verifying writes nothing and a ledger that is sound needs no repair", () =>
  on(undefined, (disk, open) =>
    Effect.gen(function* () {
      const ledger = yield* ledgerOver(yield* open)
      for (let i = 1; i <= 5; i++) yield* write(ledger, "a", `n${i}`)
      const before = snapshot(disk)
      expect(yield* verifyLedger({ root: "/r" })).toMatchObject({
        flaws: [],
        sealed: 5,
        unsealed: 0,
        torn_bytes: 0,
        head: { position: 5 },
      })
      expect(snapshot(disk)).toEqual(before)
      expect((yield* repairLedger(origin)).fact).toBeUndefined()
    }),
  ))
