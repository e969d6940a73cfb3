/**
 * How a ledger in files is, as far as this process has seen. What is sealed is not read again for it; `verify` does that.
 *
 * @module
 */
import type { Damage, StoreError, StoreHealth, TornLine } from "@waybill/ledger"
import { Effect } from "effect"
import { acknowledge } from "./acknowledged.ts"
import { oddities } from "./derived.ts"
import { driftOf, namesIn } from "./drift.ts"
import type { Finding, History } from "./History.ts"
import { quarantine_name } from "./Layout.ts"
import { type LedgerFile } from "./LedgerFile.ts"
import type { Listings } from "./Listings.ts"
import type { Scanner } from "./Scanner.ts"
import { unlessOdd } from "./unlessOdd.ts"

/** Bytes of records that no seal covers yet, as `verify` counts them: blank lines behind them are none. */
const unsealedBytes = ({ segments }: History): number => {
  let total = 0
  for (const { count, link, rows, sealed } of segments) if (sealed < count) total += rows.end(rows.count - 1) - link.end
  return total
}

/** A finding in the words of the port. */
export const portOf = ({ error, file, isAcknowledged, positions }: Finding): Damage => ({
  file,
  error,
  ...(positions === undefined ? {} : { positions }),
  ...(isAcknowledged === undefined ? {} : { isAcknowledged }),
})

/** What stands behind the last record, as it would be told if nothing came any more. */
const tornLines = ({ active, reader }: History): ReadonlyArray<TornLine> =>
  reader.finish().flatMap(({ content, line_number }) => {
    const error = "error" in content ? content.error : undefined
    return error === undefined ? [] : [{ line_number: (active?.line ?? 0) + line_number, error }]
  })

export const healthOf = (
  ledgerFile: LedgerFile,
  scanner: Scanner,
  listings: Listings,
): Effect.Effect<StoreHealth, StoreError> =>
  Effect.gen(function* () {
    yield* scanner.scanAll
    yield* acknowledge(scanner)
    const sight = yield* ledgerFile.look
    const copies =
      sight === undefined
        ? undefined
        : yield* ledgerFile.io(unlessOdd(namesIn(sight.directory, quarantine_name, listings)))
    const lock_holder = yield* ledgerFile.holder
    // Whoever was in the middle of a write when it was looked at has ended it by now, and what he wrote is whole.
    if (lock_holder === undefined && scanner.seen_bytes > scanner.history.reader.end) yield* scanner.scanAll
    const { history, seen_bytes } = scanner
    const corrupt = [...history.corrupt.values()].map((record) => ({
      ...record,
      file: history.segmentOf(record.position)?.name ?? record.file ?? "",
    }))
    const now = sight === undefined ? [] : yield* ledgerFile.io(driftOf(sight, history, listings))
    const odd = sight === undefined ? [] : yield* ledgerFile.io(oddities(sight.directory, listings))
    const damage = [...history.damage.map(portOf), ...now, ...odd]
    const torn_bytes =
      scanner.hiding.isHiding() || sight === undefined ? 0 : Math.max(0, seen_bytes - history.reader.end)
    const torn = torn_bytes === 0 || lock_holder !== undefined ? [] : tornLines(history)
    return {
      corrupt: corrupt.toSorted((a, b) => a.position - b.position),
      torn_bytes,
      ...(torn.length > 0 ? { torn } : {}),
      unsealed_bytes: unsealedBytes(history),
      quarantined: copies?.size ?? 0,
      ...(damage.length > 0 ? { damage } : {}),
      ...(lock_holder === undefined ? {} : { lock_holder }),
    }
  })
