/**
 * Files that bear the name of an archive or a seal and are none of this ledger's, as when one of another ledger is copied into
 * its folder. A name alone moves no position: what the seals prove is read where they say it is.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import { Effect } from "effect"
import { crc32 } from "node:zlib"
import { firstLine } from "./activeStart.ts"
import type { ArchiveDamaged, Archives } from "./Archives.ts"
import { ofOther, recognised_records } from "./lackingRows.ts"
import { firstOfArchive, ledger_name, sealName, seals_name } from "./Layout.ts"
import { readExactly } from "./readExactly.ts"
import { readRows, readSeal, type SealFile } from "./Seals.ts"
import { isEmpty } from "./strangers.ts"
import { unlessMissing } from "./unlessMissing.ts"

/** What is wrong with such an archive. The same whoever holds the position, so that it is acknowledged once. */
const stray = (first: number): string =>
  `no seal gives it the position ${first} that its name claims, so nothing of it is read: move it out of the folder`

/** What is wrong with such a seal. */
const straySeal = (first: number, { odd, other }: SealFile): string =>
  `${odd ?? (other === undefined ? "its head does not hold" : ofOther(other))}, and no file needs a seal for ${first}: move it out of the folder`

type Read<E> = (offset: number, bytes: number) => Effect.Effect<Uint8Array, E>

/** Whether the bytes of one record are what its seal says, so that it stands in this file at this position. */
const holds = <E>(directory: Directory, first: number, record: number, read: Read<E>) =>
  Effect.gen(function* () {
    const before = Math.max(0, record - 1)
    const rows = yield* readRows(directory, first, before, record + 1)
    if (rows.count !== record - before + 1 || !rows.areSound(0, rows.count)) return false
    const at = record - before
    const [start, crc] = at === 0 ? [0, 0] : [rows.end(0), rows.crc(0)]
    const bytes = yield* read(start, rows.end(at) - start)
    return bytes.byteLength === rows.end(at) - start && crc32(bytes, crc) === rows.crc(at)
  })

/** Whether the file that is appended to is the one of this seal. */
const isOfActive = (directory: Directory, first: number, { rows }: SealFile) =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* unlessMissing(directory.openFile(ledger_name, { access: "read" }))
      if (file === undefined) return false
      for (let record = 0; record < Math.min(rows, recognised_records); record++)
        if (yield* holds(directory, first, record, (offset, bytes) => readExactly(file, offset, bytes))) return true
      return false
    }),
  )

export interface Strays {
  /** What is wrong with each, by its name in the folder. */
  readonly archives: ReadonlyMap<string, string>
  /** The same of seals, by the position in their name. */
  readonly seals: ReadonlyMap<number, string>
}

/**
 * Told apart from the archives that have lost their seal: a stray's position is in the file that is appended to, or behind it, or
 * in the archive before it, as a seal proves; or it is the last and says itself that it is of another position, or nothing.
 */
export const straysOf = (
  directory: Directory,
  archivesOf: Archives,
  names: ReadonlyArray<string>,
  seals: ReadonlyArray<number>,
): Effect.Effect<Strays, FileError> =>
  Effect.gen(function* () {
    const ours = new Map(names.flatMap((name) => [[firstOfArchive(name) ?? 0, name] as const]))
    ours.delete(0)
    const archives = new Map<string, string>()
    const straySeals = new Map<number, string>()
    const sealed = new Set(seals)
    /** Whose name is no proof: an archive without a seal, or a seal without an archive. */
    const suspects = [...new Set([...seals, ...ours.keys()])].filter((first) => ours.has(first) !== sealed.has(first))
    if (seals.length === 0 || suspects.length === 0) return { archives, seals: straySeals }
    const heads = new Map<number, SealFile | undefined>()
    const headOf = (first: number) =>
      Effect.gen(function* () {
        if (!heads.has(first)) heads.set(first, sealed.has(first) ? yield* readSeal(directory, first) : undefined)
        return heads.get(first)
      })
    const pass = (first: number) => {
      const [name, head] = [ours.get(first), heads.get(first)]
      if (name !== undefined) archives.set(name, stray(first))
      if (head !== undefined) straySeals.set(first, straySeal(first, head))
    }
    const firsts = seals.toSorted((a, b) => b - a)
    /** The last file below a position whose seal tells whose it is. */
    const below = (position: number) =>
      Effect.gen(function* () {
        for (const first of firsts) {
          if (first >= position) continue
          const seal = yield* headOf(first)
          if (seal?.header !== undefined) return { first, seal, name: seal.header.file ?? ours.get(first) }
        }
        return undefined
      })
    for (const first of suspects.toSorted((a, b) => a - b)) {
      if ((yield* headOf(first))?.header !== undefined) continue
      const before = yield* below(first)
      if (before === undefined) continue
      const { name, seal } = before
      const isLast = (yield* below(Number.POSITIVE_INFINITY))?.first === before.first
      if (name === undefined) {
        if (isLast && (yield* isOfActive(directory, before.first, seal))) pass(first)
        continue
      }
      const read = (at: { readonly name: string; readonly first: number }) => (offset: number, bytes: number) =>
        archivesOf.read(directory, at, offset, bytes)
      const unlessDamaged = <A>(run: Effect.Effect<A, FileError | ArchiveDamaged>, otherwise: A) =>
        Effect.catchTag(run, "ArchiveDamaged", () => Effect.succeed(otherwise))
      const record = first - before.first
      const held = { name, first: before.first }
      if (record < seal.rows && (yield* unlessDamaged(holds(directory, before.first, record, read(held)), false))) {
        pass(first)
        continue
      }
      const own = ours.get(first)
      if (!isLast || own === undefined || record === seal.rows) continue
      const at = { name: own, first }
      const line = yield* unlessDamaged(firstLine(read(at)), undefined)
      const isNothing = yield* unlessDamaged(isEmpty(archivesOf, directory, own), false)
      if (isNothing || (line !== undefined && line.position !== first)) pass(first)
    }
    return { archives, seals: straySeals }
  })

export const strayName = (first: number): string => `${seals_name}/${sealName(first)}`
