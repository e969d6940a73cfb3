/**
 * Compressing archives: gzip, in members of a mebibyte, with a member index beside the seals.
 *
 * Any gzip reader reads the result as one file. Nobody need wait for it: while both forms are there, the plain one counts.
 *
 * @module
 */
import { type Directory, type FileError, Files } from "@waybill/host"
import { Effect } from "effect"
import { promisify } from "node:util"
import { crc32, gzip } from "node:zlib"
import { archivesAmong, firstOfArchive, isGzip, seals_name } from "./Layout.ts"
import type { Member } from "./Members.ts"
import { readExactly } from "./readExactly.ts"
import { readRows, readSeal, writeMembers } from "./Seals.ts"

const member_content_bytes = 1_048_576
const lock_name = "compress.lock"

const pack = promisify(gzip)

/** What an archive's sealed bytes come to; `undefined` where it is not sealed to its end. */
const sealOf = (directory: Directory, first: number) =>
  Effect.gen(function* () {
    const seal = yield* readSeal(directory, first)
    if (seal?.header === undefined || seal.rows === 0) return undefined
    const last = yield* readRows(directory, first, seal.rows - 1, seal.rows)
    return last.count === 1 && last.areSound(0, 1) ? { crc: last.crc(0), end: last.end(0) } : undefined
  })

const compressOne = (directory: Directory, name: string, first: number): Effect.Effect<boolean, FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const seal = yield* sealOf(directory, first)
      const plain = yield* directory.openFile(name, { access: "read" })
      const { bytes } = yield* plain.info
      if (seal === undefined || bytes !== seal.end) return false
      const draft = yield* directory.openFile(`${name}.gz.tmp`, { access: "write", create: "missing" })
      yield* draft.truncate(0)
      const members: Array<Member> = []
      let packed_offset = 0
      let crc = 0
      for (let offset = 0; offset < bytes; offset += member_content_bytes) {
        const content = yield* readExactly(plain, offset, Math.min(member_content_bytes, bytes - offset))
        crc = crc32(content, crc)
        const packed = yield* Effect.promise(() => pack(content))
        yield* draft.write(packed, packed_offset)
        members.push({ offset, packed_offset, packed_bytes: packed.byteLength, packed_crc: crc32(packed) })
        packed_offset += packed.byteLength
      }
      // Damage is not packed: in its plain form the record can still be named and looked at.
      if (crc !== seal.crc) {
        yield* directory.unlink(`${name}.gz.tmp`)
        return false
      }
      yield* draft.flush
      const seals = yield* directory.openDirectory(seals_name)
      yield* writeMembers(seals, first, members)
      yield* directory.rename(`${name}.gz.tmp`, `${name}.gz`)
      yield* directory.flush
      yield* directory.unlink(name)
      yield* directory.flush
      return true
    }),
  )

/**
 * Compresses every plain archive of a root that is ours and whose bytes are what was sealed. Answers the names that are compressed now. Does
 * nothing while another process is at it.
 */
export const compressArchives = (root: string): Effect.Effect<ReadonlyArray<string>, FileError, Files> =>
  Effect.scoped(
    Effect.gen(function* () {
      const base = yield* (yield* Files).openDirectory(root)
      const directory = yield* (yield* base.openDirectory(".agents")).openDirectory("daemon")
      const lock = yield* directory.lock(lock_name)
      if (!(yield* lock.tryAcquire)) return []
      const done: Array<string> = []
      for (const name of archivesAmong(yield* directory.list)) {
        const first = firstOfArchive(name)
        if (first === undefined || isGzip(name)) continue
        if (yield* compressOne(directory, name, first)) done.push(`${name}.gz`)
      }
      return done
    }),
  )
