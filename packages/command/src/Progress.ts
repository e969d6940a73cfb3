/**
 * One line on a terminal's stderr for a run that takes longer than half a second.
 *
 * @module
 */
import type { Host } from "./Host.ts"

export interface Progress {
  /** What is going on. */
  readonly say: (text: string) => void
  /** Clears the line. */
  readonly end: () => void
}

const begin_ms = 500
const redraw_ms = 100
const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
/** Takes the line away that the cursor is in. */
export const clear_line = "\r\u001b[K"

export const makeProgress = (host: Host, isWanted: boolean, name: string): Progress => {
  if (!isWanted) return { say: () => undefined, end: () => undefined }
  const began_ms = host.monotonic_ms()
  let text = name.replaceAll(".", " ")
  let frame = 0
  let isDrawn = false
  const draw = () => {
    const seconds = Math.floor((host.monotonic_ms() - began_ms) / 1_000)
    const line = `${frames[frame++ % frames.length] ?? ""} ${text} ${seconds}s`
    host.stderr.write(`${clear_line}${line.slice(0, Math.max(10, host.stderr.columns - 1))}`)
    isDrawn = true
    stop = host.after(redraw_ms, draw)
  }
  let stop = host.after(begin_ms, draw)
  return {
    say: (said) => {
      text = said.replaceAll(/\s+/g, " ")
    },
    end: () => {
      stop()
      if (isDrawn) host.stderr.write(clear_line)
    },
  }
}
