/**
 * A file without a seal that stands in another one's place, as when the wrong one is restored: its first line is the first record
 * of another file.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import { Effect } from "effect"
import { firstLine } from "./activeStart.ts"
import { hashOf } from "./History.ts"
import { readRows } from "./Seals.ts"

/** What is wrong with it. */
export const ofOtherFile = (position: number): string =>
  `it begins with the record of position ${position}, which is another file's: nothing of it is read`

/** Which other file's first position that is, if so. */
export const otherFileOf = <E>(
  directory: Directory,
  seals: ReadonlyArray<number>,
  first: number,
  read: (offset: number, bytes: number) => Effect.Effect<Uint8Array, E>,
): Effect.Effect<number | undefined, E | FileError> =>
  Effect.gen(function* () {
    const line = yield* firstLine(read)
    if (line === undefined || line.position === first || !seals.includes(line.position)) return undefined
    const row = yield* readRows(directory, line.position, 0, 1)
    const isTheirs = row.count === 1 && row.areSound(0, 1) && row.idHash(0) === hashOf(line.id)
    return isTheirs ? line.position : undefined
  })
