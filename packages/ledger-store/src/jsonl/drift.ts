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
import { unlessMissing } from "./unlessMissing.ts"

/** Files that are gone and were there, and a mark that a later version has set. What is known already is not told again. */
export const driftOf = (directory: Directory, history: History): Effect.Effect<ReadonlyArray<Damage>, FileError> =>
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
    const names = new Set(yield* directory.list)
    const sealNames = yield* unlessMissing(
      Effect.scoped(Effect.flatMap(directory.openDirectory(seals_name), (opened) => opened.list)),
    )
    const seals = new Set(sealNames)
    for (const { count, first, isActive, last, name, sealed } of history.segments) {
      if (count === 0) continue
      const positions = [first, last] as const
      if (!isActive && !names.has(name) && !names.has(`${name}.gz`)) tell({ file: name, error: is_missing, positions })
      const seal = `${seals_name}/${sealName(first)}`
      if (sealed > 0 && !seals.has(sealName(first))) tell({ file: seal, error: is_missing, positions })
    }
    return found
  })
