/** Fault model: an archive or a seal is something that cannot be opened as a file. */
import { type Files, layerFaultyFiles, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { StoreRefused } from "@waybill/ledger"
import { Effect, type Scope } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore, repairLedger, verifyLedger } from "../src/index.ts"
import { archiveName, sealName } from "../src/jsonl/Layout.ts"
import { bytesOf, folder } from "./support/simulated.ts"
import { brief, collect, ledgerOver, write } from "./support/texts.ts"

const open = Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes: 900, compress: false }), ledgerOver)
const read = Effect.map(
  Effect.flatMap(open, (ledger) => collect(ledger.read())),
  (events) => events.map(brief),
)
const repair = repairLedger({ root: "/r", actor: "operator", requestId: "repair" })
const verify = verifyLedger({ root: "/r" })
const append = Effect.flatMap(open, (ledger) => write(ledger, "a", "after"))

/** Several archives of four records each, and a file that is appended to, which begins at 13. */
const within = <A>(run: (disk: MemoryDisk) => Effect.Effect<A, unknown, Files | Scope.Scope>) => {
  const { disk, layer } = makeMemoryFiles()
  const grow = Effect.flatMap(open, (ledger) =>
    Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], (i) => write(ledger, "a", `n${i}`, "more")),
  )
  return Effect.runPromise(Effect.scoped(Effect.provide(Effect.andThen(Effect.scoped(grow), run(disk)), layer)))
}

/** The first positions of the archives, and that of the file that is appended to. */
const firstsOf = (disk: MemoryDisk) =>
  disk.files(`${folder}/seals`).flatMap((path) => (path.endsWith(".seal") ? [Number(path.slice(-25, -5))] : []))

const odd = ["link", "fifo", "directory"] as const
const odds = odd.flatMap((what) => ([0, 1] as const).map((at) => ({ what, at })))

it.each(odds)(
  "a $what in the place of archive $at: it is named, and every other record is read where it was",
  ({ at, what }) =>
    within((disk) =>
      Effect.gen(function* () {
        const truth = yield* read
        const [first = 0, next = 0] = firstsOf(disk).slice(at)
        const name = archiveName(first)
        const bytes = (disk.bytes(`${folder}/${name}`) ?? bytesOf("")).slice()
        disk.plant(`${folder}/${name}`, what)
        const rest = truth.filter((_, i) => i + 1 < first || i + 1 >= next)
        expect(yield* read).toEqual(rest)
        const ledger = yield* open
        expect((yield* collect(ledger.readStream("a"))).map(brief)).toEqual(rest)
        const found = yield* verify
        expect(found.flaws).toEqual([
          {
            file: name,
            error: expect.stringContaining("put the archive itself in its place"),
            positions: [first, next - 1],
            digest: "",
          },
        ])
        expect((yield* append)[0]?.position).toBe(truth.length + 1)
        expect((yield* repair).flaws).toHaveLength(1)
        disk.remove(`${folder}/${name}`)
        disk.plant(`${folder}/${name}`, bytes)
        expect((yield* read).slice(0, truth.length)).toEqual(truth)
      }),
    ),
)

it.each(odds)(
  "a $what in the place of seal $at from the end: everything is read, and after it is gone a repair makes it anew",
  ({ at, what }) =>
    within((disk) =>
      Effect.gen(function* () {
        const truth = yield* read
        const file = `seals/${sealName(firstsOf(disk).at(-1 - at) ?? 0)}`
        disk.plant(`${folder}/${file}`, what)
        expect(yield* read).toEqual(truth)
        expect((yield* verify).flaws).toContainEqual({
          file,
          error: expect.stringContaining("move it out of the folder"),
          digest: "",
        })
        for (const run of [append, repair]) {
          const refused = yield* Effect.flip(Effect.asVoid<unknown, unknown, Files | Scope.Scope>(run))
          expect(refused).toBeInstanceOf(StoreRefused)
          expect(String(refused)).toMatch(new RegExp(`${file}.*move it`, "u"))
        }
        disk.remove(`${folder}/${file}`)
        yield* repair
        yield* append
        expect((yield* read).slice(0, truth.length)).toEqual(truth)
        expect((yield* verify).unsealed).toBe(0)
      }),
    ),
)

