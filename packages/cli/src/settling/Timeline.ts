/**
 * What a settlement tells while it goes on, as lines for people.
 *
 * @module
 */
import type { Observer, Step } from "@waybill/runtime"
import { stripVTControlCharacters } from "node:util"

const labels: Readonly<Record<Step, string>> = {
  seed: "seed the workspace",
  agent: "run the agent",
  build: "capture the bytes",
  write: "write the artifact",
  readback: "read it back",
  seal: "seal it",
  verify: "verify the sealed bytes",
  repair: "repair",
}

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

export interface Told {
  /** A line that stays. */
  readonly log: (text: string) => void
  /** What is going on just now. */
  readonly progress: (text: string) => void
  /** Why a step failed: all that is known; a fact holds a code alone. */
  readonly failed: (detail: string) => void
}

/** Takes a settlement's events and tells them as they come. */
export const timeline = (told: Told): Observer => {
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
    if (state === "started" || state === "progress") return told.progress(labels[step])
    const took = at_ms - (began_ms.get(step) ?? at_ms)
    const isNo = state === "failed" || detail.startsWith("rejected")
    const size = bytes === undefined ? "" : formatBytes(bytes)
    const parts = [size, oneLine(detail)].filter((part) => part !== "").join("  ")
    told.log(`  ${isNo ? "✗" : "✓"} ${labels[step].padEnd(24)} ${formatTook(took).padStart(8)}  ${parts}`.trimEnd())
  }
}
