/**
 * Fault model: on a disk that forgets what was not flushed, the k-th file operation fails, writes short, or is the process's
 * last; then power is cut. Every k is tried until a run no longer gets that far. Here while a checkpoint is saved, a ledger
 * is repaired, an archive is compressed, or lines are imported.
 */
import { type Fault, type Files, layerFaultyFiles } from "@waybill/host"
import { Projection, type Store } from "@waybill/ledger"
import { Effect, Exit, type Layer, Schema, type Scope, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { compressArchives, importLines, makeJsonlStore, repairLedger, verifyLedger } from "../src/index.ts"
import { bytesOf, file, flushAll, noteLine, type Simulated, simulated, textOfBytes } from "./support/simulated.ts"
import { collect, ledgerOver, Note, textOf, write } from "./support/texts.ts"

const faults: ReadonlyArray<Fault> = [
  { kind: "fail", code: "EIO" },
  { kind: "short", code: "ENOSPC", bytes: 30 },
  // Dying before an operation is dying after the one before it.
  { kind: "dieAfter" },
]

const Written = Projection.make({
  name: "written",
  version: 1,
  reader: Note,
  entity: Schema.Int,
  key: (fact) => fact.job_id,
  evolve: (times) => (times ?? 0) + 1,
})

const on = <A, E>(layer: Layer.Layer<Files>, run: Effect.Effect<A, E, Files | Scope.Scope>) =>
  Effect.runPromiseExit(Effect.scoped(Effect.provide(run, layer)))
const sure = async <A, E>(layer: Layer.Layer<Files>, run: Effect.Effect<A, E, Files | Scope.Scope>): Promise<A> => {
  const exit = await on(layer, run)
  if (Exit.isSuccess(exit)) return exit.value
  throw new Error(String(exit.cause))
}

/** Tries every k: sets up, runs with the fault, cuts the power, looks. */
const everyFault = async (
  fault: Fault,
  start: () => Promise<Simulated>,
  run: Effect.Effect<unknown, unknown, Files | Scope.Scope>,
  look: (world: Simulated, isDone: boolean, k: number) => Promise<void>,
): Promise<void> => {
  for (let k = 1; ; k++) {
    const world = await start()
    let isReached = false
    const faulty = layerFaultyFiles(world.layer, (_operation, _path, nth) => {
      if (nth !== k) return undefined
      isReached = true
      return fault
    })
    const done = await on(faulty, run)
    world.disk.crash()
    await look(world, Exit.isSuccess(done), k)
    if (isReached) continue
    expect(Exit.isSuccess(done)).toBe(true)
    expect(k).toBeGreaterThan(8)
    return
  }
}

const store = (rotate_bytes = 9e9): Effect.Effect<Store, unknown, Files | Scope.Scope> =>
  makeJsonlStore({ root: "/r", rotate_bytes, compress: false })
const texts = (rotate_bytes?: number) =>
  Effect.flatMap(Effect.flatMap(store(rotate_bytes), ledgerOver), (ledger) =>
    Effect.map(collect(ledger.read()), (events) => events.map((event) => `${event.position} ${textOf(event)}`)),
  )

/** A disk with so many facts on it, all durable. */
const grown = (count: number, rotate_bytes?: number) => async (): Promise<Simulated> => {
  const world = simulated()
  await sure(
    world.layer,
    Effect.gen(function* () {
      const ledger = yield* ledgerOver(yield* store(rotate_bytes))
      for (let i = 1; i <= count; i++) yield* write(ledger, `j${i % 2}`, `n${i}`)
    }),
  )
  return world
}

describe.each(faults)("%o", (fault) => {
  it("while a checkpoint is saved: the folded state is right afterwards, from the old one, the new one or none", () =>
    everyFault(
      fault,
      grown(5),
      Effect.gen(function* () {
        const ledger = yield* ledgerOver(yield* store())
        yield* ledger.saveCheckpoint(Written)
        yield* write(ledger, "j1", "more")
        yield* ledger.saveCheckpoint(Written)
      }),
      async ({ layer }, isDone, k) => {
        const [count, found] = await sure(
          layer,
          Effect.gen(function* () {
            const ledger = yield* ledgerOver(yield* store())
            return [yield* ledger.query(Written, (view) => view.get("j1")), yield* texts()] as const
          }),
        )
        expect([k, count]).toEqual([k, found.length === 6 ? 4 : 3])
        if (isDone) expect(found.length).toBe(6)
      },
    ))

  it("while a ledger is repaired: the repair is recorded once, by this try or the next", () =>
    everyFault(
      fault,
      async () => simulated(`${noteLine(1, "one")}\n{ corrupt\n${noteLine(3, "three")}\n`, { isDurable: true }),
      repairLedger({ root: "/r", actor: "operator", requestId: "r" }),
      async ({ disk, layer }, isDone, k) => {
        const before = textOfBytes(disk.bytes(file))
        expect(before).toContain(`${noteLine(1, "one")}\n{ corrupt\n${noteLine(3, "three")}\n`)
        if (isDone) expect(before).toContain("ledger.repaired")
        await sure(layer, repairLedger({ root: "/r", actor: "operator", requestId: "r" }))
        expect([k, textOfBytes(disk.bytes(file)).split("ledger.repaired_").length]).toEqual([k, 2])
        const { flaws } = await sure(layer, verifyLedger({ root: "/r" }))
        expect([k, flaws]).toMatchObject([k, [{ position: 2, isAcknowledged: true }]])
      },
    ))

  it("while a file that lacks sealed bytes is laid aside: no position is given twice, whatever became of the try", () =>
    everyFault(
      fault,
      async () => {
        const world = await grown(5)()
        const whole = textOfBytes(world.disk.bytes(file))
        world.disk.overwrite(file, bytesOf(whole.slice(0, whole.indexOf("n3"))))
        Effect.runSync(flushAll(world.layer))
        return world
      },
      repairLedger({ root: "/r", actor: "operator", requestId: "r" }),
      async ({ layer }, _isDone, k) => {
        await sure(layer, repairLedger({ root: "/r", actor: "operator", requestId: "r" }))
        const [fact] = await sure(
          layer,
          Effect.flatMap(Effect.flatMap(store(), ledgerOver), (ledger) => write(ledger, "a", "after")),
        )
        expect([k, (fact?.position ?? 0) > 1_000_000]).toEqual([k, true])
        const found = (await sure(layer, texts())).map((text) => text.split(" ")[1])
        expect([k, found]).toEqual([k, ["n1", "n2", "", "after"]])
      },
    ))

  it("while archives are compressed: each is there, plain or compressed, and reads the same", () =>
    everyFault(fault, grown(8, 600), compressArchives("/r"), async ({ layer }, _isDone, k) => {
      const found = await sure(layer, texts(600))
      expect([k, found]).toEqual([k, Array.from({ length: 8 }, (_, i) => `${i + 1} n${i + 1}`)])
      expect([k, (await sure(layer, verifyLedger({ root: "/r" }))).flaws]).toEqual([k, []])
      await sure(layer, compressArchives("/r"))
      expect([k, await sure(layer, texts(600))]).toEqual([k, found])
    }))

  it("while lines are imported: all of them are there, or none", () => {
    const lines = `${noteLine(1, "one")}\n${noteLine(2, "two")}\n`
    const half = lines.length >> 1
    const importing = importLines({
      root: "/r",
      lines: Stream.fromIterable([bytesOf(lines.slice(0, half)), bytesOf(lines.slice(half))]),
    })
    return everyFault(
      fault,
      async () => simulated(),
      importing,
      async ({ disk, layer }, isDone, k) => {
        const found = textOfBytes(disk.bytes(file))
        expect([k, ["", lines].includes(found)]).toEqual([k, true])
        if (isDone) expect(found).toBe(lines)
        if (found === "") await sure(layer, importing)
        expect([k, await sure(layer, texts())]).toEqual([k, ["1 one", "2 two"]])
      },
    )
  })
})
