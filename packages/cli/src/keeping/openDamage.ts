/**
 * How much of a ledger is damaged without anybody having said so.
 *
 * @module
 */
import { Effect } from "effect"
import { openStore, runOnFiles } from "../Opening.ts"
import type { Place } from "../Place.ts"

/** Counts the damages that nobody has acknowledged. */
export const openDamage = (place: Place, signal: AbortSignal): Promise<number> =>
  runOnFiles(
    Effect.gen(function* () {
      const store = yield* openStore(place)
      const { corrupt, damage = [] } = yield* store.health
      return [...corrupt, ...damage].filter(({ isAcknowledged }) => isAcknowledged !== true).length
    }),
    signal,
  )
