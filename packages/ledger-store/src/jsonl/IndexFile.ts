/**
 * The index, saved: where each job's records begin and end, so that a ledger is opened in the time its jobs take, not its
 * records. It is a copy of what the files say and may be removed.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import type { CorruptRecord } from "@waybill/ledger"
import { Effect } from "effect"
import { readChecked, writeChecked } from "./checkedFile.ts"
import type { History } from "./History.ts"

export const index_name = "index"
const file_name = "jobs.json"

/** A file of the ledger as the index remembers it. */
export interface SavedSegment {
  readonly first: number
  readonly line: number
  readonly name: string
  readonly count: number
}

export interface SavedIndex {
  readonly version: 1
  readonly head: number
  /** The chain's value at the head, as hex: it tells that the index is of this very ledger. */
  readonly chain: string
  readonly segments: ReadonlyArray<SavedSegment>
  readonly jobs: ReadonlyArray<readonly [jobId: string, first: number, last: number]>
  readonly corrupt: ReadonlyArray<CorruptRecord>
  readonly ahead: ReadonlyArray<readonly [told: number, positions: ReadonlyArray<number>]>
}

/** What there is to save once everything up to the head is sealed. */
export const indexOf = (history: History, chain: Uint8Array): SavedIndex => ({
  version: 1,
  head: history.head,
  chain: Buffer.from(chain).toString("hex"),
  segments: history.segments.map(({ count, first, line, name }) => ({ first, line, name, count })),
  jobs: Array.from(history.jobs, ([jobId, { first, last }]) => [jobId, first, last] as const),
  corrupt: [...history.corrupt.values()],
  ahead: [...history.ahead].filter(([told]) => told > history.head),
})

export const saveIndex = (directory: Directory, index: SavedIndex): Effect.Effect<void, FileError> =>
  writeChecked(directory, index_name, file_name, index)

/** `undefined` where there is none, or none that can be used. */
export const loadIndex = (directory: Directory): Effect.Effect<SavedIndex | undefined, FileError> =>
  Effect.map(readChecked(directory, index_name, file_name), (value) => {
    const index = value as Partial<SavedIndex> | undefined
    return index?.version === 1 && (index.segments?.length ?? 0) > 0 ? (index as SavedIndex) : undefined
  })
