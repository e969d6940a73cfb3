/**
 * Walking a ledger from its first byte to its last, without folding anything: every seal, every sealed byte, every link of
 * the chain, every line that is not sealed yet.
 *
 * @module
 */
import { type Directory, FileError, type Files } from "@waybill/host"
import { type StoreError, StoreUnavailable } from "@waybill/ledger"
import { Effect } from "effect"
import { hash } from "node:crypto"
import { repairedFlaws } from "./acknowledged.ts"
import { type Archives, makeArchives } from "./Archives.ts"
import type { ChainHead } from "./ChainHead.ts"
import { checkSideFiles } from "./checkSideFiles.ts"
import { type Flaw, flawKey } from "./Flaw.ts"
import { archiveName, archivesAmong, firstOfArchive, firstOfSeal, ledger_name, sealName, seals_name } from "./Layout.ts"
import { isSameFile, makeLedgerFile, type Sight } from "./LedgerFile.ts"
import { LineReader } from "./LineReader.ts"
import { readExactly } from "./readExactly.ts"
import { readRows, readSeal, type SealFile } from "./Seals.ts"
import { makeScanner } from "./Scanner.ts"
import { makeWalk, type Walk } from "./walkSeal.ts"
import { unlessMissing } from "./unlessMissing.ts"

export interface VerifyOptions {
  readonly root: string
  /** Heads that were kept elsewhere: each must still be what the chain comes to at its position. */
  readonly expect?: ReadonlyArray<ChainHead>
}

export interface Verification {
  /** Where the chain ends; `undefined` while nothing is sealed. */
  readonly head: ChainHead | undefined
  /** Records whose bytes were held against their seal. */
  readonly sealed: number
  /** Records that no seal covers yet, and their bytes. */
  readonly unsealed: number
  readonly unsealed_bytes: number
  /** Bytes behind the last record: the rest of a write that was broken off. */
  readonly torn_bytes: number
  readonly flaws: ReadonlyArray<Flaw>
}

const read_bytes = 1_048_576
/** How often a ledger is walked that is rotated meanwhile. */
const walks_max = 5

/** Lines that no seal covers: whether each is a record that can be read. */
const walkLines = (
  read: (offset: number, bytes: number) => Effect.Effect<Uint8Array, FileError>,
  bytes: number,
  from: { readonly end: number; readonly record: number; readonly first: number; readonly isClosed: boolean },
  note: (position: number, offset: number, error: string, bytes: Uint8Array) => void,
) =>
  Effect.gen(function* () {
    const reader = new LineReader(from.end, from.record)
    let position = from.first + from.record
    for (;;) {
      const chunk = yield* read(reader.next, Math.min(read_bytes, Math.max(0, bytes - reader.next)))
      const lines = chunk.byteLength === 0 ? (from.isClosed ? reader.finish() : []) : reader.push(chunk)
      for (const { content, offset, raw } of lines) {
        if ("error" in content) note(position, offset, content.error, raw)
        position++
      }
      if (chunk.byteLength === 0) break
    }
    return { records: position - from.first - from.record, end: reader.end }
  })

interface Part {
  readonly first: number
  readonly name: string
  readonly seal: SealFile | undefined
}

/** The files in the order of their positions, each with its seal. */
const partsOf = (directory: Directory, add: (flaw: Flaw) => void) =>
  Effect.gen(function* () {
    const names = archivesAmong(yield* directory.list)
    const sealNames = yield* unlessMissing(
      Effect.scoped(Effect.flatMap(directory.openDirectory(seals_name), (seals) => seals.list)),
    )
    const firsts = (sealNames ?? []).flatMap((name) => firstOfSeal(name) ?? [])
    const parts: Array<Part> = []
    const strangers = new Set(names.filter((name) => firstOfArchive(name) === undefined))
    const ours = new Map(
      names.flatMap((name) => (firstOfArchive(name) === undefined ? [] : [[firstOfArchive(name), name]])),
    )
    for (const first of firsts) {
      const seal = yield* readSeal(directory, first)
      const { file, passed = [] } = seal?.header ?? {}
      for (const name of passed) strangers.delete(name)
      const isLast = first === firsts.at(-1)
      // Its name was durable before anything in it: nothing of the file is sealed yet.
      if (isLast && !ours.has(first) && seal?.header === undefined && seal?.rows === 0) continue
      const named = file ?? ours.get(first) ?? (isLast ? ledger_name : undefined)
      // A damaged head does not name its archive any more; they are in order.
      const name = named ?? [...strangers][0] ?? archiveName(first)
      strangers.delete(name)
      ours.delete(first)
      parts.push({ first, name: String(name), seal })
    }
    if (firsts.length === 0) return { parts, isSealed: false, names }
    for (const name of strangers)
      add({ file: name, error: "appeared after the ledger was sealed; it is not read", digest: "" })
    for (const [first, name] of ours)
      add({ file: String(name), error: `has no seal, ${seals_name}/${sealName(Number(first))}`, digest: "" })
    return { parts, isSealed: true, names }
  })

/**
 * Verifies the ledger of a root. Takes no lock and writes nothing; what is appended meanwhile is left out. What is wrong is
 * not an error but listed; fails with a `StoreError` where the folder cannot be read at all or is a newer version's.
 *
 * A kept head that does not hold is listed as a flaw of the file its position is in.
 */
