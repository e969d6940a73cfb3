/**
 * The index, saved: where each job's records begin and end, so that a ledger is opened in the time its jobs take, not its
 * records. It is a copy of what the files say and may be removed.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import type { CorruptRecord } from "@waybill/ledger"
import { Effect } from "effect"
import { readCheckedText, writeChecked } from "./checkedFile.ts"
import type { History } from "./History.ts"
import { Jobs, type SavedJob } from "./Jobs.ts"
import { unlessOdd } from "./unlessOdd.ts"

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
  readonly jobs: ReadonlyArray<SavedJob>
  readonly corrupt: ReadonlyArray<CorruptRecord>
  readonly ahead: ReadonlyArray<readonly [told: number, positions: ReadonlyArray<number>]>
}

/** The same as it is read again: most readings ask for no job. */
export interface LoadedIndex extends Omit<SavedIndex, "jobs"> {
  readonly jobs: Jobs
}

/** What there is to save once everything up to the head is sealed. */
export const indexOf = (history: History, chain: Uint8Array): SavedIndex => ({
  version: 1,
  head: history.head,
  chain: Buffer.from(chain).toString("hex"),
  segments: history.segments.map(({ count, first, line, name }) => ({ first, line, name, count })),
  jobs: history.jobs.saved,
  corrupt: [...history.corrupt.values()],
  ahead: [...history.ahead].filter(([told]) => told > history.head),
})

/** Saves it, if something that is no index does not stand in its place: opening takes longer then, and health says why. */
export const saveIndex = (directory: Directory, index: SavedIndex): Effect.Effect<void, FileError> =>
  Effect.asVoid(unlessOdd(writeChecked(directory, index_name, file_name, index)))

const jobs_begin = '"jobs":['
const jobs_end = '],"corrupt":['

/**
 * The text with one job's entry in place of all, so that not all are parsed; the text as it is where that entry cannot be told
 * for certain. A quote within a text of JSON is escaped, so what is searched for is found in no id; and an id that begins with a
 * letter, a digit or `_` cannot be found where one id ends.
 */
export const withOneJob = (text: string, jobId: string): string => {
  const from = text.indexOf(jobs_begin)
  const to = text.indexOf(jobs_end, from)
  if (!/^\w/u.test(jobId) || from < 0 || to < 0) return text
  const wanted = `[${JSON.stringify(jobId)},`
  const at = text.indexOf(wanted, from + jobs_begin.length)
  const entry = at < 0 || at > to ? "" : text.slice(at, text.indexOf("]", at + wanted.length) + 1)
  return text.slice(0, from + jobs_begin.length) + entry + text.slice(to)
}

/** Apart from the rest, the list of jobs as it is written; inside a text, its beginning and end are not met either. */
const withoutJobs = (text: string): readonly [rest: string, jobs: string] | undefined => {
  const from = text.indexOf(jobs_begin) + jobs_begin.length
  const to = text.indexOf(jobs_end, from)
  return from < jobs_begin.length || to < 0 ? undefined : [text.slice(0, from) + text.slice(to), text.slice(from, to)]
}

/** `undefined` where there is none, or none that can be used. With `only`, of the jobs that one alone. */
export const loadIndex = (directory: Directory, only?: string): Effect.Effect<LoadedIndex | undefined, FileError> =>
  Effect.map(readCheckedText(directory, index_name, file_name), (text) => {
    const parts = text === undefined ? undefined : withoutJobs(only === undefined ? text : withOneJob(text, only))
    if (parts === undefined) return undefined
    const index = JSON.parse(parts[0]) as Partial<SavedIndex>
    const isUsable = index.version === 1 && (index.segments?.length ?? 0) > 0
    return isUsable ? { ...(index as SavedIndex), jobs: new Jobs(parts[1]) } : undefined
  })
