/**
 * Where the positions of the file that is appended to begin, where no seal says it and the archive before it is not what its
 * rows say: what that one holds now tells nothing. An event id of our own form tells its record's position.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import { Effect } from "effect"
import { told } from "./History.ts"
import { contentBytes, positions_lost_max } from "./lackingRows.ts"
import { firstOfArchive, ledger_name } from "./Layout.ts"
import { readLine } from "./LineReader.ts"
import { readExactly } from "./readExactly.ts"
import { readRows, readSeal } from "./Seals.ts"
import { unlessMissing } from "./unlessMissing.ts"

/** A first line that is longer tells nothing. */
const line_bytes_read = 65_536

/** The event id of a file's first line, and the position it tells. */
export const firstLine = <E>(
  read: (offset: number, bytes: number) => Effect.Effect<Uint8Array, E>,
): Effect.Effect<{ readonly id: string; readonly position: number } | undefined, E> =>
  Effect.map(read(0, line_bytes_read), (bytes) => {
    const content = readLine(bytes.subarray(0, Math.max(0, bytes.indexOf(0x0a))))
    const position = "error" in content ? undefined : told(content.event_id)
    return "error" in content || position === undefined ? undefined : { id: content.event_id, position }
  })

/** What the first line of the file that is appended to tells. */
const toldByActive = (directory: Directory) =>
  Effect.scoped(
    Effect.flatMap(directory.openFile(ledger_name, { access: "read" }), (file) =>
      firstLine((offset, bytes) => readExactly(file, offset, bytes)),
    ),
  ).pipe(unlessMissing)

/** How many records of a file are sealed, and where the last of them ends; none where its last row does not hold. */
const lastSealed = (directory: Directory, first: number) =>
  Effect.gen(function* () {
    const count = (yield* readSeal(directory, first))?.rows ?? 0
    const last = yield* readRows(directory, first, Math.max(0, count - 1), count)
    return last.count === 1 && last.areSound(0, 1) ? { count, end: last.end(0) } : { count: 0, end: -1 }
  })

export interface ActiveStart {
  /** What its first line tells, if that can be. */
  readonly told: number | undefined
  /** The same, where what the archive before it holds tells nothing. */
  readonly begins: number | undefined
}

const nothing: ActiveStart = { told: undefined, begins: undefined }

export const activeStart = (
  directory: Directory,
  archives: ReadonlyArray<string>,
  claimed: ReadonlyMap<number, string>,
  seals: ReadonlyArray<number>,
): Effect.Effect<ActiveStart, FileError> =>
  Effect.gen(function* () {
    const ours = new Map(archives.map((name) => [firstOfArchive(name), name] as const))
    const first = Math.max(0, ...seals, ...[...ours.keys()].map((start) => start ?? 0))
    const name = claimed.get(first) ?? ours.get(first)
    // The last seal is that of the file that is appended to; or nothing has been sealed.
    if (seals.length === 0 || name === undefined) return nothing
    const { count, end } = yield* lastSealed(directory, first)
    const start = (yield* toldByActive(directory))?.position
    const behind = first + count
    if (start === undefined || start < behind || start >= behind + 2 * positions_lost_max) return nothing
    const isExact = (yield* contentBytes(directory, name, first)) === end
    return { told: start, begins: isExact ? undefined : start }
  })