export const verifyLedger = ({ expect = [], root }: VerifyOptions): Effect.Effect<Verification, StoreError, Files> =>
  Effect.scoped(
    Effect.gen(function* () {
      const ledgerFile = yield* makeLedgerFile(root)
      const sight = yield* ledgerFile.look
      const archives = makeArchives()
      if (sight === undefined)
        return { head: undefined, sealed: 0, unsealed: 0, unsealed_bytes: 0, torn_bytes: 0, flaws: missing(expect) }
      const scanner = yield* makeScanner(ledgerFile)
      const acknowledged = new Set((yield* repairedFlaws(scanner)).map(flawKey))
      const walked = (at: Sight) =>
        Effect.mapError(walkFolder(at, archives, expect), (cause) =>
          cause instanceof FileError ? new StoreUnavailable({ where: ledgerFile.where, cause }) : cause,
        )
      let verification = yield* walked(sight)
      let seen: Sight = sight
      for (let tries = 1; tries < walks_max && verification.flaws.length > 0; tries++) {
        const now = yield* ledgerFile.look
        // Files that changed their names under the walk look damaged to it.
        if (now === undefined || isSameFile(now.info, seen.info)) break
        seen = now
        verification = yield* walked(now)
      }
      const flaws = verification.flaws.map((flaw) =>
        acknowledged.has(flawKey(flaw)) ? { ...flaw, isAcknowledged: true } : flaw,
      )
      return { ...verification, flaws }
    }),
  )

const missing = (expect: ReadonlyArray<ChainHead>): ReadonlyArray<Flaw> =>
  expect.map(({ position }) => ({
    file: ledger_name,
    error: `the chain does not reach the kept head's position, ${position}`,
    position,
    digest: "",
  }))

const walkFolder = (sight: Sight, archives: Archives, expect: ReadonlyArray<ChainHead>) =>
  Effect.gen(function* () {
    const { directory } = sight
    const flaws: Array<Flaw> = []
    const add = (flaw: Flaw) => void flaws.push(flaw)
    const { isSealed, names, parts } = yield* partsOf(directory, add)
    const walk: Walk = makeWalk({ directory, archives, expect, add })
    for (const part of parts) yield* walk.seal(part)
    const { end, expected, position, record } = walk.state()
    let unsealed = 0
    let unsealed_bytes = 0
    const note = (at: number, offset: number, error: string, bytes: Uint8Array, file: string) =>
      add({ file, error, position: at, offset, digest: hash("sha256", bytes, "hex") })
    if (!isSealed)
      for (const name of names) {
        const first = firstOfArchive(name) ?? position() + unsealed
        const bytes = yield* Effect.catchTag(archives.bytes(directory, { name, first }), "ArchiveDamaged", (damage) =>
          Effect.sync(() => {
            add({ file: damage.file, error: damage.reason, digest: "" })
            return 0
          }),
        )
        const read = (offset: number, length: number) =>
          Effect.catchTag(archives.read(directory, { name, first }, offset, length), "ArchiveDamaged", () =>
            Effect.succeed(new Uint8Array()),
          )
        const { records } = yield* walkLines(
          read,
          bytes,
          { end: 0, record: 0, first, isClosed: true },
          (at, offset, error, line) => note(at, offset, error, line, name),
        )
        unsealed += records
        unsealed_bytes += bytes
      }
    let torn_bytes = 0
    const file = yield* unlessMissing(directory.openFile(ledger_name, { access: "read" }))
    if (file !== undefined) {
      const bytes = sight.info?.bytes ?? 0
      const isLast = parts.at(-1)?.name === ledger_name
      const from = { end: isLast ? end() : 0, record: isLast ? record() : 0, isClosed: false }
      const first = isLast ? position() - record() : position() + unsealed
      const tail = yield* walkLines(
        (offset, length) => readExactly(file, offset, length),
        bytes,
        { ...from, first },
        (at, offset, error, line) => note(at, offset, error, line, ledger_name),
      )
      unsealed += tail.records
      unsealed_bytes += Math.max(0, tail.end - from.end)
      torn_bytes = Math.max(0, bytes - tail.end)
    }
    yield* checkSideFiles(directory, add)
    for (const flaw of missing(expect.filter(({ position: at }) => !expected.has(at)))) add(flaw)
    return { head: walk.head(), sealed: walk.sealed(), unsealed, unsealed_bytes, torn_bytes, flaws }
  })

/** Where the chain ends now: print it, keep it elsewhere, and hand it to {@link verifyLedger} later. */
export const chainHead = (root: string): Effect.Effect<ChainHead | undefined, StoreError, Files> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { io, look } = yield* makeLedgerFile(root)
      const sight = yield* look
      return sight === undefined ? undefined : yield* io(lastLink(sight.directory))
    }),
  )

const lastLink = (directory: Directory) =>
  Effect.gen(function* () {
    const sealNames = yield* unlessMissing(
      Effect.scoped(Effect.flatMap(directory.openDirectory(seals_name), (seals) => seals.list)),
    )
    const firsts = (sealNames ?? []).flatMap((name) => firstOfSeal(name) ?? [])
    for (const first of firsts.toReversed()) {
      const seal = yield* readSeal(directory, first)
      const last = yield* lastSound(directory, first, seal?.rows ?? 0)
      if (last !== undefined) return last
    }
    return undefined
  })

const lastSound = (directory: Directory, first: number, rows: number) =>
  Effect.gen(function* () {
    for (let end = rows; end > 0; end -= 64) {
      const from = Math.max(0, end - 64)
      const part = yield* readRows(directory, first, from, end)
      for (let i = part.count - 1; i >= 0; i--)
        if (part.areSound(i, i + 1))
          return { position: first + from + i, sha256: Buffer.from(part.sha(i)).toString("hex") }
    }
    return undefined
  })
