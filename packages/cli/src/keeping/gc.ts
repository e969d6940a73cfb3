/**
 * Removes what ended runs left behind.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import { Ledger, type Store } from "@waybill/ledger"
import { Holds, layerFileHolds } from "@waybill/runtime"
import { Effect } from "effect"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { knownVocabularies } from "../Ledgers.ts"
import { openStore, runOnFiles } from "../Opening.ts"
import { ownFolder, type Place } from "../Place.ts"
import { refuseDamaged } from "./damage.ts"
import { namesIn, sizeOf } from "./files.ts"
import { type Garbage, garbageIn } from "./garbage.ts"

export interface GcWords {
  readonly deliverables: boolean
  readonly yes: boolean
}

interface Sized extends Garbage {
  readonly bytes: number
}

const remove = ({ path }: Garbage) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))

/** How many seals go under one append lock: others wait for as long. */
const batch_max = 64

/**
 * Removes sealed bytes, each only if it still may go as the ledger stands while nobody can append. Whoever settles the same bytes
 * has recorded their digest before, and then they stay; or records it afterwards, and then seals them anew.
 */
export const removeSeals = (
  seals: ReadonlyArray<Sized>,
  deliverables: boolean,
  data: string,
  store: Store,
  place: Place,
) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const gone: Array<Sized> = []
    for (let from = 0; from < seals.length; from += batch_max) {
      const batch = seals.slice(from, from + batch_max)
      yield* store.commit(() =>
        Effect.gen(function* () {
          yield* refuseDamaged(ledger, place)
          const now = new Set((yield* garbageIn(data, deliverables)).map(({ path }) => path))
          for (const seal of batch.filter(({ path }) => now.has(path))) {
            yield* remove(seal)
            gone.push(seal)
          }
        }).pipe(Effect.provideService(Ledger, ledger)),
      )
    }
    return gone
  })

/** Removes folders of runs that nobody is at work on. An ended run stays so; who still tidies up after it has it held. */
const removeFolders = (folders: ReadonlyArray<Sized>) =>
  Effect.gen(function* () {
    const holds = yield* Holds
    const gone: Array<Sized> = []
    for (const folder of folders)
      yield* Effect.scoped(
        Effect.gen(function* () {
          if (folder.runId === undefined || !(yield* holds.tryHold(folder.runId))) return
          yield* remove(folder)
          gone.push(folder)
        }),
      )
    return gone
  })

/**
 * Removes what ended runs left behind: workspaces, staged and written copies, sealed bytes that were rejected. Facts stay,
 * and so do bytes that can be delivered, unless both words ask for them. Of a run that may go on nothing is touched, and of a
 * ledger that is damaged nothing at all.
 */
export const gc = (words: GcWords, place: Place, ctx: Context) => {
  if (words.deliverables && !words.yes && !ctx.dryRun)
    throw new CommandError({
      exit: "PRECONDITION",
      code: "CONFIRMATION_REQUIRED",
      message: "--deliverables removes verified bytes, and nobody can deliver them afterwards.",
      fix_required: "Say --yes as well, or look first with --dry-run.",
    })
  const data = join(ownFolder(place), "data")
  const program = Effect.gen(function* () {
    const store = yield* openStore(place, "read")
    const ledger = yield* Ledger.make(store, knownVocabularies)
    return yield* Effect.gen(function* () {
      yield* refuseDamaged(ledger, place)
      const found = (yield* garbageIn(data, words.deliverables)).flatMap((each): ReadonlyArray<Sized> => {
        const { bytes, files } = sizeOf(each.path)
        return files > 0 ? [{ ...each, bytes }] : []
      })
      if (ctx.dryRun) return found
      const folders = yield* removeFolders(found.filter(({ runId }) => runId !== undefined))
      const seals = found.filter(({ runId }) => runId === undefined)
      return [...folders, ...(yield* removeSeals(seals, words.deliverables, data, store, place))]
    }).pipe(Effect.provideService(Ledger, ledger))
  })
  const holds = layerFileHolds({ root: join(ownFolder(place), "holds") })
  return runOnFiles(Effect.provide(program, holds), ctx.signal).then((entries) => ({
    root: place.root,
    removed: !ctx.dryRun && entries.length > 0,
    bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
    entries: entries.map(({ bytes, path, why }) => ({ path, bytes, why })),
    left_alone: namesIn(join(data, "unfinished")).length,
  }))
}
