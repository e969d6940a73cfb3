import { compressArchives, makeJsonlStore, verifyLedger } from "../src/index.ts"
import { type Files, layerFaultyFiles, makeMemoryFiles } from "@waybill/host"
import type { LedgerShape } from "@waybill/ledger"
import { Effect, Exit, type Scope } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import { file, folder } from "./support/simulated.ts"
import { brief, collect, ledgerOver, write } from "./support/texts.ts"

const opening = (rotate_bytes: number) =>
  Effect.flatMap(makeJsonlStore({ root: "/r", poll_ms: 1, rotate_bytes, compress: false }), ledgerOver)

const onDisk = <A>(
  run: (disk: ReturnType<typeof makeMemoryFiles>["disk"]) => Effect.Effect<A, unknown, Files | Scope.Scope>,
) => {
  const { disk, layer } = makeMemoryFiles()
  return Effect.runPromise(Effect.scoped(Effect.provide(run(disk), layer)))
}

const jobs = ["a", "b", "c", "d"]

/** Everything a ledger tells, in every order of reading. */
const told = (ledger: LedgerShape) =>
  Effect.gen(function* () {
    const forwards = yield* collect(ledger.read())
    const backwards = yield* collect(ledger.readBackwards())
    const streams = yield* Effect.forEach(jobs, (job) => collect(ledger.readStream(job)))
    const joined = streams.flat().toSorted((a, b) => a.position - b.position)
    expect(backwards.toReversed()).toEqual(forwards)
    expect(joined).toEqual(forwards)
    return forwards.map(brief)
  })

type Step =
  | { readonly kind: "append"; readonly who: number; readonly job: number; readonly texts: ReadonlyArray<string> }
  | { readonly kind: "reopen"; readonly who: number }
  | { readonly kind: "read"; readonly who: number }
  | { readonly kind: "compress" }
  | { readonly kind: "forget" }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      who: fc.nat(2),
      job: fc.nat(3),
      texts: fc.array(fc.string({ unit: "binary", maxLength: 60 }), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("reopen" as const), who: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("read" as const), who: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "compress" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "forget" as const }) },
)

it("rotation, compression and reopening change nothing that anybody reads, whoever appends, in whatever order", () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 300, max: 2000 }), (steps, rotate_bytes) =>
      onDisk((disk) =>
        Effect.gen(function* () {
          const open = opening(rotate_bytes)
          const ledgers = [yield* open, yield* open, yield* open]
          const model: Array<string> = []
          for (const taken of steps) {
            if (taken.kind === "append") {
              const facts = yield* write(ledgers[taken.who] as LedgerShape, jobs[taken.job] ?? "a", ...taken.texts)
              expect(facts[0]?.position).toBe(model.length + 1)
              model.push(...facts.map(brief))
            } else if (taken.kind === "reopen") ledgers[taken.who] = yield* open
            else if (taken.kind === "read") expect(yield* told(ledgers[taken.who] as LedgerShape)).toEqual(model)
            else if (taken.kind === "compress" && model.length > 0) yield* compressArchives("/r")
            else if (taken.kind === "forget") for (const path of disk.files(`${folder}/index`)) disk.remove(path)
          }
          for (const ledger of [...ledgers, yield* open]) expect(yield* told(ledger)).toEqual(model)
          const { flaws, sealed, unsealed } = yield* verifyLedger({ root: "/r" })
          expect([flaws, sealed + unsealed]).toEqual([[], model.length])
        }),
      ),
    ),
    { numRuns: 60 },
  ))

it("a file that has grown to its size becomes an archive that names its first position", () =>
  onDisk((disk) =>
    Effect.gen(function* () {
      const ledger = yield* opening(1000)
      for (let i = 0; i < 12; i++) yield* write(ledger, "a", `n${i}`)
      const names = disk.files(folder).map((path) => path.slice(folder.length + 1))
      const archives = names.filter((name) => /^ledger\.p\d{20}\.jsonl$/u.test(name))
      expect(archives.length).toBeGreaterThan(1)
      const firsts = archives.map((name) => {
        const line = Buffer.from(disk.bytes(`${folder}/${name}`) ?? [])
          .toString()
          .split("\n")[0]
        return Number(/_(\d+)"/u.exec(line ?? "")?.[1])
      })
      expect(archives.map((name) => Number(name.slice(8, 28)))).toEqual(firsts)
      expect((yield* ledger.health).corrupt).toEqual([])
    }),
  ))

it("any gzip reader reads a compressed archive as one file", async () => {
  const { gunzipSync } = await import("node:zlib")
  await onDisk((disk) =>
    Effect.gen(function* () {
      const ledger = yield* opening(3_000_000)
      for (let i = 0; i < 5; i++) yield* write(ledger, "a", `${i}`.repeat(800_000))
      const plain = disk.files(folder).find((path) => path.includes("ledger.p")) ?? ""
      const content = disk.bytes(plain)
      expect(yield* compressArchives("/r")).toEqual([`${plain.slice(folder.length + 1)}.gz`])
      expect(disk.bytes(plain)).toBeUndefined()
      expect(gunzipSync(disk.bytes(`${plain}.gz`) ?? new Uint8Array()).equals(content ?? new Uint8Array())).toBe(true)
      const texts = (yield* collect((yield* opening(3_000_000)).read())).map(brief)
      expect(texts.length).toBe(5)
    }),
  )
})

it("who makes an archive of rows that another process wrote flushes them first: a crash takes no record from its readers", () =>
  onDisk((disk) =>
    Effect.gen(function* () {
      const big = opening(100_000)
      const one = yield* big
      for (let i = 0; i < 6; i++) yield* write(one, "a", `n${i}`)
      const two = yield* opening(1_000)
      yield* write(two, "a", "in the next file")
      expect(disk.files(folder).filter((path) => path.includes("ledger.p"))).toHaveLength(1)
      const seal = disk.files(`${folder}/seals`).find((path) => path.endsWith("01.seal")) ?? ""
      const rows = disk.bytes(seal)
      disk.crash()
      expect(disk.bytes(seal)).toEqual(rows)
      const after = yield* big
      expect((yield* collect(after.read())).map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7])
    }),
  ))

