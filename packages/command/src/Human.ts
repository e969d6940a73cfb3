/**
 * Answers as text for people: tables, `key: value` lines, errors with what to do. Data comes from anywhere, so that no terminal
 * obeys it: control characters are shown escaped.
 *
 * @module
 */
import type { ErrorDetail } from "@waybill/command-contract"
import type { Style } from "./Application.ts"
import { visible, visibleBlock } from "./Visible.ts"

type Paint = (text: string) => string

/** Colours that are only there when they are wanted. */
export const paints = ({
  colour,
}: Pick<Style, "colour">): Readonly<Record<"bold" | "dim" | "red" | "yellow" | "cyan", Paint>> => {
  const paint =
    (open: number, close: number): Paint =>
    (text) =>
      colour && text !== "" ? `\u001b[${open}m${text}\u001b[${close}m` : text
  return { bold: paint(1, 22), dim: paint(2, 22), red: paint(31, 39), yellow: paint(33, 39), cyan: paint(36, 39) }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const oneLine = (value: unknown): string => {
  if (value === null || value === undefined) return "–"
  if (typeof value === "string") return value.replaceAll(/\s*\n\s*|\t/g, " ")
  if (Array.isArray(value) && value.every((item) => typeof item !== "object"))
    return value.map((item) => oneLine(item)).join(", ")
  return JSON.stringify(value)
}
const cell = (value: unknown): string => visible(oneLine(value))

/** Width on a terminal, near enough: wide scripts and emoji take two columns, combining marks none. */
const widthOf = (text: string): number => {
  let width = 0
  for (const character of text) {
    if (/\p{Mn}|\p{Cf}/u.test(character)) continue
    width +=
      /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Extended_Pictographic}/u.test(
        character,
      )
        ? 2
        : 1
  }
  return width
}

/** As many of the characters as go into the width. */
const start = (characters: ReadonlyArray<string>, width: number): ReadonlyArray<string> => {
  let used = 0
  const end = characters.findIndex((character) => (used += widthOf(character)) > width)
  return end === -1 ? characters : characters.slice(0, end)
}

