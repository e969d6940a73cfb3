/**
 * A curve as a drawing: the cost to the top, what grows to the right, on a logarithmic scale.
 *
 * @module
 */
import type { Curve } from "./Report.ts"
import { figure } from "./Table.ts"

const [width, height] = [640, 320]
const [left, right, top, bottom] = [84, 24, 44, 52]

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }
const escaped = (text: string): string => text.replaceAll(/[&<>"]/gu, (sign) => escapes[sign] ?? sign)

const at = (n: number): string => n.toFixed(1)

/** One, two or five times a power of ten, and no less than `value`. */
export const roundUp = (value: number): number => {
  if (!(value > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return power * ([1, 2, 5, 10].find((step) => step * power >= value * (1 - 1e-9)) ?? 10)
}

/** An SVG file. The cost's axis starts at zero, so that what is flat looks flat and what doubles looks doubled. */
export const plot = ({ name, points, x, y }: Curve): string => {
  const xs = points.map((point) => Math.log10(Math.max(1, point.x)))
  const [from, to] = [Math.min(...xs), Math.max(...xs)]
  const most = roundUp(Math.max(0, ...points.map((point) => point.y)))
  const across = (log: number): number => left + (to > from ? (log - from) / (to - from) : 0.5) * (width - left - right)
  const up = (cost: number): number => height - bottom - (cost / most) * (height - top - bottom)
  const text = (px: number, py: number, words: string, more = ""): string =>
    `  <text x="${at(px)}" y="${at(py)}"${more}>${escaped(words)}</text>`
  const middle = ` text-anchor="middle"`
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => part * most)
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" font-size="12">`,
    `  <title>${escaped(`${name}: ${y} against ${x}`)}</title>`,
    `  <rect width="${width}" height="${height}" fill="#fff"/>`,
    text(left, 24, name, ` font-size="14"`),
    ...marks.flatMap((cost) => [
      `  <path d="M${left} ${at(up(cost))}H${width - right}" stroke="#ddd"/>`,
      text(left - 8, up(cost) + 4, figure(cost), ` text-anchor="end"`),
    ]),
    ...points.map((point, index) => text(across(xs[index] ?? 0), height - bottom + 18, figure(point.x), middle)),
    text((left + width - right) / 2, height - 12, x, middle),
    text(16, (top + height - bottom) / 2, y, `${middle} transform="rotate(-90 16 ${at((top + height - bottom) / 2)})"`),
    `  <polyline fill="none" stroke="#0057b8" stroke-width="2" points="${points
      .map((point, index) => `${at(across(xs[index] ?? 0))},${at(up(point.y))}`)
      .join(" ")}"/>`,
    ...points.map(
      (point, index) => `  <circle cx="${at(across(xs[index] ?? 0))}" cy="${at(up(point.y))}" r="3" fill="#0057b8"/>`,
    ),
    "</svg>",
  ].join("\n")}\n`
}
