/**
 * The bytes of archives, plain or compressed, as if each were one plain file.
 *
 * @module
 */
import type { Directory, FileError, OpenFile } from "@waybill/host"
import { Data, Effect } from "effect"
import { promisify } from "node:util"
import { crc32, gunzip } from "node:zlib"
import { isGzip, membersName, seals_name } from "./Layout.ts"
import { decodeMembers, type Member } from "./Members.ts"
import { readExactly } from "./readExactly.ts"
import { unlessMissing } from "./unlessMissing.ts"
import { oddity, unlessOdd } from "./unlessOdd.ts"

/** What unpacks to more than this is not taken for an archive. */
const unpacked_bytes_max = 536_870_912
const cached_bytes_max = 67_108_864

const unpack = promisify(gunzip)

/** An archive, or a part of it, that cannot be read. */
export class ArchiveDamaged extends Data.TaggedError("ArchiveDamaged")<{
  readonly file: string
  readonly reason: string
  /** Which bytes of its content are concerned; none where it is all of them. */
  readonly extent?: readonly [from: number, to: number]
}> {
  override get message(): string {
    return `${this.file}: ${this.reason}`
  }
}

/** An archive by the first position it holds, `undefined` while that is not fixed, and by its name. */
export interface ArchiveName {
  readonly name: string
  readonly first: number
}

type Failure = FileError | ArchiveDamaged

export interface Archives {
  /** The bytes of a part, or as many as there are before the end. */
  readonly read: (
    directory: Directory,
    archive: ArchiveName,
    offset: number,
    bytes: number,
    /** Where the bytes of a plain archive go. */
    take?: (bytes: number) => Buffer,
  ) => Effect.Effect<Uint8Array, Failure>
  /** How long the content is. */
  readonly bytes: (directory: Directory, archive: ArchiveName) => Effect.Effect<number, Failure>
}

/** The member index beside the seals; `undefined` where there is none or it is damaged. */
export const readMembers = (directory: Directory, first: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const seals = yield* directory.openDirectory(seals_name)
      const file = yield* seals.openFile(membersName(first), { access: "read" })
      return decodeMembers(yield* readExactly(file, 0, (yield* file.info).bytes))
    }),
  ).pipe(unlessMissing, unlessOdd)

const unpacked = (file: string, packed: Uint8Array, extent?: readonly [number, number]) =>
  Effect.tryPromise({
    try: () => unpack(packed, { maxOutputLength: unpacked_bytes_max }),
    catch: (cause) =>
      new ArchiveDamaged({
        file,
        reason: `cannot be unpacked: ${cause instanceof Error ? cause.message : String(cause)}`,
        ...(extent === undefined ? {} : { extent }),
      }),
  })

/** Keeps what was unpacked last: neighbours are mostly read one after the other. */
export const makeArchives = (): Archives => {
  const cache = new Map<string, Uint8Array>()
  const cached = <E>(key: string, make: Effect.Effect<Uint8Array, E>): Effect.Effect<Uint8Array, E> =>
    Effect.suspend(() => {
      const found = cache.get(key)
      if (found !== undefined) return Effect.succeed(found)
      return Effect.tap(make, (content) =>
        Effect.sync(() => {
          let total = content.byteLength
          for (const { byteLength } of cache.values()) total += byteLength
          for (const [oldest, { byteLength }] of cache) {
            if (total <= cached_bytes_max) break
            cache.delete(oldest)
            total -= byteLength
          }
          cache.set(key, content)
        }),
      )
    })

  const whole = (file: OpenFile, name: string) =>
    Effect.gen(function* () {
      const info = yield* file.info
      return yield* cached(
        `${name} ${info.inode} ${info.modified_ms} whole`,
        Effect.flatMap(readExactly(file, 0, info.bytes), (packed) => unpacked(name, packed)),
      )
    })

  const member = (file: OpenFile, name: string, members: ReadonlyArray<Member>, i: number) => {
    const { offset, packed_bytes, packed_crc, packed_offset } = members[i] as Member
    const extent = [offset, members[i + 1]?.offset ?? Number.MAX_SAFE_INTEGER] as const
    return Effect.flatMap(file.info, (info) =>
      cached(
        `${name} ${info.inode} ${info.modified_ms} ${i}`,
        Effect.gen(function* () {
          const packed = yield* readExactly(file, packed_offset, packed_bytes)
          if (packed.byteLength === packed_bytes && crc32(packed) === packed_crc)
            return yield* unpacked(name, packed, extent)
          return yield* new ArchiveDamaged({
            file: name,
            reason: "its bytes have changed since they were packed",
            extent,
          })
        }),
      ),
    )
  }

  /** What is there and cannot be opened is damage of that one archive. */
  const openOne = (directory: Directory, name: string) =>
    Effect.mapError(unlessMissing(directory.openFile(name, { access: "read" })), (error) => {
      const odd = oddity(error)
      return odd === undefined
        ? error
        : new ArchiveDamaged({
            file: name,
            reason: `${odd}: put the archive itself in its place, as a file that this user may read`,
          })
    })

  /** A plain archive may have been compressed since its name was read. */
  const open = (directory: Directory, { name }: ArchiveName) =>
    Effect.gen(function* () {
      const plain = yield* openOne(directory, name)
      if (plain !== undefined || isGzip(name)) return { file: plain, name }
      return { file: yield* openOne(directory, `${name}.gz`), name: `${name}.gz` }
    })

  const withFile = <A>(
    directory: Directory,
    archive: ArchiveName,
    use: (file: OpenFile, name: string) => Effect.Effect<A, Failure>,
  ): Effect.Effect<A, Failure> =>
    Effect.scoped(
      Effect.gen(function* () {
        const { file, name } = yield* open(directory, archive)
        if (file === undefined) return yield* new ArchiveDamaged({ file: archive.name, reason: "is missing" })
        return yield* use(file, name)
      }),
    )

  return {
    bytes: (directory, archive) =>
      withFile(directory, archive, (file, name) =>
        Effect.gen(function* () {
          if (!isGzip(name)) return (yield* file.info).bytes
          const members = yield* readMembers(directory, archive.first)
          const last = members?.at(-1)
          // As it is read: whatever stands behind the last member is no part of it.
          if (members === undefined || last === undefined) return (yield* whole(file, name)).byteLength
          return last.offset + (yield* member(file, name, members, members.length - 1)).byteLength
        }),
      ),
    read: (directory, archive, offset, bytes, take) =>
      withFile(directory, archive, (file, name) =>
        Effect.gen(function* () {
          if (!isGzip(name)) return yield* readExactly(file, offset, bytes, take)
          const members = yield* readMembers(directory, archive.first)
          if (members === undefined) return (yield* whole(file, name)).subarray(offset, offset + bytes)
          const parts: Array<Uint8Array> = []
          for (let i = members.findLastIndex((m) => m.offset <= offset); i >= 0 && i < members.length; i++) {
            const from = members[i]?.offset ?? 0
            if (from >= offset + bytes) break
            const content = yield* member(file, name, members, i)
            parts.push(content.subarray(Math.max(0, offset - from), offset + bytes - from))
          }
          return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
        }),
      ),
  }
}
