/**
 * Holding the sealed bytes of one file after the other against their rows, and the rows against the chain.
 *
 * @module
 */
import type { Directory, FileError, OpenFile } from "@waybill/host"
import { Effect } from "effect"
import { hash } from "node:crypto"
import { crc32 } from "node:zlib"
import { ArchiveDamaged, type Archives, readMembers } from "./Archives.ts"
import { nextSha } from "./Chain.ts"
import type { ChainHead } from "./ChainHead.ts"
import type { Flaw } from "./Flaw.ts"
import { batchStart } from "./batchStart.ts"
import { archiveName, isGzip, ledger_name, membersName, sealName, seals_name } from "./Layout.ts"
import {
  contentBytes,
  grew,
  is_gone,
  is_missing,
  is_other,
  lacksRows,
  ofOdd,
  ofOther,
  positions_lost_max,
  recognised_records,
  sealOutgrown,
  wasLaidAside,
} from "./lackingRows.ts"
import { incomplete_batch, partial_line, readLine } from "./LineReader.ts"
import { ofOtherFile, otherFileOf } from "./otherFile.ts"
import { readExactly } from "./readExactly.ts"
import { changed } from "./Records.ts"
import { Flag, row_bytes, type Rows } from "./Rows.ts"
import { genesis, header_bytes } from "./SealHeader.ts"
import { readRows, type SealFile } from "./Seals.ts"
import { unlessMissing } from "./unlessMissing.ts"
import { unlessOdd } from "./unlessOdd.ts"
import { chainOver, walkLines } from "./walkLines.ts"

const chunk_rows = 4096
const chunk_bytes_max = 8_388_608

export interface WalkOptions {
  readonly directory: Directory
  /** The first positions of all seals. */
  readonly seals: ReadonlyArray<number>
  readonly archives: Archives
  /** The file that is appended to, if there is one. It is read by this, since it may become an archive meanwhile. */
  readonly file: OpenFile | undefined
  readonly expect: ReadonlyArray<ChainHead>
  readonly add: (flaw: Flaw) => void
}

