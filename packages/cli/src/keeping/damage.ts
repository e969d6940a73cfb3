/**
 * What a damaged ledger still answers: what can be read, with a warning. What rests on records that cannot be read is not said.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import type { Store } from "@waybill/ledger"
import { Effect } from "effect"
import { openStore, runOnFiles } from "../Opening.ts"
import { commandLine, type Place } from "../Place.ts"

/** Where it lies and what is wrong with it, one line each. */
export type Damages = ReadonlyArray<string>

type Looked = Pick<Store, "health" | "where">

/** The damages that nobody has acknowledged. Reads the ledger to its end. */
export const damagesOf = ({ health, where }: Looked) =>
  Effect.map(health, ({ corrupt, damage = [] }): Damages => {
    const isOpen = ({ isAcknowledged }: { readonly isAcknowledged?: boolean }) => isAcknowledged !== true
    return [
      ...corrupt
        .filter(isOpen)
        .map(
          ({ error, file, line_number, position }) =>
            `record ${position} (${file === undefined || file === "" ? where : file}, line ${line_number}): ${error}`,
        ),
      ...damage.filter(isOpen).map(({ error, file }) => `${file}: ${error}`),
    ]
  })

/** Counts the damages that nobody has acknowledged. */
export const countDamages = (place: Place, signal: AbortSignal): Promise<number> =>
  runOnFiles(
    Effect.flatMap(openStore(place, "read"), (store) => Effect.map(damagesOf(store), ({ length }) => length)),
    signal,
  )

const listed = (damages: Damages): string =>
  damages.length === 1 ? (damages[0] ?? "") : `${damages[0]}; and ${damages.length - 1} more`

const whatNext = (place: Place): string =>
  place.url === undefined
    ? `See all of it with: ${commandLine(place, "ledger", "verify")}; put the file back from a copy, or acknowledge the damage with: ${commandLine(place, "ledger", "repair")}`
    : `See all of it with: ${commandLine(place, "ledger", "verify")}; put the schema back from a backup.`

/** The ledger is damaged, and `consequence` is what follows for the command. */
export const ledgerDamaged = (damages: Damages, consequence: string, place: Place): CommandError =>
  new CommandError({
    exit: "PRECONDITION",
    code: "LEDGER_DAMAGED",
    message: `The ledger of ${place.root} is damaged, and ${consequence}: ${listed(damages)}.`,
    fix_required: whatNext(place),
  })

/** Refuses to change anything upon a ledger that is damaged: what lies under the damage is not known. */
export const refuseDamaged = (looked: Looked, place: Place, consequence = "nothing was changed") =>
  Effect.flatMap(damagesOf(looked), (damages) =>
    damages.length === 0 ? Effect.void : Effect.fail(ledgerDamaged(damages, consequence, place)),
  )

/** Warns of damage beside an answer that could be read. */
export const warnOfDamage = (damages: Damages, place: Place, ctx: Pick<Context, "warn">): void => {
  if (damages.length > 0) ctx.warn("LEDGER_DAMAGED", `${listed(damages)}. ${whatNext(place)}`)
}

/**
 * Warns of damage, and refuses where it makes an answer uncertain: that there is no such run, or that it has not ended.
 */
export const tellDamage = (looked: Looked, isUncertain: boolean, place: Place, ctx: Pick<Context, "warn">) =>
  Effect.flatMap(damagesOf(looked), (damages) => {
    if (isUncertain && damages.length > 0)
      return Effect.fail(ledgerDamaged(damages, "the answer may lie in what cannot be read", place))
    return Effect.sync(() => warnOfDamage(damages, place, ctx))
  })

/** What a command that prints every record does about one that cannot be read. */
export type Damaged = "refuse" | "skip"

/** Ends a command that has printed what can be read: with a failure, or a warning where gaps were asked for. */
export const endOnDamage = (
  looked: Looked,
  damaged: Damaged,
  consequence: string,
  place: Place,
  ctx: Pick<Context, "warn">,
) =>
  Effect.flatMap(damagesOf(looked), (damages) => {
    if (damages.length > 0 && damaged === "refuse") return Effect.fail(ledgerDamaged(damages, consequence, place))
    return Effect.sync(() => warnOfDamage(damages, place, ctx))
  })
