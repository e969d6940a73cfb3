/**
 * What a settlement looks like in a terminal: a line per step, renewed in place where the terminal can, plain otherwise.
 */
import type { SettlementEvent } from "@waybill/runtime"
import { stripVTControlCharacters, styleText } from "node:util"

export interface Output {
  readonly write: (text: string) => void
  /** Whether a line can be written over. */
  readonly isLive: boolean
  readonly columns: number
}

const labels: Record<string, string> = {
  seed: "seed the workspace",
  agent: "run the agent",
  build: "capture the bytes",
  write: "write the artifact",
  readback: "read it back",
  seal: "seal it",
  verify: "verify the sealed bytes",
  deliver: "check again and deliver",
}

const units = ["B", "kB", "MB", "GB"] as const

/** `204.1 kB`. */
export const formatBytes = (bytes: number): string => {
  let value = bytes
  let unit = 0
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${units[unit]}`
}

/** `640 ms`, `2.4 s`. */
export const formatDuration = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`

/** Breaks a text at spaces, indented; a word longer than the line stands alone. */
export const wrap = (text: string, columns: number, indent: string): string => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > columns) {
      lines.push(indent + line)
      line = word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, indent + line].join("\n")
}

/** One line that no terminal obeys: what a program says is shown, and must not move the cursor. */
export const oneLine = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()

const shorten = (text: string, room: number): string =>
  text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`

const marks = {
  started: "·",
  progress: "·",
  done: styleText("green", "✓"),
  failed: styleText("red", "✗"),
} as const

/** What a line tells of a step. */
export interface StepLine {
  readonly step: string
  readonly state: "started" | "progress" | "done" | "failed"
  readonly detail?: string
  readonly bytes?: number
}

/** One line of a step; never wider than `columns`. */
export const formatStep = (event: StepLine, took_ms: number | undefined, columns: number): string => {
  const size = event.bytes === undefined ? "" : formatBytes(event.bytes)
  const time = took_ms === undefined ? "" : formatDuration(took_ms)
  const label = (labels[event.step] ?? event.step).padEnd(24)
  const detail = [size, event.state === "done" || event.state === "failed" ? oneLine(event.detail ?? "") : ""]
    .filter((part) => part !== "")
    .join("  ")
  const room = columns - 2 - 2 - label.length - 10
  const mark = event.detail?.startsWith("rejected") === true ? marks.failed : marks[event.state]
  return `  ${mark} ${label}${shorten(detail, room).padEnd(room)}${time.padStart(8)}`.trimEnd()
}

/** Takes a settlement's events and shows them as they come. */
export const makeDisplay = (output: Output): ((event: SettlementEvent) => void) => {
  let attempt = 0
  let isOpen = false
  const startedAt = new Map<string, number>()
  return (event) => {
    if (event.kind === "recorded") return
    if (event.kind === "waiting") {
      const { holder } = event
      const since = holder === undefined ? "" : ` since ${new Date(holder.since_ms).toISOString()}`
      output.write(
        `\n  ${styleText("yellow", `waiting: ${holder?.who ?? "somebody else"} is at work on this run${since}`)}\n`,
      )
      return
    }
    if (event.step === "repair") {
      output.write(`\n  ${styleText("yellow", "the verifier said no; a repair attempt follows")}\n`)
      return
    }
    if (event.attempt !== attempt) {
      attempt = event.attempt
      output.write(`\n${styleText("bold", `Attempt ${attempt}`)}\n`)
    }
    if (event.state === "started") startedAt.set(event.step, event.at_ms)
    const isLast = event.state === "done" || event.state === "failed"
    if (!isLast && !output.isLive) return
    const began = startedAt.get(event.step)
    const line = formatStep(event, isLast && began !== undefined ? event.at_ms - began : undefined, output.columns)
    output.write(output.isLive ? `${isOpen ? "\r\u001b[2K" : ""}${line}${isLast ? "\n" : ""}` : `${line}\n`)
    isOpen = output.isLive && !isLast
    // Why a step failed is not cut to fit a line.
    if (event.state === "failed" && line.includes("…"))
      output.write(`${wrap(oneLine(event.detail ?? ""), output.columns, "      ")}\n`)
  }
}
