import { Files, layerFaultyFiles, makeMemoryFiles } from "@waybill/host"
import { Effect, Layer, type Scope } from "effect"
import { crc32 } from "node:zlib"
import { expect, it } from "vitest"
import {
  type ChainHead,
  chainHead,
  compressArchives,
  makeJsonlStore,
  parseHead,
  printHead,
  verifyLedger,
} from "../src/index.ts"
import { sealName } from "../src/jsonl/Layout.ts"
import { Rows } from "../src/jsonl/Rows.ts"
import { header_bytes } from "../src/jsonl/SealHeader.ts"
import { bytesOf, file, folder, textOfBytes } from "./support/simulated.ts"
import { ledgerOver, write } from "./support/texts.ts"

const on = <A>(
  run: (disk: ReturnType<typeof makeMemoryFiles>["disk"]) => Effect.Effect<A, unknown, Files | Scope.Scope>,
) => {
  const { disk, layer } = makeMemoryFiles()
  return Effect.runPromise(Effect.scoped(Effect.provide(run(disk), layer)))
}
const open = Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes: 1500, compress: false }), ledgerOver)
const verify = (head: ChainHead) =>
  Effect.map(verifyLedger({ root: "/r", expect: [head] }), ({ flaws }) => flaws.map(({ error }) => error))
const headNow = Effect.map(chainHead("/r"), (head) => head ?? { position: 0, sha256: "" })

it("a head that is printed can be read again, and nothing else is taken for one", () => {
  const head = { position: 42, sha256: "ab".repeat(32) }
  expect(parseHead(`${printHead(head)}\n`)).toEqual(head)
  for (const text of ["", "waybill-chain:1", `waybill-chain:-1:${head.sha256}`, printHead(head).toUpperCase()])
    expect(parseHead(text)).toBeUndefined()
})

it("every head that was ever kept holds for good: after more appends, rotations, compressions and lost seals", () =>
  on((disk) =>
    Effect.gen(function* () {
      const heads: Array<ChainHead> = []
      const ledger = yield* open
      for (let i = 0; i < 12; i++) {
        yield* write(ledger, `j${i % 3}`, ...Array.from({ length: 1 + (i % 3) }, (_, n) => `n${i} ${n}`))
        if (i > 0) heads.push(yield* headNow)
      }
      yield* compressArchives("/r")
      const { flaws, head } = yield* verifyLedger({ root: "/r", expect: heads })
      expect(flaws).toEqual([])
      expect(head).toEqual(heads.at(-1))
      // The rows of the active file are lost, as in a power cut, and made again, by another who groups them otherwise.
      for (const path of disk.files(`${folder}/seals`).toSorted().slice(-1)) disk.remove(path)
      yield* write(yield* open, "a", "after")
      expect((yield* verifyLedger({ root: "/r", expect: heads })).flaws).toEqual([])
    }),
  ))

it("a past that was written anew, seals and all, is told by a head that was kept elsewhere, and by nothing else", () =>
  on((disk) =>
    Effect.gen(function* () {
      const ledger = yield* open
      for (const text of ["one", "two", "three"]) yield* write(ledger, "a", text)
      const kept = yield* headNow
      const forged = textOfBytes(disk.bytes(file)).replace("one", "eno")
      disk.remove(`${folder}/seals`)
      disk.overwrite(file, bytesOf(forged))
      const other = yield* open
      yield* write(other, "a", "four")
      yield* write(other, "a", "five")
      expect((yield* verifyLedger({ root: "/r" })).flaws).toEqual([])
      expect(yield* verify(kept)).toEqual([
        `the past up to position ${kept.position} is not the one whose head was kept`,
      ])
    }),
  ))

it("a past that was cut, rows and all, is told by a head of a position that was cut", () =>
  on((disk) =>
    Effect.gen(function* () {
      const ledger = yield* open
      for (const text of ["one", "two", "three"]) yield* write(ledger, "a", text)
      const kept = yield* headNow
      const lines = textOfBytes(disk.bytes(file)).split("\n")
      disk.remove(`${folder}/seals`)
      disk.overwrite(file, bytesOf(`${lines[0] ?? ""}\n`))
      expect(yield* verify(kept)).toEqual([`the chain does not reach the kept head's position, ${kept.position}`])
    }),
  ))

it("a line that was changed together with the sums of its file, but not the chain, is told by the chain", () =>
  on((disk) =>
    Effect.gen(function* () {
      const ledger = yield* open
      for (const text of ["one", "two", "three", "four"]) yield* write(ledger, "a", text)
      const path = `${folder}/seals/${sealName(1)}`
      const seal = Buffer.from(disk.bytes(path) ?? [])
      const lines = bytesOf(textOfBytes(disk.bytes(file)).replace("two", "owt"))
      const rows = new Rows(seal.subarray(header_bytes))
      let crc = 0
      for (let i = 0, from = 0; i < rows.count; from = rows.end(i), i++) {
        crc = crc32(lines.subarray(from, rows.end(i)), crc)
        rows.seal(i, crc, Buffer.from(rows.sha(i)))
      }
      disk.overwrite(file, lines)
      disk.overwrite(path, seal)
      const { flaws } = yield* verifyLedger({ root: "/r" })
      expect(flaws).toMatchObject([{ file: "ledger.jsonl", position: 2 }])
      expect(flaws[0]?.error).toContain("chain")
    }),
  ))

it.each([
  ["edited", (text: string) => text.replace("two", "six"), "its bytes have changed since they were sealed"],
  ["cut off", (text: string) => text.slice(0, text.indexOf("\n") + 1), "its bytes are missing"],
])("what was answered is sealed: the last append alone, %s while nobody appends, is noticed", (_, change, error) =>
  on((disk) =>
    Effect.gen(function* () {
      const ledger = yield* open
      yield* write(ledger, "a", "one")
      yield* write(ledger, "a", "two")
      expect((yield* ledger.health).unsealed_bytes).toBe(0)
      expect((yield* headNow).position).toBe(2)
      disk.overwrite(file, bytesOf(change(textOfBytes(disk.bytes(file)))))
      const { flaws } = yield* verifyLedger({ root: "/r" })
      expect(flaws.map((flaw) => flaw.error)).toEqual([expect.stringContaining(error)])
    }),
  ),
)

it("an append whose seal cannot be written is answered and shown as not sealed; the next one seals it before it writes, or fails", () =>
  on((disk) =>
    Effect.gen(function* () {
      let isFailing = false
      const inner = Layer.succeed(Files, yield* Files)
      const faulty = layerFaultyFiles(inner, (operation, path) =>
        isFailing && operation === "write" && path.endsWith(".seal") ? { kind: "fail", code: "EIO" } : undefined,
      )
      const ledger = yield* Effect.provide(open, faulty)
      yield* write(ledger, "a", "one")
      isFailing = true
      yield* write(ledger, "a", "two")
      const unsealed = (yield* ledger.health).unsealed_bytes ?? 0
      expect(unsealed).toBeGreaterThan(0)
      const before = textOfBytes(disk.bytes(file))
      expect((yield* Effect.flip(write(ledger, "a", "three")))._tag).toBe("StorePoisoned")
      expect(textOfBytes(disk.bytes(file))).toBe(before)
      isFailing = false
      yield* write(ledger, "a", "three")
      expect((yield* ledger.health).unsealed_bytes).toBe(0)
      expect(yield* verifyLedger({ root: "/r" })).toMatchObject({ flaws: [], sealed: 3, unsealed: 0 })
    }),
  ))
