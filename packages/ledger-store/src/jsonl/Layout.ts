/**
 * What the files of a ledger's folder are called, and in which order they are read.
 *
 * @module
 */

export const ledger_name = "ledger.jsonl"
export const activation_name = "activation.json"
export const lock_name = "ledger.lock"
export const seals_name = "seals"
export const quarantine_name = "quarantine"
export const format_name = "format.json"

/** The format of the folder that this version writes. A folder of a later one is refused. */
export const format_version = 1

const digits = (position: number): string => String(position).padStart(20, "0")

/** Our archives sort behind the reference daemon's, whose names begin with a year. */
export const archiveName = (first: number): string => `ledger.p${digits(first)}.jsonl`
export const sealName = (first: number): string => `p${digits(first)}.seal`
export const membersName = (first: number): string => `p${digits(first)}.members`

const ours = /^ledger\.p(\d{20})\.jsonl(?:\.gz)?$/u
const anybodys = /^ledger\..+\.jsonl(?:\.gz)?$/u
const seal = /^p(\d{20})\.seal$/u

export const isGzip = (name: string): boolean => name.endsWith(".gz")

/**
 * No position is higher, by far: what may follow a file can still be counted exactly. A name that tells a higher one, or none, is
 * not one of ours.
 */
export const position_max = 2 ** 52

const positionIn = (text: string | undefined): number | undefined => {
  const position = Number(text ?? 0)
  return position >= 1 && position <= position_max ? position : undefined
}

/** The first position of an archive of ours; `undefined` for one of the reference daemon's. */
export const firstOfArchive = (name: string): number | undefined => positionIn(ours.exec(name)?.[1])

export const firstOfSeal = (name: string): number | undefined => positionIn(seal.exec(name)?.[1])

/**
 * The archives among a folder's names, in the order they are read (JobSpec v0 §7.6): byte order, which `names` are in. One
 * that is there both plain and compressed, because a compression was broken off, counts once, plain.
 */
export const archivesAmong = (names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const there = new Set(names)
  return names.filter(
    (name) => anybodys.test(name) && name !== ledger_name && !(isGzip(name) && there.has(name.slice(0, -".gz".length))),
  )
}
