/**
 * What a settlement tells while it goes on, as lines for people.
 *
 * @module
 */
import type { Observer, Step } from "@waybill/runtime"
import { stripVTControlCharacters } from "node:util"

/** What each step is called. `deliver` comes after the settlement, and is told in the same way. */
export const step_labels = {
  seed: "seed the workspace",
  agent: "run the agent",
  build: "capture the bytes",
  write: "write the artifact",
  readback: "read it back",
  seal: "seal it",
  verify: "verify the sealed bytes",
  repair: "repair",
  deliver: "check again and deliver",
} as const satisfies Readonly<Record<Step | "deliver", string>>

/** One line that no terminal obeys: what a program says is shown, and must not move the cursor. */
export const oneLine = (text: string): string =>
  stripVTControlCharacters(text)
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()

const units = ["B", "kB", "MB", "GB", "TB"] as const

/** `204.1 kB`. */
export const formatBytes = (bytes: number): string => {
  let value = bytes
  let unit = 0
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${units[unit]}`
}

/** `640 ms`, `2.4 s`. */
export const formatTook = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)

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

/** How lines are to look. */
export interface Look {
  /** How wide a line may be; what does not fit is cut, and of a failure told whole below. No limit when left out. */
  readonly columns?: number
  /** The sign before a step that ended well, or not; ✓ and ✗ when left out. */
  readonly mark?: (isWell: boolean) => string
}

/** What a line tells of a step that has ended. */
export interface EndedStep {
  readonly step: Step | "deliver"
  readonly isWell: boolean
  readonly took_ms: number
  readonly bytes?: number | undefined
  readonly detail?: string
}

/** The line of a step that has ended. */
export const stepLine = (ended: EndedStep, { columns = Infinity, mark }: Look = {}): string => {
  const { bytes, detail = "", isWell, step, took_ms } = ended
  const sign = mark?.(isWell) ?? (isWell ? "✓" : "✗")
  const told = [bytes === undefined ? "" : formatBytes(bytes), oneLine(detail)].filter((part) => part !== "").join("  ")
  const head = `${step_labels[step].padEnd(24)} ${formatTook(took_ms).padStart(8)}`
  const room = columns - head.length - 6
  const isCut = told.length > room
  const line = `  ${sign} ${head}  ${isCut ? `${told.slice(0, Math.max(0, room - 1))}…` : told}`.trimEnd()
  // Why a step failed is not cut to fit a line.
  return isCut && !isWell ? `${line}\n${wrap(oneLine(detail), columns, "      ")}` : line
}

export interface Told {
  /** A line that stays. */
  readonly log: (text: string) => void
  /** What is going on just now. */
  readonly progress: (text: string) => void
  /** Why a step failed: all that is known; a fact holds a code alone. */
  readonly failed: (detail: string) => void
}

/** Takes a settlement's events and tells them as they come. */
export const timeline = (told: Told, look: Look = {}): Observer => {
  let attempt = 0
  const began_ms = new Map<Step, number>()
  return (event) => {
    if (event.kind === "recorded") return
    if (event.kind === "waiting") {
      const { holder } = event
      const since = holder === undefined ? "" : ` since ${new Date(holder.since_ms).toISOString()}`
      return told.log(`waiting: ${holder?.who ?? "somebody else"} is at work on this run${since}`)
    }
    const { at_ms, bytes, detail = "", state, step } = event
    if (event.attempt !== attempt) {
      attempt = event.attempt
      told.log(step === "repair" ? `attempt ${attempt}, because the verifier said no` : `attempt ${attempt}`)
    }
    if (step === "repair") return
    if (state === "started") began_ms.set(step, at_ms)
    if (state === "failed") told.failed(detail)
    if (state === "started" || state === "progress") return told.progress(step_labels[step])
    const took_ms = at_ms - (began_ms.get(step) ?? at_ms)
    const isWell = state !== "failed" && !detail.startsWith("rejected")
    told.log(stepLine({ step, isWell, took_ms, bytes, detail }, look))
  }
}
