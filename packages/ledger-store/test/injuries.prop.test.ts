/**
 * Fault model: one injury or two to the files of a ledger that nobody has open. A byte becomes another one, a file is cut, be it
 * between two rows, emptied or taken away, or something is written behind its end. Among its archives may be one of the
 * reference daemon's that holds no record.
 */
import { Files, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { Effect, type Layer, Result, type Scope } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import { chainHead, compressArchives, makeJsonlStore, printHead, repairLedger, verifyLedger } from "../src/index.ts"
import { row_bytes } from "../src/jsonl/Rows.ts"
import { bytesOf, folder } from "./support/simulated.ts"
import { brief, collect, ledgerOver, write } from "./support/texts.ts"

const open = Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes: 900, compress: false }), ledgerOver)

const injury = fc.record({
  file: fc.nat(),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  kind: fc.constantFrom("flip", "cut", "cut a little", "cut by rows", "empty", "remove", "grow"),
  by: fc.integer({ min: 1, max: 255 }),
})
type Injury = typeof injury extends fc.Arbitrary<infer A> ? A : never

/** Where a record lies that somebody was told of. */
const build = async (forms: number): Promise<{ disk: MemoryDisk; layer: Layer.Layer<Files> }> => {
  const { disk, layer } = makeMemoryFiles()
  const grow = Effect.gen(function* () {
    yield* Effect.scoped(Effect.flatMap(Files, (files) => files.openDirectory(folder, { create: true })))
    if (forms > 1) disk.plant(`${folder}/ledger.20260101T000000Z.jsonl`, bytesOf("\n \n"))
    const ledger = yield* open
    for (let i = 1; i <= 11; i++) {
      yield* write(ledger, `j${i % 2}`, `n${i}`, ...(i % 4 === 0 ? ["more"] : []))
      if (i === 5 && forms > 0) yield* compressArchives("/r")
    }
  })
  await Effect.runPromise(Effect.scoped(Effect.provide(grow, layer)))
  return { disk, layer }
}

/** What can be injured: no lock, which holds no data. */
const filesOf = (disk: MemoryDisk) => disk.files(folder).filter((path) => !path.endsWith(".lock"))

const injure = (disk: MemoryDisk, { at, by, file, kind }: Injury): string => {
  const paths = filesOf(disk)
  const path = paths[file % paths.length] ?? ""
  const bytes = disk.bytes(path) ?? new Uint8Array()
  const where = Math.floor(at * bytes.byteLength)
  if (kind === "remove") disk.remove(path)
  if (kind === "empty") disk.overwrite(path, new Uint8Array())
  if (kind === "cut") disk.overwrite(path, bytes.subarray(0, where))
  if (kind === "cut a little") disk.overwrite(path, bytes.subarray(0, Math.max(0, bytes.byteLength - by)))
  const rows = row_bytes * (1 + (by % 3))
  if (kind === "cut by rows") disk.overwrite(path, bytes.subarray(0, Math.max(0, bytes.byteLength - rows)))
  if (kind === "grow") disk.overwrite(path, Buffer.concat([bytes, bytesOf("x".repeat(by))]))
  if (kind === "flip")
    disk.overwrite(
      path,
      bytes.map((byte, i) => (i === where ? byte ^ by : byte)),
    )
  return path
}

const on = <A>(layer: Layer.Layer<Files>, run: Effect.Effect<A, unknown, Files | Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(Effect.provide(run, layer)))

it("whatever one injury one file gets: verify says so or nothing that was acknowledged is different, and an append changes neither", () =>
  fc.assert(
    fc.asyncProperty(injury, fc.nat(2), async (what, forms) => {
      const { disk, layer } = await build(forms)
      const read = Effect.flatMap(open, (ledger) => collect(ledger.read()))
      const truth = (await on(layer, read)).map(brief)
      const head = await on(layer, chainHead("/r"))
      const path = injure(disk, what)
      const told = [what, path, head === undefined ? "" : printHead(head)]

      const verification = await on(layer, verifyLedger({ root: "/r" }))
      const isNamed = verification.flaws.length > 0 || verification.unsealed > 0
      const now = (await on(layer, read)).map(brief)
      // What can still be read is what was written, where it was written.
      expect([told, truth.filter((text) => now.includes(text))]).toEqual([told, now])
      if (!isNamed) expect([told, now]).toEqual([told, truth])

      const appended = await on(layer, Effect.result(Effect.flatMap(open, (ledger) => write(ledger, "j0", "after"))))
      const after = await on(layer, verifyLedger({ root: "/r" }))
      const then = (await on(layer, read)).map(brief).slice(0, now.length)
      expect([told, then]).toEqual([told, now])
      // An append never hides that something is gone or different.
      const isWhole = now.length === truth.length
      if (Result.isSuccess(appended) && !isWhole) expect([told, after.flaws.length > 0]).toEqual([told, true])
    }),
    { numRuns: Number(process.env["RUNS"] ?? 80) },
  ))

it("whatever two injuries it gets: one repair lets appends go on, a second writes nothing, and neither changes what is read", () =>
  fc.assert(
    fc.asyncProperty(injury, injury, fc.nat(2), async (one, two, forms) => {
      const { disk, layer } = await build(forms)
      const read = Effect.map(
        Effect.flatMap(open, (ledger) => collect(ledger.read())),
        (events) => events.map(brief),
      )
      const append = Effect.result(Effect.flatMap(open, (ledger) => write(ledger, "j0", "after")))
      const repair = repairLedger({ root: "/r", actor: "operator", requestId: "repair" })
      const told = [one, injure(disk, one), two, injure(disk, two)]
      const now = await on(layer, read)
      await on(layer, repair)
      const appended = await on(layer, append)
      expect([told, appended]).toMatchObject([told, { _tag: "Success" }])
      expect([told, (await on(layer, read)).slice(0, now.length)]).toEqual([told, now])
      expect([told, (await on(layer, repair)).flaws]).toEqual([told, []])
      const { flaws, unsealed } = await on(layer, verifyLedger({ root: "/r" }))
      expect([told, unsealed, flaws.filter(({ isAcknowledged }) => isAcknowledged !== true)]).toEqual([told, 0, []])
      for (const { positions: [from, to] = [0, 0] } of flaws) expect([told, from <= to]).toEqual([told, true])
    }),
    { numRuns: Number(process.env["RUNS"] ?? 60) },
  ))
