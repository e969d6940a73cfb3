/**
 * A badge: one small picture that says which level holds.
 *
 * @module
 */
import { levels } from "../../LawKind.ts"
import type { ServerReport } from "../checkServer.ts"
import { isUnrestarted } from "./text.ts"

const character_width = 6.6
const padding = 8
const colours = { holds: "#2c7a4b", unrestarted: "#8a6100", broken: "#b3261e" } as const

const widthOf = (text: string): number => Math.round(text.length * character_width) + 2 * padding

/**
 * The badge as an SVG document; it needs nothing else to be shown. It is green only where what is acknowledged was also seen to survive
 * a kill, if the level promises that.
 */
export const badgeSvg = (report: Pick<ServerReport, "claimed" | "highest" | "isKept" | "laws">): string => {
  const { claimed, highest, isKept } = report
  const level = claimed ?? highest
  const name = level === undefined ? "" : ` level ${level} ${levels[level].name.toLowerCase()}`
  const is = !isKept ? "broken" : isUnrestarted(report) ? "unrestarted" : "holds"
  const said = {
    holds: name.trim(),
    unrestarted: `${name.trim()}, restart not shown`,
    broken: `broken${claimed === undefined ? "" : `:${name}`}`,
  }
  const [left, right] = ["JobSpec v0", said[is]]
  const [a, b] = [widthOf(left), widthOf(right)]
  const label = `${left}: ${right}`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${a + b}" height="20" role="img" aria-label="${label}">
<title>${label}</title>
<clipPath id="round"><rect width="${a + b}" height="20" rx="3"/></clipPath>
<g clip-path="url(#round)"><rect width="${a}" height="20" fill="#444"/><rect x="${a}" width="${b}" height="20" fill="${colours[is]}"/></g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle"><text x="${a / 2}" y="14">${left}</text><text x="${a + b / 2}" y="14">${right}</text></g>
</svg>
`
}
