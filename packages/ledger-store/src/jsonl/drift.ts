/**
 * What has become of a ledger's files since this process learnt them. A reading looks at the file that is appended to and at no
 * other, so that its cost does not grow with the past; whoever asks for the health is told of all.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import type { Damage } from "@waybill/ledger"
import { Effect } from "effect"
import { readFormat } from "./format.ts"
import type { History } from "./History.ts"
import { is_missing } from "./lackingRows.ts"
import { format_name, format_version, sealName, seals_name } from "./Layout.ts"
import type { Sight } from "./LedgerFile.ts"
import type { Listings } from "./Listings.ts"
import { unlessMissing } from "./unlessMissing.ts"

const asSet = <E>(list: Effect.Effect<ReadonlyArray<string>, E>) => Effect.map(list, (names) => new Set(names))

/** The names in a folder below the ledger's; none where there is no such folder. */
export const namesIn = (
  directory: Directory,
  name: string,
  listings: Listings,
): Effect.Effect<ReadonlySet<string>, FileError> =>
  Effect.gen(function* () {
    const folder = yield* directory.find(name)
    if (folder === undefined) return new Set()
    const list = asSet(Effect.scoped(Effect.flatMap(directory.openDirectory(name), (opened) => opened.list)))
    return yield* listings.of(
      name,
      folder,
      Effect.map(unlessMissing(list), (names) => names ?? new Set<string>()),
    )
  })

/** Files that are gone and were there, and a mark that a later version has set. What is known already is not told again. */
export const driftOf = (
  { directory, folder }: Pick<Sight, "directory" | "folder">,
  history: History,
  listings: Listings,
): Effect.Effect<ReadonlyArray<Damage>, FileError> =>
  Effect.gen(function* () {
    const found: Array<Damage> = []
    const tell = (damage: Damage) => {
      if (!history.damage.some(({ file }) => file === damage.file)) found.push(damage)
    }
    const format = yield* readFormat(directory)
    if (typeof format === "number" && format > format_version)
      tell({
        file: `${seals_name}/${format_name}`,
        error: `a newer Waybill has written here (format ${format}; this one knows up to ${format_version}): end this process and use that version`,
      })
    const names = yield* listings.of("", folder, asSet(directory.list))
    const seals = yield* namesIn(directory, seals_name, listings)
    for (const { count, first, isActive, last, name, sealed } of history.segments) {
      if (count === 0) continue
      const positions = [first, last] as const
      if (!isActive && !names.has(name) && !names.has(`${name}.gz`)) tell({ file: name, error: is_missing, positions })
      const seal = `${seals_name}/${sealName(first)}`
      if (sealed > 0 && !seals.has(sealName(first))) tell({ file: seal, error: is_missing, positions })
    }
    return found
  })
