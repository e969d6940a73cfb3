/**
 * A report on a server as text, for a terminal.
 *
 * @module
 */
import { formatChecked } from "../../Report.ts"
import { levels } from "../../LawKind.ts"
import type { ServerReport } from "../checkServer.ts"
import type { LevelResult } from "../levels.ts"

/** What became of a level, on one line. */
export const formatLevel = ({ fail, level, not_applicable, pass, reason, skipped, status }: LevelResult): string =>
  `  level ${level} ${levels[level].name.padEnd(8)} ${status}${reason === undefined ? "" : ` (${reason})`}: ${pass} pass, ${fail} fail, ${not_applicable} not applicable, ${skipped} skipped`

/** What the run says in the end, in one sentence. */
export const conclusionOf = ({ claimed, highest, isKept, laws }: ServerReport): string => {
  if (claimed !== undefined)
    return `The claim to level ${claimed} (${levels[claimed].name}) ${isKept ? "holds" : "does not hold"}.`
  const most =
    highest === undefined ? "No level was shown to hold." : `Level ${highest} (${levels[highest].name}) holds.`
  const isBroken = laws.some(({ verdict }) => verdict.status === "fail")
  return isKept ? most : `${most} ${isBroken ? "There are broken laws." : "Not everything was looked at."}`
}

/** A report as text: what is broken or was not looked at, each level, and the conclusion. Laws that hold are counted. */
export const formatServerReport = (report: ServerReport): string => {
  const told = report.laws.filter(({ verdict }) => verdict.status !== "pass")
  return [
    `${report.url}, seed ${report.seed}, ${(report.took_ms / 1000).toFixed(1)} s`,
    ...told.flatMap((law) => [
      formatChecked(law),
      ...law.requests.map((line) => `        ${line.replaceAll("\n", "\n        ")}`),
    ]),
    ...report.levels.map(formatLevel),
    conclusionOf(report),
  ].join("\n")
}