export interface Walk {
  /** Walks one file; files come in the order of their positions. */
  readonly seal: (part: {
    readonly first: number
    readonly name: string
    readonly seal: SealFile | undefined
    /** Where the next file's positions begin. */
    readonly next: number | undefined
  }) => Effect.Effect<void, FileError>
  /** Walks an archive without a seal; `isLacking`: it must have had one. */
  readonly unsealedArchive: (name: string, isLacking: boolean) => Effect.Effect<void, FileError>
  /** Walks what the file that is appended to holds behind its rows; all of it where it is new. Answers where its records end. */
  readonly tail: (file: OpenFile, bytes: number, isNew: boolean) => Effect.Effect<number, FileError>
  /** Tells what is known only once no further file comes. */
  readonly finish: () => void
  /** Positions of kept heads that the chain has passed. */
  readonly expected: ReadonlySet<number>
  readonly head: () => ChainHead | undefined
  readonly sealed: () => number
  /** Records that no seal covers, and their bytes. */
  readonly unsealed: () => { readonly records: number; readonly bytes: number }
  /** How many of them lie behind the last kept head that is met. */
  readonly unproven: () => number
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a
const digestOf = (bytes: Uint8Array): string => hash("sha256", bytes, "hex")

export const makeWalk = ({ add, archives, directory, expect, file: active, seals }: WalkOptions): Walk => {
  let sha: Uint8Array = genesis
  let position = 1
  let sealed = 0
  let unproven = 0
  /** Where the seals end. */
  let head: ChainHead | undefined
  let unsealed = { records: 0, bytes: 0 }
  let end = 0
  let record = 0
  let crc = 0
  /** Whether the chain's value is computed from the bytes, and not only taken from a row. */
  let isOwn = true
  /** How many of the last rows are not. */
  let unsound = 0
  /** How many of the last records have changed, and whether the last one still lies where it lay. */
  let strange = 0
  let isInPlace = true
  /** An archive that could not be read behind its rows; `isAll`: it has none. */
  let lost: { readonly file: string; readonly error: string; readonly isAll: boolean } | undefined
  const expected = new Set<number>()

  const compareHead = (name: string) => {
    for (const head of expect) {
      if (head.position !== position - 1) continue
      expected.add(head.position)
      if (head.sha256 !== hexOf(sha))
        add({
          file: name,
          error: `the past up to position ${head.position} is not the one whose head was kept`,
          position: head.position,
          kept: head.position,
          digest: "",
        })
      else unproven = 0
    }
  }

  compareHead(ledger_name)

  const readPart = (name: string, first: number, offset: number, bytes: number) =>
    name !== ledger_name
      ? archives.read(directory, { name, first }, offset, bytes)
      : active === undefined
        ? Effect.succeed(new Uint8Array())
        : readExactly(active, offset, bytes)

  /** The packed bytes: every member's checksum, and that nothing stands between or behind them. */
  const checkPacked = (name: string, first: number, last: number) =>
    Effect.scoped(
      Effect.gen(function* () {
        const isPacked = isGzip(name) ? name : `${name}.gz`
        const file = yield* unlessOdd(unlessMissing(directory.openFile(isPacked, { access: "read" })))
        if (file === undefined) return
        if (!isGzip(name) && (yield* directory.find(name)) !== undefined) return
        const members = yield* readMembers(directory, first)
        if (members === undefined) {
          const error = "is missing or has changed; the archive is unpacked from its beginning"
          add({ file: `${seals_name}/${membersName(first)}`, error, digest: "" })
          return
        }
        let at = 0
        for (const [i, member] of members.entries()) {
          const packed = yield* readExactly(file, member.packed_offset, member.packed_bytes)
          at = member.packed_offset + member.packed_bytes
          if (packed.byteLength === member.packed_bytes && crc32(packed) === member.packed_crc) continue
          const error = `its bytes from ${member.packed_offset} up to ${at} have changed since they were packed`
          const positions = last < first ? {} : { positions: [first, last] as const }
          add({ file: isPacked, error, ...positions, offset: member.offset, digest: digestOf(packed) })
          if (i === members.length - 1) break
        }
        const { bytes } = yield* file.info
        if (bytes !== at) add({ file: isPacked, error: `it has ${bytes} bytes, want ${at}`, digest: "" })
      }),
    )

  const flawOf = (name: string, at: number, offset: number, error: string, bytes: Uint8Array) =>
    add({ file: name, error, position: at, offset, digest: digestOf(bytes) })

  /** Some rows next to each other, and their bytes. */
  const walkRows = (name: string, rows: Rows, first: number, bytes: Uint8Array, start: number) => {
    for (let i = 0; i < rows.count; i++) {
      const at = first + record
      if (!rows.areSound(i, i + 1)) {
        const offset = header_bytes + record * row_bytes
        flawOf(
          `${seals_name}/${sealName(first)}`,
          at,
          offset,
          "the row of this record has changed",
          rows.slice(i, i + 1),
        )
        // The record's bytes are held against the next row that is sound, together with that one's.
        record++
        position = first + record
        unsound++
        isOwn = false
        continue
      }
      const part = bytes.subarray(end - start, rows.end(i) - start)
      const isWhole = part.byteLength === rows.end(i) - end
      if (isWhole && crc32(part, crc) === rows.crc(i)) {
        const own = nextSha(sha, part)
        if (isOwn && !own.equals(rows.sha(i)))
          flawOf(name, at, rows.offset(i), "the chain does not come to what was sealed here", part)
        sealed++
        const line = part.subarray(rows.offset(i) - end, rows.offset(i) - end + rows.bytes(i))
        if (!rows.is(i, Flag.readable | Flag.copy)) {
          const content = readLine(line)
          const isTold = "error" in content && !rows.is(i, Flag.incomplete | Flag.partial)
          const error = isTold ? content.error : rows.is(i, Flag.partial) ? partial_line : incomplete_batch
          flawOf(name, at, rows.offset(i), error, line)
        }
        strange = 0
        isInPlace = part.indexOf(0x0a) === part.byteLength - 1
      } else {
        strange++
        isInPlace = isWhole && part.indexOf(0x0a) === part.byteLength - 1
        // As much of it as is there: the file may end in the middle of it, or before its newline.
        const from = Math.max(0, rows.offset(i) - end)
        const line = part.subarray(from, from + rows.bytes(i))
        flawOf(name, at, rows.offset(i), isWhole ? changed : "its bytes are missing", line)
      }
      unsound = 0
      sha = Buffer.from(rows.sha(i))
      isOwn = true
      crc = rows.crc(i)
      end = rows.end(i)
      record++
      position = first + record
      compareHead(name)
    }
  }

  /** Goes on behind records whose archive cannot be unpacked there. */
  const skip = ({ file, reason }: ArchiveDamaged, rows: Rows, first: number): undefined => {
    const last = rows.count - 1
    add({ file, error: reason, positions: [first + record, first + record + last], digest: "" })
    sha = Buffer.from(rows.sha(last))
    isOwn = rows.areSound(last, last + 1)
    crc = rows.crc(last)
    end = rows.end(last)
    record += rows.count
    position = first + record
    compareHead(file)
  }

  const walkBytes = (name: string, first: number, total: number): Effect.Effect<void, FileError> =>
    Effect.gen(function* () {
      while (record < total) {
        let rows = yield* readRows(directory, first, record, Math.min(total, record + chunk_rows))
        const lengths = (count: number) => rows.end(count - 1) - end
        let count = rows.count
        if (rows.areSound(0, count)) while (count > 1 && lengths(count) > chunk_bytes_max) count >>= 1
        rows = rows.first(count)
        let last = count - 1
        while (last > 0 && !rows.areSound(last, last + 1)) last--
        const start = end
        const reach = rows.areSound(last, last + 1) ? Math.max(0, rows.end(last) - start) : 0
        const bytes = yield* Effect.catchTag(readPart(name, first, start, reach), "ArchiveDamaged", (damage) =>
          Effect.sync(() => skip(damage, rows, first)),
        )
        if (bytes !== undefined) walkRows(name, rows, first, bytes, start)
      }
      // Behind the last row that is sound nothing is sealed.
      record -= unsound
      position -= unsound
    })

  /** What the file holds behind its rows: the chain goes on over it, but nothing tells whether it is right. */
  const walkRest = <E>(
    { name, ...file }: { readonly name: string; readonly bytes: number; readonly isClosed: boolean },
    read: (offset: number, bytes: number) => Effect.Effect<Uint8Array, E>,
    isLacking: boolean,
    next = Number.POSITIVE_INFINITY,
  ): Effect.Effect<number, E | FileError> =>
    Effect.gen(function* () {
      const note = (at: number, offset: number, error: string, line: Uint8Array) =>
        flawOf(name, at, offset, error, line)
      const first = position - record
      const from = { offset: end, position }
      const start = record === 0 ? end : (yield* batchStart(directory, first, record)).end
      const rest = yield* walkLines({ ...file, read, end, from: start, record, most: next - first, first, note })
      if (rest.ends.length === 0) return rest.end
      const digest = yield* chainOver(read, end, rest.ends, sha, (next) => {
        sha = next
        position++
        unproven++
        compareHead(name)
      })
      record += rest.ends.length
      end = rest.ends.at(-1) ?? end
      unsealed = { records: unsealed.records + rest.ends.length, bytes: unsealed.bytes + end - from.offset }
      if (isLacking)
        add({
          file: name,
          error: lacksRows(first),
          positions: [from.position, position - 1],
          offset: from.offset,
          digest,
        })
      return rest.end
    })

  /** `lacks`: what the records behind the rows must have had, or that there can be none. */
  const walkArchive = (name: string, first: number, lacks: "rows" | "nothing" | undefined, next?: number) =>
    Effect.gen(function* () {
      const archive = { name, first }
      const bytes = (yield* contentBytes(directory, name, first)) ?? (yield* archives.bytes(directory, archive))
      const read = (offset: number, length: number) => archives.read(directory, archive, offset, length)
      const other = record === 0 ? yield* otherFileOf(directory, seals, first, read) : undefined
      if (other !== undefined) return yield* new ArchiveDamaged({ file: name, reason: ofOtherFile(other) })
      if (lacks !== "nothing") {
        const walked = yield* walkRest({ name, bytes, isClosed: true }, read, lacks === "rows", next)
        if (position !== next) return walked
      }
      const rest = bytes > end ? yield* read(end, bytes - end) : new Uint8Array()
      if (!rest.every(isSpace)) add({ file: name, error: grew, offset: end, digest: digestOf(rest) })
      return end
    }).pipe(
      Effect.catchTag("ArchiveDamaged", ({ file, reason }) =>
        Effect.sync(() => {
          lost = { file, error: reason, isAll: record === 0 }
        }),
      ),
    )

  /** Tells of what could not be read, with its positions once the next file's are known. */
  const tellLost = (next: number) => {
    const told = lost
    lost = undefined
    if (next > position) {
      const { error, file } = told ?? { file: archiveName(position), error: is_gone }
      add({ file, error, positions: [position, next - 1], digest: "" })
    } else if (told?.isAll === true) add({ file: told.file, error: told.error, digest: "" })
  }

  const begin = () => {
    end = 0
    record = 0
    crc = 0
    isOwn = true
    unsound = 0
    strange = 0
    isInPlace = true
  }

  /** Whether the file is not the one that was sealed. */
  const isOther = () => strange > 0 && strange >= Math.min(record, recognised_records) && !(record === 1 && isInPlace)

  return {
    seal: ({ first, name, next, seal }) =>
      Effect.gen(function* () {
        const file = `${seals_name}/${sealName(first)}`
        begin()
        const header = seal?.header
        if (seal?.odd !== undefined) add({ file, error: ofOdd(seal.odd), digest: "" })
        else if (seal?.other !== undefined) add({ file, error: ofOther(seal.other), digest: "" })
        else if (seal !== undefined && header === undefined) add({ file, error: "its head has changed", digest: "" })
        if (seal?.isLonger === true) add({ file, error: sealOutgrown, digest: "" })
        const lacking = first - position
        // Behind a file that was laid aside so many positions are given to nobody, and the chain goes on.
        const isLaidAside = lacking >= positions_lost_max
        if (header !== undefined && header.chain !== hexOf(sha) && (lacking <= 0 || isLaidAside))
          add({ file, error: "the chain does not go on from the file before it", position: first, digest: "" })
        tellLost(isLaidAside ? position : first)
        if (header !== undefined) {
          sha = Buffer.from(header.chain, "hex")
        }
        if (first < position) add({ file, error: `its positions overlap the file before it`, digest: "" })
        position = first
        const total = seal?.rows ?? 0
        if (name === ledger_name && active === undefined && total > 0)
          skip(
            new ArchiveDamaged({ file: name, reason: is_missing }),
            yield* readRows(directory, first, 0, total),
            first,
          )
        yield* walkBytes(name, first, total)
        if (sealed > 0 && total > 0) head = { position: position - 1, sha256: hexOf(sha) }
        if (name === ledger_name) return
        yield* checkPacked(name, first, Math.max(position, next ?? 0) - 1)
        const isFull = position === next || wasLaidAside((next ?? Number.POSITIVE_INFINITY) - first, record)
        yield* walkArchive(name, first, isFull ? "nothing" : "rows", next)
      }),
    unsealedArchive: (name, isLacking) =>
      Effect.suspend(() => {
        tellLost(position)
        begin()
        return walkArchive(name, position, isLacking ? "rows" : undefined)
      }),
    tail: (file, bytes, isNew) =>
      Effect.gen(function* () {
        if (isNew) begin()
        const read = (offset: number, length: number) => readExactly(file, offset, length)
        const other = record === 0 ? yield* otherFileOf(directory, seals, position, read) : undefined
        if (other !== undefined) add({ file: ledger_name, error: ofOtherFile(other), digest: "" })
        else if (bytes < end || !isOther())
          return yield* walkRest({ name: ledger_name, bytes, isClosed: false }, read, false)
        else add({ file: ledger_name, error: is_other, positions: [position - record, position - 1], digest: "" })
        return bytes
      }),
    finish: () => tellLost(position),
    expected,
    head: () => head,
    sealed: () => sealed,
    unsealed: () => unsealed,
    unproven: () => unproven,
  }
}
