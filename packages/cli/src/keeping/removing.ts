/**
 * Removes garbage piece by piece, and keeps count of what is gone and of what could not be removed.
 *
 * @module
 */
import { CommandError } from "@waybill/command"
import { Ledger, type Store } from "@waybill/ledger"
import { Holds } from "@waybill/runtime"
import { Effect } from "effect"
import { rmSync } from "node:fs"
import type { Place } from "../Place.ts"
import { refuseDamaged } from "./damage.ts"
import { sizeOf } from "./files.ts"
import { type Garbage, garbageIn } from "./garbage.ts"

export interface Sized extends Garbage {
  readonly bytes: number
}

/** A piece that is still there, or a part of it. */
export interface Left extends Sized {
  readonly error: Error
}

export interface Tally {
  readonly gone: Array<Sized>
  readonly left: Array<Left>
}

const asError = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)))

/** What may not be looked at is as large as it was. */
const sizeLeft = ({ bytes, path }: Sized): number => {
  try {
    return sizeOf(path).bytes
  } catch {
    return bytes
  }
}

const remove = (one: Sized, { gone, left }: Tally): void => {
  try {
    rmSync(one.path, { recursive: true, force: true })
    gone.push(one)
  } catch (cause) {
    // The others may go all the same; what of this one went before is not there any more.
    left.push({ ...one, bytes: sizeLeft(one), error: asError(cause) })
  }
}

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
  tally: Tally,
) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    for (let from = 0; from < seals.length; from += batch_max) {
      const batch = seals.slice(from, from + batch_max)
      yield* store.commit(() =>
        Effect.gen(function* () {
          yield* refuseDamaged(ledger, place)
          const now = new Set((yield* garbageIn(data, deliverables)).map(({ path }) => path))
          for (const seal of batch.filter(({ path }) => now.has(path))) remove(seal, tally)
        }).pipe(Effect.provideService(Ledger, ledger)),
      )
    }
  })

/** Removes folders of runs that nobody is at work on. An ended run stays so; who still tidies up after it has it held. */
export const removeFolders = (folders: ReadonlyArray<Sized>, tally: Tally) =>
  Effect.gen(function* () {
    const holds = yield* Holds
    for (const folder of folders)
      yield* Effect.scoped(
        Effect.gen(function* () {
          if (folder.runId === undefined || !(yield* holds.tryHold(folder.runId))) return
          remove(folder, tally)
        }),
      )
  })

/**
 * What is thrown where not everything could go: what went, and what is left.
 *
 * @param cause what stopped it; of several refusals the first
 */
export const stoppedAt = (cause: Error, data: object, { gone, left }: Tally): CommandError => {
  const options = CommandError.is(cause) ? cause.options : undefined
  const where = left.length === 0 ? "" : ` ${left.length} could not be removed and are listed in data.left.`
  return new CommandError({
    exit: "PARTIAL_FAILURE",
    code: "PARTIAL_FAILURE",
    message: `${gone.length} were removed and are listed in data.entries.${where} The reason: ${cause.message}`,
    fix_required:
      options?.fix_required ?? "Mend what the message names, and call gc again: it goes on with what is left.",
    data,
    isResult: true,
    cause,
  })
}
