/** Injuries to the files of a ledger that nobody has open, and ledgers to injure. */
import { Files, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { Effect, type Layer, type Scope } from "effect"
import fc from "fast-check"
import { compressArchives, makeJsonlStore } from "../../src/index.ts"
import { row_bytes } from "../../src/jsonl/Rows.ts"
import { bytesOf, folder } from "./simulated.ts"
import { ledgerOver, origin, write, written } from "./texts.ts"

export const openStore = makeJsonlStore({ root: "/r", rotate_bytes: 900, compress: false })
export const open = Effect.flatMap(openStore, ledgerOver)
export const jobs = ["j0", "j1", "j2", "ledger"]

const plain = ["flip", "cut", "cut a little", "cut by rows", "empty", "remove", "grow"] as const
const all = [...plain, "lines", "zeros", "exchange", "copy", "older"] as const
type Kind = (typeof all)[number]

const injuryOf = (kinds: ReadonlyArray<Kind>) =>
  fc.record({
    file: fc.nat(),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    kind: fc.constantFrom(...kinds),
    by: fc.integer({ min: 1, max: 255 }),
    other: fc.nat(),
  })

export const injury = injuryOf(plain)
/** Besides, files lie in each other's place, or as they were before. */
export const anyInjury = injuryOf(all)
export type Injury = typeof injury extends fc.Arbitrary<infer A> ? A : never

export interface Ruin {
  readonly disk: MemoryDisk
  readonly layer: Layer.Layer<Files>
  /** Its files as they were in the middle. */
  readonly before: ReadonlyMap<string, Uint8Array>
}

/** `forms`: whether archives are compressed, one of them holds no record, and batches are of several jobs. */
export const build = async (forms: number): Promise<Ruin> => {
  const { disk, layer } = makeMemoryFiles()
  const before = new Map<string, Uint8Array>()
  const grow = Effect.gen(function* () {
    yield* Effect.scoped(Effect.flatMap(Files, (files) => files.openDirectory(folder, { create: true })))
    if (forms % 3 > 1) disk.plant(`${folder}/ledger.20260101T000000Z.jsonl`, bytesOf("\n \n"))
    const ledger = yield* open
    for (let i = 1; i <= 11; i++) {
      if (forms > 2 && i % 5 === 3)
        yield* ledger.append(
          ["j0", "j1", "j2"].map((job) => written(job, `b${i}`)),
          origin("req"),
        )
      else yield* write(ledger, `j${i % 2}`, `n${i}`, ...(i % 4 === 0 ? ["more"] : []))
      if (i === 5 && forms % 3 > 0) yield* compressArchives("/r")
      if (i === 8) for (const path of filesOf(disk)) before.set(path, disk.bytes(path)?.slice() ?? new Uint8Array())
    }
  })
  await Effect.runPromise(Effect.scoped(Effect.provide(grow, layer)))
  return { disk, layer, before }
}

/** What can be injured: no lock, which holds no data. */
const filesOf = (disk: MemoryDisk) => disk.files(folder).filter((path) => !path.endsWith(".lock"))

const added = ["\n", "{}\n", "xx\n", "\n\n", '{"a":1}\n']

/** Puts a file of the same sort in the place of another. */
const displace = (disk: MemoryDisk, path: string, { kind, other }: Injury): string => {
  const end = path.split(".").at(-1)
  const others = filesOf(disk).filter((each) => each !== path && each.split(".").at(-1) === end)
  const from = others[other % Math.max(1, others.length)]
  if (from === undefined) return path
  const bytes = disk.bytes(path)?.slice() ?? new Uint8Array()
  disk.overwrite(path, disk.bytes(from)?.slice() ?? new Uint8Array())
  if (kind === "exchange") disk.overwrite(from, bytes)
  return `${path} with ${from}`
}

/** Answers what it was done to. */
export const injure = ({ before, disk }: Ruin, what: Injury): string => {
  const { at, by, file, kind } = what
  const paths = filesOf(disk)
  const path = paths[file % paths.length] ?? ""
  const bytes = disk.bytes(path) ?? new Uint8Array()
  const where = Math.floor(at * bytes.byteLength)
  const put = (now: Uint8Array) => disk.overwrite(path, now)
  const rows = row_bytes * (1 + (by % 3))
  if (kind === "remove") disk.remove(path)
  if (kind === "empty") put(new Uint8Array())
  if (kind === "cut") put(bytes.subarray(0, where))
  if (kind === "cut a little") put(bytes.subarray(0, Math.max(0, bytes.byteLength - by)))
  if (kind === "cut by rows") put(bytes.subarray(0, Math.max(0, bytes.byteLength - rows)))
  if (kind === "grow") put(Buffer.concat([bytes, bytesOf("x".repeat(by))]))
  if (kind === "lines") put(Buffer.concat([bytes, bytesOf(added[by % added.length] ?? "")]))
  if (kind === "zeros") put(bytes.map((byte, i) => (i >= where && i < where + 40 ? 0 : byte)))
  if (kind === "flip") put(bytes.map((byte, i) => (i === where ? byte ^ by : byte)))
  if (kind === "older") put((before.get(path) ?? bytes).slice())
  return `${kind} ${kind === "exchange" || kind === "copy" ? displace(disk, path, what) : path}`
}

export const on = <A>(layer: Layer.Layer<Files>, run: Effect.Effect<A, unknown, Files | Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(Effect.provide(run, layer)))