it.each(odd)(
  "a %s in the place of the folder's mark: it is named, and nobody is kept from reading or appending",
  (what) =>
    within((disk) =>
      Effect.gen(function* () {
        const truth = yield* read
        disk.plant(`${folder}/seals/format.json`, what)
        expect(yield* read).toEqual(truth)
        expect((yield* verify).flaws).toEqual([{ file: "seals/format.json", error: "has changed", digest: "" }])
        expect((yield* append)[0]?.position).toBe(truth.length + 1)
      }),
    ),
)

it("the file that is appended to is gone: that is one flaw, of all its positions, and everything before it is read", () =>
  within((disk) =>
    Effect.gen(function* () {
      const truth = yield* read
      const first = firstsOf(disk).at(-1) ?? 0
      disk.remove(`${folder}/ledger.jsonl`)
      expect(yield* read).toEqual(truth.slice(0, first - 1))
      expect((yield* verify).flaws).toEqual([
        { file: "ledger.jsonl", error: "is missing", positions: [first, truth.length], digest: "" },
      ])
    }),
  ))

/** What the system says when somebody may not, or something is not what it should be; the simulated disk has no such thing. */
const refusals = [
  ["lock", "ledger.lock", "EISDIR", /ledger\.lock is a directory: remove it while nobody works here/u],
  ["lock", "ledger.lock", "EINVAL", /ledger\.lock is no regular file: remove it while nobody works here/u],
  ["open", "ledger.jsonl", "EISDIR", /ledger\.jsonl is a directory: put the file itself in its place/u],
  ["open", "ledger.jsonl", "EACCES", /ledger\.jsonl: permission denied.*give this user the right to read/u],
  ["lock", "ledger.lock", "EROFS", /ledger\.lock: the file system is read-only.*give this user the right/u],
] as const

it.each(refusals)(
  "what cannot be done as it is (%s %s: %s) is refused, and whoever appends is told what to do",
  (...given) => {
    const [operation, name, code, reason] = given
    const { layer } = makeMemoryFiles()
    const faulty = layerFaultyFiles(layer, (now, path) =>
      now === operation && path.endsWith(`/${name}`) ? { kind: "fail", code } : undefined,
    )
    return Effect.runPromise(
      Effect.gen(function* () {
        yield* Effect.provide(append, layer)
        const refused = yield* Effect.flip(Effect.provide(append, faulty))
        expect(refused).toBeInstanceOf(StoreRefused)
        expect(String(refused)).toMatch(reason)
      }).pipe(Effect.scoped),
    )
  },
)

it("a file in the place of quarantine, and a tail to be kept there: it is named by health, verify and whoever appends", () =>
  within((disk) =>
    Effect.gen(function* () {
      const truth = yield* read
      const lines = disk.bytes(`${folder}/ledger.jsonl`) ?? bytesOf("")
      disk.overwrite(`${folder}/ledger.jsonl`, Buffer.concat([lines, bytesOf('{"torn')]))
      disk.plant(`${folder}/quarantine`, bytesOf("a file"))
      const named = { file: "quarantine", error: expect.stringContaining("move it away") }
      expect((yield* (yield* open).health).damage).toEqual([named])
      expect((yield* verify).flaws).toEqual([{ ...named, digest: "" }])
      const refused = yield* Effect.flip(append)
      expect(refused).toBeInstanceOf(StoreRefused)
      expect(String(refused)).toMatch(/quarantine is no directory.*move it away/u)
      disk.remove(`${folder}/quarantine`)
      expect((yield* append)[0]?.position).toBe(truth.length + 1)
    }),
  ))
