/**
 * What `ledger.repaired` facts have acknowledged.
 *
 * @module
 */
import type { RecordedEvent, StoreError } from "@waybill/ledger"
import { Effect } from "effect"
import { hash } from "node:crypto"
import { type Flaw, flawKey } from "./Flaw.ts"
import type { Finding } from "./History.ts"
import { along } from "./paging.ts"
import type { Scanner } from "./Scanner.ts"

export const repaired_type = "ledger.repaired"
export const ledger_job = "ledger"
const page_records = 256

/** The flaws that a `ledger.repaired` fact names; none for any other event. */
const flawsOf = ({ event_type, payload }: RecordedEvent): ReadonlyArray<Flaw> => {
  const { flaws } = payload as { readonly flaws?: unknown }
  if (event_type !== repaired_type || !Array.isArray(flaws)) return []
  return flaws.filter(
    (flaw: unknown): flaw is Flaw =>
      typeof flaw === "object" && flaw !== null && "file" in flaw && "digest" in flaw && "error" in flaw,
  )
}

/** Every flaw that a repair has named. */
export const repairedFlaws = (scanner: Scanner): Effect.Effect<ReadonlyArray<Flaw>, StoreError> =>
  Effect.gen(function* () {
    yield* scanner.scanAll
    const flaws: Array<Flaw> = []
    for (let position = 0; ;) {
      const { events } = yield* scanner.reading(
        (place, history) => along(scanner.records, place, history, ledger_job, position, page_records),
        ({ generation }) => ({ events: [], generation, covers: 0 }),
      )
      const last = events.at(-1)
      if (last === undefined) return flaws
      for (const event of events) flaws.push(...flawsOf(event))
      position = last.position
    }
  })

/** Whether a flaw is a finding in the same words, or tells of the same positions that nobody can read. */
const isTold = ({ error, file, positions }: Finding, flaw: Flaw): boolean =>
  (error === flaw.error && file === flaw.file) ||
  (positions !== undefined &&
    flaw.digest === "" &&
    positions[0] === flaw.positions?.[0] &&
    positions[1] === flaw.positions[1])

/** Marks what is known to be wrong and has been acknowledged. */
export const acknowledge = (scanner: Scanner): Effect.Effect<void, StoreError> =>
  Effect.gen(function* () {
    const { history } = scanner
    const isNew = ({ isAcknowledged }: { readonly isAcknowledged?: boolean }) => isAcknowledged !== true
    const corrupt = [...history.corrupt.values()].filter(isNew)
    if (corrupt.length === 0 && !history.damage.some(isNew)) return
    const flaws = yield* repairedFlaws(scanner)
    if (flaws.length === 0) return
    const keys = new Set(flaws.map(flawKey))
    for (const record of corrupt) {
      const digest = yield* digestAt(scanner, record.position)
      if (keys.has(flawKey({ file: record.file ?? "", position: record.position, digest })))
        history.corrupt.set(record.position, { ...record, isAcknowledged: true })
    }
    for (const [i, finding] of history.damage.entries())
      if (flaws.some((flaw) => isTold(finding, flaw))) history.damage[i] = { ...finding, isAcknowledged: true }
  })

/** SHA-256 of a record's bytes as they are now. */
const digestAt = (scanner: Scanner, position: number) =>
  scanner.reading(
    (place, history) =>
      Effect.gen(function* () {
        const segment = history.segmentOf(position)
        const row = yield* scanner.records.row(place, position)
        if (segment === undefined || row === undefined) return ""
        const bytes = yield* Effect.catchTag(
          scanner.records.bytes(place, segment, row.offset(0), row.bytes(0)),
          "ArchiveDamaged",
          () => Effect.succeed(new Uint8Array()),
        )
        return hash("sha256", bytes, "hex")
      }),
    () => "",
  )
