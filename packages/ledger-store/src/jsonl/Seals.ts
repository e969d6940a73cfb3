/**
 * The seal files: reading and writing rows of the record table.
 *
 * @module
 */
import type { Directory, FileError, OpenFile } from "@waybill/host"
import { Effect } from "effect"
import { membersName, seals_name, sealName } from "./Layout.ts"
import { encodeMembers, type Member } from "./Members.ts"
import { readExactly } from "./readExactly.ts"
import { row_bytes, Rows } from "./Rows.ts"
import { decodeHeader, encodeHeader, header_bytes, type SealHeader } from "./SealHeader.ts"
import { unlessMissing } from "./unlessMissing.ts"
import { oddity, unlessOdd } from "./unlessOdd.ts"

const placeOf = (row: number): number => header_bytes + row * row_bytes

/** How long the seal of so many records is. */
export const sealBytes = placeOf

const asBuffer = ({ buffer, byteLength, byteOffset }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, byteLength)

/** What a seal file begins with and how many rows it may hold; no header where that is damaged. */
export interface SealFile {
  readonly header: SealHeader | undefined
  readonly rows: number
  /** Which position its head is of, where that is not the one in its name: it is another file's seal, and this one has none. */
  readonly other?: number
  /** Whether it goes on behind the row of the last record that its file can hold. */
  readonly isLonger?: boolean
  /** Why it cannot be opened: then nothing is known of it. */
  readonly odd?: string
}

const withSeal = <A>(directory: Directory, first: number, use: (file: OpenFile) => Effect.Effect<A, FileError>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const seals = yield* directory.openDirectory(seals_name)
      const file = yield* unlessOdd(seals.openFile(sealName(first), { access: "read" }))
      return file === undefined ? undefined : yield* use(file)
    }),
  ).pipe(unlessMissing)

/** Why the seal cannot be opened, if so. */
const oddSeal = (directory: Directory, first: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const seals = yield* directory.openDirectory(seals_name)
      return yield* Effect.matchEffect(seals.openFile(sealName(first), { access: "read" }), {
        onSuccess: () => Effect.succeed(undefined),
        onFailure: (error) => Effect.succeed(oddity(error)),
      })
    }),
  ).pipe(unlessMissing)

/** How many rows an open seal file may hold. */
const rowsIn = ({ info }: OpenFile): Effect.Effect<number, FileError> =>
  Effect.map(info, ({ bytes }) => Math.max(0, Math.floor((bytes - header_bytes) / row_bytes)))

/** `undefined` where there is no seal for the file that begins at this position. */
export const readSeal = (directory: Directory, first: number): Effect.Effect<SealFile | undefined, FileError> =>
  Effect.gen(function* () {
    const seal = yield* withSeal(directory, first, (file) =>
      Effect.gen(function* () {
        const header = decodeHeader(yield* readExactly(file, 0, header_bytes))
        const isOther = header !== undefined && header.first !== first
        return isOther ? { header: undefined, rows: 0, other: header.first } : { header, rows: yield* rowsIn(file) }
      }),
    )
    if (seal !== undefined) return seal
    const odd = yield* oddSeal(directory, first)
    return odd === undefined ? undefined : { header: undefined, rows: 0, odd }
  })

/**
 * The same of a file that can hold so many records. Rows behind these are of no record of it; where the head does not tell
 * whose seal it is either, none of them counts.
 */
export const readSealWithin = (
  directory: Directory,
  first: number,
  most: number,
): Effect.Effect<SealFile | undefined, FileError> =>
  Effect.map(readSeal(directory, first), (seal) =>
    seal === undefined || seal.rows <= most
      ? seal
      : { header: seal.header, rows: seal.header === undefined ? 0 : most, isLonger: true },
  )

/** The offset behind the last record of a file that has its row on disk; 0 where none has, or that row does not hold. */
export const sealedEnd = (directory: Directory, first: number): Effect.Effect<number, FileError> =>
  Effect.map(
    withSeal(directory, first, (file) =>
      Effect.flatMap(rowsIn(file), (rows) => rowsFrom(file, Math.max(0, rows - 1), rows)),
    ),
    (last) => (last?.count === 1 && last.areSound(0, 1) ? last.end(0) : 0),
  )

/** The rows `from` up to `to`, or as many as there are. They are not checked. */
export const readRows = (
  directory: Directory,
  first: number,
  from: number,
  to: number,
  /** Where to; new memory otherwise. */
  take?: (bytes: number) => Buffer,
): Effect.Effect<Rows, FileError> =>
  Effect.map(
    withSeal(directory, first, (file) => readExactly(file, placeOf(from), (to - from) * row_bytes, take)),
    (bytes) => (bytes === undefined ? new Rows() : new Rows(asBuffer(bytes))),
  )

/** The rows of an open seal file from `from` on, `to` at the most. They are not checked. */
export const rowsFrom = (file: OpenFile, from: number, to: number): Effect.Effect<Rows, FileError> =>
  Effect.gen(function* () {
    const end = Math.min(to, yield* rowsIn(file))
    if (end <= from) return new Rows()
    return new Rows(asBuffer(yield* readExactly(file, placeOf(from), (end - from) * row_bytes)))
  })

/** Whether the seal of the file that begins at this position is another file's. */
export const isOtherSeal = (seals: Directory, first: number): Effect.Effect<boolean, FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* seals.openFile(sealName(first), { access: "read" })
      const header = decodeHeader(yield* readExactly(file, 0, header_bytes))
      return header !== undefined && header.first !== first
    }),
  ).pipe(
    unlessOdd,
    Effect.map((isOther) => isOther ?? true),
  )

/**
 * A seal file, open for writing behind its first rows: made, with its header, where there is none that holds. Another file's is
 * emptied first, and what stands behind those rows is cut: it is of no record.
 */
export const openSeal = (seals: Directory, header: SealHeader, sealed: number) =>
  Effect.gen(function* () {
    const file = yield* seals.openFile(sealName(header.first), { access: "write", create: "missing" })
    const { bytes } = yield* file.info
    const isOurs = sealed > 0 || decodeHeader(yield* readExactly(file, 0, header_bytes))?.first === header.first
    const kept = isOurs ? sealBytes(sealed) : 0
    if (bytes > kept) yield* file.truncate(kept)
    if (!isOurs) yield* file.write(encodeHeader(header), 0)
    return file
  })

export const writeRows = (file: OpenFile, rows: Rows, from: number, to: number, row: number) =>
  file.write(rows.slice(from, to), placeOf(row))

/** Puts a member index in place, durable. */
export const writeMembers = (seals: Directory, first: number, members: ReadonlyArray<Member>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const name = membersName(first)
      const draft = yield* seals.openFile(`${name}.tmp`, { access: "write", create: "missing" })
      yield* draft.truncate(0)
      yield* draft.write(encodeMembers(members), 0)
      yield* draft.flush
      yield* seals.rename(`${name}.tmp`, name)
      yield* seals.flush
    }),
  )
