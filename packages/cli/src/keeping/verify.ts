/**
 * Whether a ledger is what was written, and what to do where it is not, or where nothing tells.
 *
 * @module
 */
import { refuseNowhere } from "../Nowhere.ts"
import { CommandError, type Context } from "@waybill/command"
import { parseHead, printHead, type Verification, verifyLedger } from "@waybill/ledger-store"
import { runHere, runOnFiles } from "../Opening.ts"
import { driverFor } from "../databaseAddress.ts"
import { commandLine, type Place } from "../Place.ts"

const answerOf = (verification: Verification, place: Place) => {
  const { flaws, head, ...counts } = verification
  return { root: place.root, head: head === undefined ? null : printHead(head), ...counts, flaws }
}

interface AnyFlaw {
  readonly error: string
  readonly file?: string
  readonly position?: number
  readonly positions?: readonly [number, number]
  readonly kept?: number
  readonly isAcknowledged?: boolean
}

/** What a check of a whole ledger came to. */
export interface Verified {
  readonly head: string | null
  /** Records that were held against their seal; in a database there are none. */
  readonly sealed: number
  readonly unsealed: number
  /** Records that neither a seal nor a head that was kept covers. */
  readonly unproven: number
  readonly torn_bytes: number
  /** Where a database ends. */
  readonly position?: number
  readonly flaws: ReadonlyArray<AnyFlaw>
  readonly [key: string]: unknown
}

const check = async (expect: ReadonlyArray<string>, place: Place, ctx: Context): Promise<Verified> => {
  if (place.url === undefined) {
    const heads = expect.flatMap((text) => parseHead(text) ?? [])
    return answerOf(await runOnFiles(verifyLedger({ root: place.root, expect: heads }), ctx.signal), place)
  }
  const { refuseInDatabase, verifyThere } = await import("./databaseLedger.ts")
  if (expect.length > 0) refuseInDatabase(place, "there is no head to be expected")
  await driverFor(place.url)
  const { flaws, head: position, records, where } = await runHere(verifyThere(place.url, place.schema), ctx.signal)
  return { where, head: null, position, sealed: 0, unsealed: records, unproven: 0, torn_bytes: 0, flaws }
}

const count = (records: number): string => (records === 1 ? "1 record" : `${records} records`)

const placeOfFlaw = ({ file, position, positions }: AnyFlaw): string =>
  [
    file,
    positions !== undefined && positions[0] < positions[1]
      ? `records ${positions[0]} to ${positions[1]}`
      : (position ?? positions) === undefined
        ? undefined
        : `record ${position ?? positions?.[0]}`,
  ]
    .filter((part) => part !== undefined)
    .join(", ")

const coverage = ({ sealed, unsealed }: Verified): string =>
  unsealed === 0
    ? `${count(sealed)} held against ${sealed === 1 ? "its seal" : "their seals"}.`
    : `${count(sealed)} held against a seal; ${unsealed} without one, of which nothing tells whether they are what was written.`

/** What is said where a head that was kept is not met, and nothing else is wrong. */
const headError = (open: ReadonlyArray<AnyFlaw>, data: Verified, place: Place): CommandError => {
  const [first] = open
  return new CommandError({
    exit: "LEDGER_FLAWED",
    code: "HEAD_DIFFERS",
    message: `Nothing is damaged, but it is not what a head was kept of: ${first?.error ?? ""}. ${coverage(data)}`,
    fix_required: [
      "There is nothing to repair: the records and their seals agree, but on another past, or a shorter one.",
      `Look first whether the head was printed of this very ledger, ${place.root}.`,
      `If it was, records up to position ${first?.kept ?? 0} were rewritten or cut off, together with their seals: compare with a copy from when the head was printed, line by line, with: ${commandLine(place, "ledger", "export")}`,
    ].join(" "),
    data,
  })
}

const flawError = (open: ReadonlyArray<AnyFlaw>, data: Verified, place: Place): CommandError => {
  const first = open.find(({ kept }) => kept === undefined) ?? open[0]
  const at = first === undefined ? "" : placeOfFlaw(first)
  const what = [at, first?.error].filter((part) => part !== "" && part !== undefined).join(": ")
  return new CommandError({
    exit: "LEDGER_FLAWED",
    code: "LEDGER_FLAWED",
    message: `${open.length === 1 ? "One thing is" : `${open.length} things are`} wrong: ${what}.${place.url === undefined ? ` ${coverage(data)}` : ""}`,
    fix_required:
      place.url === undefined
        ? `Put the file back from a copy; or, when it cannot be had, acknowledge the damage with: ${commandLine(place, "ledger", "repair")}`
        : "Put the schema back from a backup.",
    data,
  })
}

const unsealedError = (data: Verified, place: Place): CommandError =>
  new CommandError({
    exit: "LEDGER_FLAWED",
    code: "LEDGER_UNSEALED",
    message: `Nothing that is sealed has changed, but that is not all: ${coverage(data)}`,
    fix_required: [
      "A record has no seal where the power was cut, where its process was killed before it was answered, where the file of seals was lost, or where another program wrote it.",
      `Prove it with a head that was kept elsewhere: ${commandLine(place, "ledger", "verify", "--expect", "HEAD")}; or put the file back from a copy.`,
      "The next append seals these records as they are.",
    ].join(" "),
    data,
  })

/**
 * Walks every byte, or every record of a database. Ends with the exit LEDGER_FLAWED where there is a flaw that nobody has
 * acknowledged (`LEDGER_FLAWED`), where a head that was kept is not met (`HEAD_DIFFERS`), and where records in files have neither a
 * seal nor a kept head (`LEDGER_UNSEALED`).
 */
export const verify = async (expect: ReadonlyArray<string>, place: Place, ctx: Context): Promise<Verified> => {
  refuseNowhere(place)
  const data = await check(expect, place, ctx)
  const open = data.flaws.filter(({ isAcknowledged }) => isAcknowledged !== true)
  if (open.length > 0) throw (open.every(({ kept }) => kept !== undefined) ? headError : flawError)(open, data, place)
  if (data.unproven > 0) throw unsealedError(data, place)
  if (data.sealed + data.unsealed === 0 && place.url === undefined)
    ctx.warn(
      "LEDGER_EMPTY",
      `there are no records to check in ${place.root}; if there should be, name the right --root`,
    )
  return data
}
