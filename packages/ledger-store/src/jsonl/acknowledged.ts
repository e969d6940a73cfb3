/**
 * What `ledger.repaired` facts have acknowledged.
 *
 * @module
 */
import type { Files } from "@waybill/host"
import type { RecordedEvent, StoreError } from "@waybill/ledger"
import { Effect } from "effect"
import { type Flaw, flawKey } from "./Flaw.ts"
import { makeJsonlStore } from "./JsonlStore.ts"

export const repaired_type = "ledger.repaired"
export const ledger_job = "ledger"
const page_records = 256

/** The flaws that a `ledger.repaired` fact names; none for any other event. */
export const flawsOf = ({ event_type, payload }: RecordedEvent): ReadonlyArray<Flaw> => {
  const { flaws } = payload as { readonly flaws?: unknown }
  if (event_type !== repaired_type || !Array.isArray(flaws)) return []
  return flaws.filter(
    (flaw: unknown): flaw is Flaw =>
      typeof flaw === "object" && flaw !== null && "file" in flaw && "digest" in flaw && "error" in flaw,
  )
}

/** The keys of all flaws that have been acknowledged. */
export const acknowledgedFlaws = (root: string): Effect.Effect<ReadonlySet<string>, StoreError, Files> =>
  Effect.scoped(
    Effect.gen(function* () {
      const store = yield* makeJsonlStore({ root })
      const keys = new Set<string>()
      for (let position = 0; ;) {
        const { events } = yield* store.readStream(ledger_job, position, page_records)
        const last = events.at(-1)
        if (last === undefined) return keys
        for (const event of events) for (const flaw of flawsOf(event)) keys.add(flawKey(flaw))
        position = last.position
      }
    }),
  )
