/**
 * A curve as a drawing: the cost to the top, what grows to the right, on a logarithmic scale.
 *
 * @module
 */
import type { Curve } from "./Report.ts"
import { figure } from "./Table.ts"

const [width, height] = [640, 320]
// To the right there is room for half of the last label, such as `1,000,000`.
const [left, right, top, bottom] = [84, 44, 44, 52]

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }
const escaped = (text: string): string => text.replaceAll(/[&<>"]/gu, (sign) => escapes[sign] ?? sign)

const at = (n: number): string => n.toFixed(1)

/** One, two or five times a power of ten, and no less than `value`. */
export const roundUp = (value: number): number => {
  if (!(value > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return power * ([1, 2, 5, 10].find((step) => step * power >= value * (1 - 1e-9)) ?? 10)
}

/** How every drawing begins; a file that begins otherwise is somebody else's. */
export const svg_head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" font-size="12">`

const inks = ["#0057b8", "#b84700", "#3d7a00"]

/**
 * An SVG file, of one curve or of several over the same `x`. The cost's axis starts at zero, so that what is flat looks flat and
 * what doubles looks doubled.
 */
export const plot = (curve: Curve, ...others: ReadonlyArray<Curve>): string => {
  const { name, x, y } = curve
  const curves = [curve, ...others]
  const points = curves.flatMap((each) => each.points)
  const labels = [...new Set(points.map((point) => point.x))]
  const log = (value: number): number => Math.log10(Math.max(1, value))
  const [from, to] = [Math.min(...labels.map(log)), Math.max(...labels.map(log))]
  const most = roundUp(Math.max(0, ...points.map((point) => point.y)))
  const across = (value: number): number =>
    left + (to > from ? (log(value) - from) / (to - from) : 0.5) * (width - left - right)
  const up = (cost: number): number => height - bottom - (cost / most) * (height - top - bottom)
  const text = (px: number, py: number, words: string, more = ""): string =>
    `  <text x="${at(px)}" y="${at(py)}"${more}>${escaped(words)}</text>`
  const middle = ` text-anchor="middle"`
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => part * most)
  return `${[
    svg_head,
    `  <title>${escaped(`${name}: ${y} against ${x}`)}</title>`,
    `  <rect width="${width}" height="${height}" fill="#fff"/>`,
    ...(others.length === 0
      ? [text(left, 24, name, ` font-size="14"`)]
      : curves.map((each, index) => text(left, 14 + 14 * index, each.name, ` fill="${inks[index % inks.length]}"`))),
    ...marks.flatMap((cost) => [
      `  <path d="M${left} ${at(up(cost))}H${width - right}" stroke="#ddd"/>`,
      text(left - 8, up(cost) + 4, figure(cost), ` text-anchor="end"`),
    ]),
    ...labels.map((label) => text(across(label), height - bottom + 18, figure(label), middle)),
    text((left + width - right) / 2, height - 12, x, middle),
    text(16, (top + height - bottom) / 2, y, `${middle} transform="rotate(-90 16 ${at((top + height - bottom) / 2)})"`),
    ...curves.flatMap((each, index) => [
      `  <polyline fill="none" stroke="${inks[index % inks.length]}" stroke-width="2" points="${each.points
        .map((point) => `${at(across(point.x))},${at(up(point.y))}`)
        .join(" ")}"/>`,
      ...each.points.map(
        (point) =>
          `  <circle cx="${at(across(point.x))}" cy="${at(up(point.y))}" r="3" fill="${inks[index % inks.length]}"/>`,
      ),
    ]),
    "</svg>",
  ].join("\n")}\n`
}
