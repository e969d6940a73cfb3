/**
 * A report on a server as text, for a terminal.
 *
 * @module
 */
import { formatChecked } from "../../Report.ts"
import { kindOf, levels } from "../../LawKind.ts"
import type { CheckedServerLaw, ServerReport } from "../checkServer.ts"
import type { LevelResult } from "../levels.ts"

/** What became of a level, on one line. */
export const formatLevel = ({ fail, level, not_applicable, pass, reason, skipped, status }: LevelResult): string =>
  `  level ${level} ${levels[level].name.padEnd(8)} ${status}${reason === undefined ? "" : ` (${reason})`}: ${pass} pass, ${fail} fail, ${not_applicable} not applicable, ${skipped} skipped`

/** Nobody has killed the server to see what is left, although a law of a level that is said to hold would. */
export const isUnrestarted = ({
  claimed,
  highest,
  isKept,
  laws,
}: Pick<ServerReport, "claimed" | "highest" | "isKept" | "laws">): boolean => {
  const restarting = laws.filter(({ hooks, level }) => hooks.includes("restart") && level <= (claimed ?? highest ?? 0))
  return (
    isKept &&
    restarting.some(({ verdict }) => verdict.status === "skipped") &&
    !restarting.some(({ verdict }) => verdict.status === "pass")
  )
}

/** What a conclusion adds about restarts: below level 2 nothing is acknowledged, and what is left to see is damage. */
const unseen = (report: ServerReport): string => {
  if (!isUnrestarted(report)) return ""
  return (report.claimed ?? report.highest ?? 0) >= 2
    ? " Whether what it has acknowledged survives a kill was not looked at (--restart-cmd)."
    : " What it tells after a restart was not looked at (--token, --restart-cmd and --ledger)."
}

/** What the run says in the end. */
export const conclusionOf = (report: ServerReport): string => {
  const { claimed, highest, isInterrupted, isKept, laws } = report
  if (isInterrupted) {
    const left = laws.filter(({ verdict }) => verdict.status === "skipped").length
    return `The run was interrupted: ${left} of ${laws.length} laws were not looked at, and no level is claimed to hold.`
  }
  if (claimed !== undefined)
    return `The claim to level ${claimed} (${levels[claimed].name}) ${isKept ? "holds" : "does not hold"}.${unseen(report)}`
  const most =
    highest === undefined ? "No level was shown to hold." : `Level ${highest} (${levels[highest].name}) holds.`
  const isBroken = laws.some(({ verdict }) => verdict.status === "fail")
  return isKept
    ? `${most}${unseen(report)}`
    : `${most} ${isBroken ? "There are broken laws." : "Not everything was looked at."}`
}

/** What every server says comes before what it comes to: who misreads an answer sees more broken than there is. */
const formFirst = (id: string): number => (kindOf(id) === "JOBSPEC" ? 0 : 1)

/** How much there is to paste; where nothing is shown it is more than anything that is. */
const lengthOf = ({ requests }: CheckedServerLaw): number =>
  requests.length === 0 ? Number.MAX_SAFE_INTEGER : requests.length

/**
 * What is broken, in the order in which to mend it: a level rests on those below it. Within one, a law that asks for one thing comes
 * before a search, and what few requests show before what takes many.
 */
export const brokenLaws = ({ laws }: Pick<ServerReport, "laws">): ReadonlyArray<CheckedServerLaw> =>
  laws
    .filter(({ verdict }) => verdict.status === "fail")
    .toSorted(
      (a, b) =>
        a.level - b.level ||
        formFirst(a.id) - formFirst(b.id) ||
        Number(a.isSearch) - Number(b.isSearch) ||
        lengthOf(a) - lengthOf(b) ||
        (a.id < b.id ? -1 : 1),
    )

/** Where to begin when laws are broken; `undefined` where none is. */
export const beginWith = (report: Pick<ServerReport, "laws">): string | undefined => {
  const [first, ...others] = brokenLaws(report)
  if (first === undefined) return undefined
  const rest = others.length === 0 ? "" : " What stands below rests on what stands above, and may mend itself."
  return `Begin with ${first.id} (level ${first.level}, ${levels[first.level].name}).${rest}`
}

/**
 * A report as text: what was not looked at, what is broken in the order in which to mend it, each level, and the conclusion. Laws
 * that hold are counted.
 */
export const formatServerReport = (report: ServerReport): string => {
  const others = report.laws.filter(({ verdict }) => verdict.status !== "pass" && verdict.status !== "fail")
  const begin = beginWith(report)
  return [
    `${report.url}, seed ${report.seed}, ${(report.took_ms / 1000).toFixed(1)} s`,
    ...others.map(formatChecked),
    ...brokenLaws(report).flatMap((law) => [
      formatChecked(law),
      ...law.requests.map((line) => `        ${line.replaceAll("\n", "\n        ")}`),
    ]),
    ...report.levels.map(formatLevel),
    conclusionOf(report),
    ...(begin === undefined ? [] : [begin]),
  ].join("\n")
}
