/**
 * Archives that hold records without a row. A file's rows are durable before it becomes an archive, and so is the whole past
 * before its sealing is told to be done: no crash explains a row that an archive lacks.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import { Effect } from "effect"
import { readMembers } from "./Archives.ts"
import { readFormat } from "./format.ts"
import { firstOfArchive, firstOfSeal, isGzip, sealName, seals_name } from "./Layout.ts"
import { readExactly } from "./readExactly.ts"
import { isOtherSeal, sealBytes } from "./Seals.ts"
import type { Segment } from "./Segment.ts"
import { unlessMissing } from "./unlessMissing.ts"
import { unlessOdd } from "./unlessOdd.ts"

/** What is wrong with such an archive. */
export const lacksRows = (first: number): string =>
  `its seal, ${seals_name}/${sealName(first)}, is gone or was cut: nothing tells whether these records are what was written`

/** How far beyond the last known position the next one is behind a file that was laid aside: more than one group can hold. */
export const positions_lost_max = 1_048_576

/** What is wrong with an archive that is gone. */
export const is_missing = "is missing"

/** The same, where its seal is gone too. After a repair it is told in the same words, so these must not depend on other seals. */
export const is_gone = "is missing, or the archive before it was cut: no file holds these positions, and no seal"

/** What is wrong with an archive that holds more than was ever in it: the next file's positions begin where its rows end. */
export const grew = "something was written behind its last record since it became an archive"

/** How many of the last sealed records must all have changed for a file to count as another one. */
export const recognised_records = 16

/** What is wrong with such a file. */
export const is_other = "it is not the file that was sealed"

/** What is wrong with a seal that has rows of no record. */
export const sealOutgrown = "it goes on behind the row of its file's last record"

/**
 * Whether a file was laid aside, because it was not what was sealed: then the next positions are far behind its own, and
 * whatever stands behind its rows has none.
 */
export const wasLaidAside = (most: number, sealed: number): boolean =>
  sealed > 0 && Number.isFinite(most) && most - sealed >= positions_lost_max

export interface Sealed {
  /** First positions of all seals that hold; none where the past has not been sealed. */
  readonly seals: ReadonlyArray<number>
  /** Whether the folder says that its whole past has been sealed. */
  readonly isMarked: boolean
  /** Whether archives must have all their rows. */
  readonly isPastSealed: boolean
}

/**
 * Which seals count. Those of a first sealing that a crash broke off do not: the archives of somebody else are sealed one after
 * the other, and the mark comes last. An archive of ours is never without a seal, so where there is one, the sealing had ended.
 */
export const sealedOf = (directory: Directory, archives: ReadonlyArray<string>): Effect.Effect<Sealed, FileError> =>
  Effect.gen(function* () {
    const isMarked = (yield* readFormat(directory)) !== undefined
    const isOurs = (name: string) => firstOfArchive(name) !== undefined
    const isPastSealed = isMarked || archives.some(isOurs)
    if (!isPastSealed && archives.length > 0) return { seals: [], isMarked, isPastSealed }
    const names = yield* unlessMissing(
      Effect.scoped(Effect.flatMap(directory.openDirectory(seals_name), (seals) => seals.list)),
    )
    return { seals: (names ?? []).flatMap((name) => firstOfSeal(name) ?? []), isMarked, isPastSealed }
  })

/** What is wrong with a seal that cannot be opened. */
export const ofOdd = (odd: string): string =>
  `${odd}: put the seal itself in its place, or move it out of the folder and let a repair make it anew`

/** What is wrong with a seal that bears the name of another one. */
export const ofOther = (position: number): string => `it is of position ${position}`

/** Whether each seal is of its file, and long enough for so many rows. Reads none of them. */
export const areTheirs = (
  directory: Directory,
  counts: ReadonlyArray<{ readonly first: number; readonly count: number }>,
): Effect.Effect<boolean, FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      if (counts.length === 0) return true
      const seals = yield* unlessMissing(directory.openDirectory(seals_name))
      for (const { count, first } of counts) {
        const info = yield* seals?.find(sealName(first)) ?? Effect.succeed(undefined)
        if (seals === undefined || info === undefined || info.bytes < sealBytes(count)) return false
        if (yield* isOtherSeal(seals, first)) return false
      }
      return true
    }),
  )

const length_bytes = 4

/** How long a packed archive's content is; `undefined` where only unpacking it tells. */
const packedContent = (directory: Directory, name: string, first: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* directory.openFile(name, { access: "read" })
      const { bytes } = yield* file.info
      const last = (yield* readMembers(directory, first))?.at(-1)
      if (last === undefined || bytes < length_bytes) return undefined
      // A gzip member ends with the length of its content.
      const end = yield* readExactly(file, bytes - length_bytes, length_bytes)
      return last.offset + Buffer.from(end).readUInt32LE()
    }),
  ).pipe(unlessMissing, unlessOdd)

/** How long an archive's content is; `undefined` where only unpacking it tells, or it is gone. */
export const contentBytes = (
  directory: Directory,
  name: string,
  first: number,
): Effect.Effect<number | undefined, FileError> =>
  isGzip(name)
    ? packedContent(directory, name, first)
    : Effect.map(unlessMissing(directory.info(name)), (info) => info?.bytes)

/** Whether an archive that is there goes on behind its rows. */
export const outgrowsRows = (
  directory: Directory,
  { first, isSealDamaged, link, name }: Segment,
  archives: ReadonlyArray<string>,
): Effect.Effect<boolean, FileError> =>
  isSealDamaged
    ? Effect.succeed(false)
    : Effect.map(
        contentBytes(directory, archives.includes(name) ? name : `${name}.gz`, first),
        (bytes = Number.MAX_SAFE_INTEGER) => bytes > link.end,
      )
