/**
 * Who bears which first position, as far as names and heads of seals tell.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import { Effect } from "effect"
import { activeStart } from "./activeStart.ts"
import type { Archives } from "./Archives.ts"
import { type Sealed, sealedOf } from "./lackingRows.ts"
import { archivesAmong, firstOfArchive } from "./Layout.ts"
import { readSeal } from "./Seals.ts"
import { strangeness } from "./strangers.ts"
import { strayName, straysOf } from "./strays.ts"

export interface Survey extends Sealed {
  readonly archives: ReadonlyArray<string>
  /** All names of archives, also of those that are none of this ledger's. */
  readonly names: ReadonlyArray<string>
  /** Archives of the reference daemon's, by the position that their seal gives them. */
  readonly claimed: ReadonlyMap<number, string>
  /** Those that have no position and are not without records, and seals of no file, each with what is wrong with it. */
  readonly strange: ReadonlyMap<string, string>
  /** Where the positions of the file that is appended to begin, where that does not follow from what is before it. */
  readonly begins: number | undefined
  /** Where its first line says that they do, also where it does follow. */
  readonly told: number | undefined
}

export const survey = (directory: Directory, archivesOf: Archives): Effect.Effect<Survey, FileError> =>
  Effect.gen(function* () {
    const found = yield* named(directory, archivesOf)
    return { ...found, ...(yield* activeStart(directory, found.archives, found.claimed, found.seals)) }
  })

const named = (directory: Directory, archivesOf: Archives): Effect.Effect<Omit<Survey, "begins" | "told">, FileError> =>
  Effect.gen(function* () {
    const names = archivesAmong(yield* directory.list)
    const claimed = new Map<number, string>()
    const listed = yield* sealedOf(directory, names)
    const strays = yield* straysOf(directory, archivesOf, names, listed.seals)
    const strange = new Map(strays.archives)
    for (const [first, error] of strays.seals) strange.set(strayName(first), error)
    const archives = names.filter((name) => !strays.archives.has(name))
    const seals = listed.seals.filter((first) => !strays.seals.has(first))
    const sealed = { ...listed, seals, names }
    const strangers = archives.filter((name) => firstOfArchive(name) === undefined)
    if (seals.length === 0 || strangers.length === 0) return { archives, claimed, strange, ...sealed }
    const unnamed: Array<number> = []
    const passed = new Set<string>()
    for (const first of seals) {
      const header = (yield* readSeal(directory, first))?.header
      if (header === undefined) unnamed.push(first)
      else if (header.file !== undefined) claimed.set(first, header.file)
      for (const name of header?.passed ?? []) passed.add(name)
    }
    // A head that is damaged does not tell its archive any more; what nobody else claims is left, in order.
    const taken = new Set(claimed.values())
    const free: Array<string> = []
    for (const name of strangers) {
      if (taken.has(name)) continue
      const error = yield* strangeness(archivesOf, directory, name, passed)
      if (error === undefined) continue
      strange.set(name, error)
      if (!passed.has(name)) free.push(name)
    }
    for (const first of unnamed) {
      const isOurs = archives.some((archive) => firstOfArchive(archive) === first) || first === Math.max(...seals)
      const name = isOurs ? undefined : free.shift()
      if (name === undefined) continue
      claimed.set(first, name)
      strange.delete(name)
    }
    return { archives, claimed, strange, ...sealed }
  })
