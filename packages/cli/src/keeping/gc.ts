/**
 * Removes what ended runs left behind.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import { Ledger } from "@waybill/ledger"
import { layerFileHolds } from "@waybill/runtime"
import { Clock, Effect } from "effect"
import { join } from "node:path"
import { knownVocabularies } from "../Ledgers.ts"
import { notPermitted } from "../notPermitted.ts"
import { refuseNowhere } from "../Nowhere.ts"
import { openStore, runOnFiles } from "../Opening.ts"
import { ownFolder, type Place } from "../Place.ts"
import { refuseDamaged } from "./damage.ts"
import { namesIn, sizeOf } from "./files.ts"
import { garbageIn } from "./garbage.ts"
import { removeFolders, removeSeals, type Sized, stoppedAt, type Tally } from "./removing.ts"

export interface GcWords {
  readonly deliverables: boolean
  readonly yes: boolean
  /** Also what agents and verifiers printed, of runs that ended longer ago than this; undefined: none of it. */
  readonly logs_ms: number | undefined
}

/** What went, or would go, and what is left. */
export interface Removal {
  readonly root: string
  readonly removed: boolean
  readonly bytes: number
  readonly entries: ReadonlyArray<{ readonly path: string; readonly bytes: number; readonly why: string }>
  /** What could not be removed, with as many bytes as are still there. */
  readonly left: ReadonlyArray<{
    readonly path: string
    readonly bytes: number
    readonly why: string
    readonly error: string
  }>
  /** Work that somebody may be at just now. */
  readonly left_alone: number
}

/**
 * Removes what ended runs left behind: workspaces, staged and written copies, sealed bytes that were rejected. Facts stay,
 * and so do bytes that can be delivered, unless both words ask for them. Of a run that may go on nothing is touched, and of a
 * ledger that is damaged nothing at all. What the file system refuses is passed over, and told at the end.
 */
export const gc = async (words: GcWords, place: Place, ctx: Context): Promise<Removal> => {
  if (words.deliverables && !words.yes && !ctx.dryRun)
    throw new CommandError({
      exit: "PRECONDITION",
      code: "CONFIRMATION_REQUIRED",
      message: "--deliverables removes verified bytes, and nobody can deliver them afterwards.",
      fix_required: "Say --yes as well, or look first with --dry-run.",
    })
  refuseNowhere(place)
  const folder = ownFolder(place)
  const data = join(folder, "data")
  const tally: Tally = { gone: [], left: [] }
  const answer = (entries: ReadonlyArray<Sized>): Removal => ({
    root: place.root,
    removed: !ctx.dryRun && entries.length > 0,
    bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
    entries: entries.map(({ bytes, path, why }) => ({ path, bytes, why })),
    left: tally.left.map(({ bytes, error, path, why }) => ({ path, bytes, why, error: error.message })),
    left_alone: namesIn(join(data, "unfinished")).length,
  })
  const program = Effect.gen(function* () {
    const store = yield* openStore(place, "read")
    const ledger = yield* Ledger.make(store, knownVocabularies)
    return yield* Effect.gen(function* () {
      yield* refuseDamaged(ledger, place)
      const { logs_ms } = words
      const logs = logs_ms === undefined ? undefined : { folder, before_ms: (yield* Clock.currentTimeMillis) - logs_ms }
      const found = (yield* garbageIn(data, words.deliverables, logs)).flatMap((each): ReadonlyArray<Sized> => {
        const { bytes, files } = sizeOf(each.path)
        return files > 0 ? [{ ...each, bytes }] : []
      })
      if (ctx.dryRun) return found
      const folders = found.filter(({ runId }) => runId !== undefined)
      const seals = found.filter(({ runId }) => runId === undefined)
      yield* removeFolders(folders, tally)
      yield* removeSeals(seals, words.deliverables, data, store, place, tally)
      return tally.gone
    }).pipe(Effect.provideService(Ledger, ledger))
  })
  const holds = layerFileHolds({ root: join(folder, "holds") })
  try {
    const entries = await runOnFiles(Effect.provide(program, holds), ctx.signal)
    const [first] = tally.left
    if (first !== undefined) throw first.error
    return answer(entries)
  } catch (thrown) {
    const cause = notPermitted(thrown) ?? thrown
    // Nothing is gone, or whoever called has gone away: then there is nothing to count.
    if (ctx.signal.aborted || tally.gone.length === 0 || !(cause instanceof Error)) throw cause
    throw stoppedAt(cause, answer(tally.gone), tally)
  }
}
