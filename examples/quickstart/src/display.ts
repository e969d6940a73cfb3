import { stripVTControlCharacters, styleText } from "node:util"

/** Something a step of the settlement did. */
export interface StepEvent {
  /** Milliseconds since the program's start. */
  readonly at_ms: number
  /** Counted from 1. */
  readonly attempt: number
  readonly step: string
  readonly state: "started" | "progress" | "done" | "failed"
  readonly detail?: string
  readonly bytes?: number
}

/** A step as it is shown: its latest event and when it started. */
export interface ShownStep {
  readonly event: StepEvent
  readonly started_ms: number
}

type Colour = "cyan" | "green" | "red" | "dim"

/** Gives a text its colour, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string

export const plainPaint: Paint = (_colour, text) => text
export const colourPaint: Paint = (colour, text) => styleText(colour, text, { validateStream: false })

const marks = { started: "▸", progress: "▸", done: "✓", failed: "✗" } as const
const colours = { started: "cyan", progress: "cyan", done: "green", failed: "red" } as const

/** Byte count in at most nine columns: `999 B`, `12.3 kB` (1 kB = 1000 B). */
export const formatBytes = (bytes: number): string => {
  const units = ["kB", "MB", "GB", "TB"]
  if (bytes < 1000) return `${bytes} B`
  let value = bytes / 1000
  let unit = 0
  // 999.95 would be written as 1000.0.
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${value.toFixed(1)} ${units[unit] ?? ""}`
}

/** Time span in at most eight columns: `12 ms`, `1.2 s`, `3 min 05 s`. */
export const formatDuration = (duration_ms: number): string => {
  const ms = Math.max(0, Math.round(duration_ms))
  if (ms < 1000) return `${ms} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`
}

/** One line of text that no terminal obeys: programs' output is shown, and must not move the cursor. */
const oneLine = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim()

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" })
const wide =
  /\p{Emoji_Presentation}|\uFE0F|[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60]|[\u{20000}-\u{3FFFD}]/u

/** Columns a text takes on a terminal: two for East Asian wide characters and emoji. */
export const widthOf = (text: string): number =>
  [...graphemes.segment(text)].reduce((width, { segment }) => width + (wide.test(segment) ? 2 : 1), 0)

/** The text in exactly `columns` columns: filled with spaces, or cut with an ellipsis. */
export const fit = (text: string, columns: number): string => {
  const width = widthOf(text)
  if (width <= columns) return text + " ".repeat(columns - width)
  let kept = ""
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    const next = used + widthOf(segment)
    if (next > columns - 1) break
    kept += segment
    used = next
  }
  return columns < 1 ? "" : `${kept}…${" ".repeat(columns - 1 - used)}`
}

/**
 * A step on one line of a terminal, never wider than `columns`: mark, attempt, step, detail, size, time taken.
 *
 * @example
 * formatLive({ event: { at_ms: 1200, attempt: 1, step: "verify", state: "failed", detail: "3 checks" }, started_ms: 0 }, 60, plainPaint)
 * // "✗ 1 verify        3 checks                             1.2 s"
 */
export const formatLive = ({ event, started_ms }: ShownStep, columns: number, paint: Paint): string => {
  const size = event.bytes === undefined ? "" : formatBytes(event.bytes)
  const taken = event.state === "started" ? "" : formatDuration(event.at_ms - started_ms)
  const head = `${marks[event.state]} ${event.attempt} `
  const tail = ` ${size.padStart(9)} ${taken.padStart(11)}`
  const step_columns = 14
  const detail_columns = columns - widthOf(head) - step_columns - tail.length
  const step = fit(oneLine(event.step), step_columns - 1)
  if (detail_columns < 8) return fit(`${head}${oneLine(event.step)}`, columns)
  const detail = fit(oneLine(event.detail ?? ""), detail_columns)
  return `${paint(colours[event.state], head)}${step} ${detail}${paint("dim", tail)}`.trimEnd()
}

/**
 * A step event as a line for a log or pipe, whole and without colour.
 *
 * @example
 * formatPlain({ at_ms: 1234, attempt: 2, step: "seal", state: "done", bytes: 2048 })
 * // "1.234 s  attempt 2  seal done  2.0 kB"
 */
export const formatPlain = ({ at_ms, attempt, bytes, detail, state, step }: StepEvent): string =>
  [
    `${(at_ms / 1000).toFixed(3)} s`,
    `attempt ${attempt}`,
    `${oneLine(step)} ${state}`,
    ...(bytes === undefined ? [] : [formatBytes(bytes)]),
    ...(detail === undefined ? [] : [oneLine(detail)]),
  ].join("  ")

/** Where the display writes; `process.stdout` and `process.stderr` are such. */
export interface Output {
  readonly write: (text: string) => unknown
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

export interface Display {
  readonly show: (event: StepEvent) => void
}

/**
 * Shows step events as they come. On a terminal each step has one line that is rewritten in place; elsewhere, and
 * where TERM is `dumb`, each event is one plain line. Colours stay off when NO_COLOR is set to anything but nothing
 * (https://no-color.org).
 *
 * Between two events nothing else may write to the same terminal: the display counts its own lines.
 *
 * @example
 * const display = makeDisplay(process.stderr, process.env)
 * display.show({ at_ms: 0, attempt: 1, step: "build", state: "started" })
 */
export const makeDisplay = (output: Output, env: Readonly<Record<string, string | undefined>>): Display => {
  if (output.isTTY !== true || env["TERM"] === "dumb") {
    return { show: (event) => void output.write(`${formatPlain(event)}\n`) }
  }
  const paint = (env["NO_COLOR"] ?? "") === "" ? colourPaint : plainPaint
  const lines = new Map<string, { readonly started_ms: number; readonly line: number }>()
  let written = 0
  return {
    show: (event) => {
      const key = `${event.attempt}/${event.step}`
      const known = lines.get(key)
      const started_ms = event.state === "started" ? event.at_ms : (known?.started_ms ?? event.at_ms)
      // A line as wide as the terminal would wrap on some of them, and the next move upwards would miss.
      const text = formatLive({ event, started_ms }, (output.columns ?? 80) - 1, paint)
      const up = known === undefined ? 0 : written - known.line
      // What has scrolled off the top cannot be reached any more: it gets a new line.
      if (up > 0 && up < (output.rows ?? 24)) {
        lines.set(key, { started_ms, line: written - up })
        output.write(`\u001B[${up}A\r\u001B[2K${text}\u001B[${up}B\r`)
        return
      }
      lines.set(key, { started_ms, line: written })
      written += 1
      output.write(`${text}\n`)
    },
  }
}