/** Paths, digests and addresses begin alike and differ at their end, so they are cut in the middle; a sentence at its end. */
const cutTo = (text: string, width: number): string => {
  const room = Math.max(0, width - 1)
  const tail_width = /\s|^[[{]/u.test(text) ? 0 : Math.ceil((room * 2) / 3)
  const characters = Array.from(text)
  const tail = [...start(characters.toReversed(), tail_width)].toReversed()
  return [...start(characters, room - tail_width), "…", ...tail].join("")
}

const fit = (text: string, width: number): string => {
  const shown = widthOf(text) <= width ? text : cutTo(text, width)
  return shown + " ".repeat(Math.max(0, width - widthOf(shown)))
}

const gap = 2

/** What a row is known by, and what is typed, or pasted, to ask for it: half of it is good for nothing. */
const isName = (column: string): boolean => column === "id" || column.endsWith("_id")

type Row = Readonly<Record<string, unknown>>

const columnsOf = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => [
  ...new Set(rows.flatMap((row) => Object.keys(row))),
]

/** How wide each column is by itself. */
const widthsOf = (rows: ReadonlyArray<Row>, names: ReadonlyArray<string>): Array<number> =>
  names.map((name) => Math.max(widthOf(cell(name)), ...rows.map((row) => widthOf(cell(row[name])))))

const totalOf = (widths: ReadonlyArray<number>): number =>
  widths.reduce((sum, width) => sum + width, 0) + gap * Math.max(0, widths.length - 1)

/**
 * Rows under their column names, no wider than the terminal: the widest columns give way first, and ids never. Where the ids alone
 * are too wide, so are the rows.
 */
export const table = (rows: ReadonlyArray<Row>, style: Style): string => {
  const names = columnsOf(rows)
  const heads = names.map(cell)
  const widths = widthsOf(rows, names)
  const narrowest = 4
  const yielding = () => widths.map((width, index) => (isName(names[index] ?? "") ? 0 : width))
  while (totalOf(widths) > style.columns && Math.max(...yielding()) > narrowest) {
    const given = yielding()
    const widest = given.indexOf(Math.max(...given))
    widths[widest] = Math.max(narrowest, (widths[widest] ?? 0) - 1)
  }
  const column = (text: string, index: number, paint: Paint) => {
    const fitted = fit(text, widths[index] ?? 0)
    const shown = fitted.trimEnd()
    return paint(shown) + fitted.slice(shown.length)
  }
  const line = (texts: ReadonlyArray<string>, paint: Paint) =>
    texts
      .map((text, index) => column(text, index, paint))
      .join(" ".repeat(gap))
      .trimEnd()
  const { bold } = paints(style)
  return [
    line(heads, bold),
    ...rows.map((row) =>
      line(
        names.map((name) => cell(row[name])),
        (text) => text,
      ),
    ),
  ].join("\n")
}

const isTable = (value: unknown): value is ReadonlyArray<Row> =>
  Array.isArray(value) && value.length > 0 && value.every(isRecord)

/** So few rows are read from top to bottom rather than across. */
const few_rows = 3

const isNested = (value: unknown): boolean =>
  typeof value === "object" && value !== null && oneLine(value).startsWith("{")

/**
 * Rows as a table where it fits. Where it does not, a few rows, and rows that hold objects, of which a part is good for nothing, stand
 * whole, one under the other; many rows are cut, and where to see them whole stands below.
 */
const rowsAsText = (rows: ReadonlyArray<Row>, style: Style): string => {
  const whole = () => rows.map((row) => humanData(row, style)).join("\n\n")
  const fits = totalOf(widthsOf(rows, columnsOf(rows))) <= style.columns
  if (fits) return table(rows, style)
  if (rows.length <= few_rows || rows.some((row) => Object.values(row).some(isNested))) return whole()
  const shown = table(rows, style)
  const { dim } = paints(style)
  return shown.includes("…") ? `${shown}\n${dim("Cut to the width of the terminal; whole with --output json.")}` : shown
}

/** Data as text, by its shape: a list of objects is a table, an object is lines, the rest is itself. */
export const humanData = (data: unknown, style: Style): string => {
  const { dim } = paints(style)
  if (isTable(data)) return rowsAsText(data, style)
  if (Array.isArray(data)) return data.length === 0 ? dim("nothing") : data.map(cell).join("\n")
  if (!isRecord(data)) return cell(data)
  const entries = Object.entries(data).map(([key, value]) => [cell(key), value] as const)
  const width = Math.max(0, ...entries.filter(([, value]) => !isTable(value)).map(([key]) => widthOf(key)))
  return entries
    .map(([key, value]) => {
      if (isTable(value)) return `${dim(key)}\n${rowsAsText(value, style)}`
      const text = isRecord(value)
        ? humanData(value, style).replaceAll("\n", `\n${" ".repeat(width + gap)}`)
        : cell(value)
      return `${dim(key.padEnd(width + gap))}${text}`
    })
    .join("\n")
}

/** A failure in the order in which a person needs it: what, why, what to do. */
export const humanError = (error: ErrorDetail, style: Style): string => {
  const { bold, cyan, dim, red } = paints(style)
  const { errors = [] } = error
  // Several are told one by one, and not a second time in one line before that.
  const isListed = errors.length > 1 && errors.every(({ message }) => error.message.includes(message))
  const head = isListed ? `${errors.length} arguments are wrong:` : error.message
  const lines = [
    `${red(bold("error:"))} ${visibleBlock(head)} ${dim(`[${visible(error.code)}]`)}`,
    ...(errors.length > 1 ? errors.map(({ message }) => `  ${visibleBlock(message)}`) : []),
    ...(error.detail === undefined ? [] : [dim(`  ${visibleBlock(error.detail)}`)]),
    ...(error.fix_required === undefined ? [] : [`${cyan("fix:")} ${visibleBlock(error.fix_required)}`]),
    ...(error.fix_command === undefined ? [] : [`${cyan("run:")} ${visible(error.fix_command)}`]),
    ...(error.suggestion === undefined ? [] : [`${cyan("hint:")} ${visibleBlock(error.suggestion)}`]),
    ...(error.docs_url === undefined ? [] : [dim(visible(error.docs_url))]),
  ]
  return lines.join("\n")
}

/** Rows with tabs between; tabs and newlines inside a value become spaces. */
export const tabSeparated = (data: unknown): string => {
  const found = isRecord(data) ? Object.values(data).find(isTable) : undefined
  const rows = isTable(data) ? data : (found ?? (isRecord(data) ? [data] : []))
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const text = (value: unknown) =>
    (value === undefined || value === null ? "" : oneLine(value)).replaceAll(/[\t\n]/g, " ")
  return [names.map(text).join("\t"), ...rows.map((row) => names.map((name) => text(row[name])).join("\t"))]
    .map((line) => `${line}\n`)
    .join("")
}
