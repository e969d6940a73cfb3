/**
 * Walking a ledger from its first byte to its last, without folding anything: every seal, every sealed byte, every link of
 * the chain, every line that is not sealed yet.
 *
 * @module
 */
import { type Directory, FileError, type Files, type OpenFile } from "@waybill/host"
import { type StoreError, StoreUnavailable } from "@waybill/ledger"
import { Effect, Scope } from "effect"
import { repairedFlaws } from "./acknowledged.ts"
import { type Archives, makeArchives } from "./Archives.ts"
import type { ChainHead } from "./ChainHead.ts"
import { checkSideFiles } from "./checkSideFiles.ts"
import { type Flaw, flawKey } from "./Flaw.ts"
import { archiveName, archivesAmong, firstOfArchive, firstOfSeal, ledger_name, seals_name } from "./Layout.ts"
import { isSameOrNone, makeLedgerFile } from "./LedgerFile.ts"
import { genesis } from "./SealHeader.ts"
import { readRows, readSeal, readSealWithin, type SealFile } from "./Seals.ts"
import { makeScanner } from "./Scanner.ts"
import { type Survey, survey } from "./survey.ts"
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
  /** Records that no seal covers, and their bytes: nothing tells whether these are what was written. */
  readonly unsealed: number
  readonly unsealed_bytes: number
  /** How many of these are not covered by a kept head either. */
  readonly unproven: number
  /** Bytes behind the last record: the rest of a write that was broken off. */
  readonly torn_bytes: number
  readonly flaws: ReadonlyArray<Flaw>
}

/** How often the names are listed of a ledger that is rotated each time in between. */
const listings_max = 100

interface Part {
  readonly first: number
  readonly name: string
  readonly seal: SealFile | undefined
  /** Where the next file's positions begin, also if nothing of that one is sealed. */
  readonly next: number | undefined
}

interface Listing extends Survey {
  /** The file that was appended to, whatever name it bears later. */
  readonly file: OpenFile | undefined
  readonly bytes: number
}

/** What bears which name at one moment. */
const list = (
  directory: Directory,
  archivesOf: Archives,
  scope: Scope.Scope,
  tries = 1,
): Effect.Effect<Listing, FileError> =>
  Effect.gen(function* () {
    const file = yield* Scope.provide(unlessMissing(directory.openFile(ledger_name, { access: "read" })), scope)
    const info = yield* file?.info ?? Effect.succeed(undefined)
    const found = yield* survey(directory, archivesOf)
    const ours = (all: ReadonlyArray<string>) => all.flatMap((name) => firstOfArchive(name) ?? []).length
    const isSame =
      isSameOrNone(info, yield* directory.find(ledger_name)) &&
      ours(found.names) === ours(archivesAmong(yield* directory.list))
    // It became an archive in between: then the names would tell of another file than the one that is open.
    if (!isSame && tries < listings_max) return yield* list(directory, archivesOf, scope, tries + 1)
    return { ...found, file, bytes: info?.bytes ?? 0 }
  })

/** The files in the order of their positions, each with its seal. */
const partsOf = (
  directory: Directory,
  { archives, begins, claimed, isPastSealed, seals, strange }: Listing,
  add: (flaw: Flaw) => void,
) =>
  Effect.gen(function* () {
    const parts: Array<Part> = []
    const ours = new Map(
      archives.flatMap((name) => {
        const first = firstOfArchive(name)
        return first === undefined ? [] : [[first, name] as const]
      }),
    )
    const firsts = [...new Set([...seals, ...ours.keys()])].toSorted((a, b) => a - b)
    for (const [i, first] of firsts.entries()) {
      const next = firsts[i + 1] ?? begins
      const seal = yield* readSealWithin(directory, first, (next ?? Number.POSITIVE_INFINITY) - first)
      const isLast = first === firsts.at(-1)
      // Its name was durable before anything in it: nothing of the file is sealed yet.
      if (
        isLast &&
        !ours.has(first) &&
        seal?.header === undefined &&
        seal?.rows === 0 &&
        seal.other === undefined &&
        seal.odd === undefined
      )
        continue
      const named = claimed.get(first) ?? ours.get(first)
      parts.push({ first, name: named ?? (isLast ? ledger_name : archiveName(first)), seal, next })
    }
    for (const [name, error] of strange) add({ file: name, error, digest: "" })
    const strangers = archives.filter((name) => firstOfArchive(name) === undefined)
    return { parts, strangers: seals.length > 0 ? [] : strangers, isPastSealed }
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
        return {
          head: undefined,
          sealed: 0,
          unsealed: 0,
          unsealed_bytes: 0,
          unproven: 0,
          torn_bytes: 0,
          flaws: unmet(expect),
        }
      const scanner = yield* makeScanner(ledgerFile)
      const acknowledged = new Set((yield* repairedFlaws(scanner)).map(flawKey))
      const verification = yield* Effect.mapError(walkFolder(sight.directory, archives, expect), (cause) =>
        cause instanceof FileError ? new StoreUnavailable({ where: ledgerFile.where, cause }) : cause,
      )
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
    kept: position,
    digest: "",
  }))

/** The kept heads that a ledger without a folder does not come to: all but that of an empty one. */
const unmet = (expect: ReadonlyArray<ChainHead>): ReadonlyArray<Flaw> =>
  missing(expect.filter(({ position, sha256 }) => position > 0 || sha256 !== genesis.toString("hex")))

const walkFolder = (directory: Directory, archives: Archives, expect: ReadonlyArray<ChainHead>) =>
  Effect.gen(function* () {
    const flaws: Array<Flaw> = []
    const add = (flaw: Flaw) => void flaws.push(flaw)
    const listing = yield* list(directory, archives, yield* Effect.scope)
    const { bytes, file } = listing
    const { isPastSealed, parts, strangers } = yield* partsOf(directory, listing, add)
    const walk: Walk = makeWalk({ directory, seals: listing.seals, archives, file, expect, add })
    for (const name of strangers) yield* walk.unsealedArchive(name, isPastSealed)
    for (const part of parts) yield* walk.seal(part)
    walk.finish()
    const isNew = parts.at(-1)?.name !== ledger_name
    const torn_bytes = file === undefined ? 0 : Math.max(0, bytes - (yield* walk.tail(file, bytes, isNew)))
    yield* checkSideFiles(directory, add)
    for (const flaw of missing(expect.filter(({ position }) => !walk.expected.has(position)))) add(flaw)
    const unsealed = walk.unsealed()
    return {
      head: walk.head(),
      sealed: walk.sealed(),
      unsealed: unsealed.records,
      unsealed_bytes: unsealed.bytes,
      unproven: walk.unproven(),
      torn_bytes,
      flaws,
    }
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