it.each([
  ["the file that it makes next cannot be flushed", "flush", "ledger.jsonl"],
  ["the name of the file that it makes next cannot be flushed", "flush", "daemon"],
])("who rotates and fails because %s goes on behind what others rotated meanwhile", (_, kind, name) => {
  const { disk, layer } = makeMemoryFiles()
  let isRenamed = false
  let isDone = false
  const faulty = layerFaultyFiles(layer, (operation, path) => {
    if (operation === "rename" && path.endsWith("ledger.jsonl")) isRenamed = true
    if (!isRenamed || isDone || operation !== kind || !path.endsWith(name)) return undefined
    isDone = true
    return { kind: "fail", code: "EIO" }
  })
  const open = opening(450)
  return Effect.gen(function* () {
    const one = yield* Effect.provide(open, faulty)
    const two = yield* open
    for (const text of ["n1", "n2"]) yield* write(one, "a", text)
    expect(Exit.isFailure(yield* Effect.exit(write(one, "a", "refused")))).toBe(true)
    expect(isDone).toBe(true)
    // As many as rotate the file that was made and the ones after it.
    for (let i = 3; i <= 8; i++) yield* write(two, "b", `n${i}`)
    expect(yield* told(one)).toEqual(yield* told(two))
    expect((yield* write(one, "c", "n9")).map(({ position }) => position)).toEqual([9])
    expect(yield* told(two)).toEqual(yield* told(yield* open))
    expect(disk.files(folder).filter((path) => path.includes("ledger.p")).length).toBeGreaterThan(2)
    const { flaws, sealed, unsealed } = yield* verifyLedger({ root: "/r" })
    expect([flaws, sealed, unsealed]).toEqual([[], 9, 0])
  }).pipe(Effect.provide(layer), Effect.scoped, Effect.runPromise)
})

it("a ledger without a file is followed when somebody makes and rotates it between two looks", () =>
  onDisk((disk) =>
    Effect.gen(function* () {
      const two = yield* opening(9_000)
      yield* write(two, "a", "n1")
      yield* write(two, "a", "n2")
      // As a process leaves it that dies between the two steps of a rotation.
      disk.plant(`${folder}/ledger.p00000000000000000001.jsonl`, disk.bytes(file) ?? new Uint8Array())
      disk.remove(file)
      const one = yield* opening(9_000)
      expect((yield* told(one)).length).toBe(2)
      const three = yield* opening(500)
      for (const text of ["n3", "n4", "n5"]) yield* write(three, "b", text)
      expect(yield* told(one)).toEqual(yield* told(three))
      expect((yield* write(one, "c", "n6")).map(({ position }) => position)).toEqual([6])
      expect(yield* told(one)).toEqual(yield* told(yield* opening(9_000)))
    }),
  ))

it("who looks in the middle of a rotation knows also what came in files that others made and archived before", () =>
  onDisk((disk) =>
    Effect.gen(function* () {
      const one = yield* opening(500)
      const two = yield* opening(500)
      yield* write(one, "a", "n1")
      expect((yield* told(two)).length).toBe(1)
      for (let i = 2; i <= 7; i++) yield* write(one, "b", `n${i}`)
      const all = yield* told(one)
      const content = disk.bytes(file) ?? new Uint8Array()
      const first = Number(/_(\d+)"/u.exec(Buffer.from(content).toString())?.[1])
      disk.plant(`${folder}/ledger.p${String(first).padStart(20, "0")}.jsonl`, content)
      disk.remove(file)
      expect(first).toBeGreaterThan(4)
      expect(yield* told(two)).toEqual(all)
      expect((yield* write(two, "c", "n8")).map(({ position }) => position)).toEqual([8])
      expect(yield* told(one)).toEqual(yield* told(two))
    }),
  ))
