/** Where the story goes: lines that stay, and one that is written over where the terminal can. */
import { styleText } from "node:util"
import type { Look } from "waybill"

/** Lines of the timeline as they look here. */
export const lookOf = (columns: number): Look => ({
  columns,
  mark: (isWell) => (isWell ? styleText("green", "✓") : styleText("red", "✗")),
})

export interface Output {
  readonly write: (text: string) => void
  /** Whether a line can be written over. */
  readonly isLive: boolean
}

export interface Display {
  /** A line that stays. */
  readonly log: (text: string) => void
  /** What is going on just now; shown only where it can be written over. */
  readonly progress: (text: string) => void
}

export const makeDisplay = ({ isLive, write }: Output): Display => {
  let isOpen = false
  const clear = () => (isOpen ? "\r\u001b[2K" : "")
  return {
    log: (text) => {
      const isHeading = text.startsWith("attempt ")
      const isWaiting = text.startsWith("waiting: ")
      const shown = isHeading ? `\n${styleText("bold", text)}` : isWaiting ? styleText("yellow", `  ${text}`) : text
      write(`${clear()}${shown}\n`)
      isOpen = false
    },
    progress: (text) => {
      if (!isLive) return
      write(`${clear()}  · ${text}`)
      isOpen = true
    },
  }
}
