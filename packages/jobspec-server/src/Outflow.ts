/**
 * Answers that their readers do not take: how long one may wait for its reader, and how much all of them together may hold.
 *
 * Anybody who reaches the port may ask without a token and then never read. What such a reader has not taken lies in this
 * process's memory, so it is given a time, and less of it where others do the same.
 *
 * @module
 */
import type { ServerResponse } from "node:http"

/** So much may wait for readers together. Beyond it, whoever has waited longest is cut off. */
export const outflow_bytes_max = 67_108_864

/** So long may a reader take nothing of what waits for it. */
export const outflow_ms = 30_000

/** So long once the server stops: whoever reads has taken something by then. */
const draining_ms = 1_000

/** Why a reader was cut off: its time was up, or others needed the room. */
export type Cut = "time" | "room"

export interface OutflowOptions {
  readonly limit_ms?: number | undefined
  readonly bytes_max?: number | undefined
  readonly onCut?: (why: Cut) => void
}

export class Outflow {
  #limit_ms: number
  readonly #bytes_max: number
  readonly #onCut: (why: Cut) => void
  /** Those that wait, in the order in which they began to, and how much each of them holds. */
  readonly #waiting = new Map<ServerResponse, number>()
  #bytes = 0

  constructor({ bytes_max = outflow_bytes_max, limit_ms = outflow_ms, onCut = () => undefined }: OutflowOptions = {}) {
    this.#limit_ms = limit_ms
    this.#bytes_max = bytes_max
    this.#onCut = onCut
  }

  /** How many bytes wait for their readers. */
  get bytes(): number {
    return this.#bytes
  }

  /** The server stops: from now on, whoever takes nothing for a second loses the connection. */
  drain(): void {
    this.#limit_ms = Math.min(this.#limit_ms, draining_ms)
    for (const { socket } of this.#waiting.keys()) socket?.setTimeout(this.#limit_ms)
  }

  /**
   * Counts a response as waiting until its reader has taken what was written, or is gone. Whoever takes nothing for the whole
   * time limit loses the connection; a part that is taken begins the time anew.
   */
  wait(response: ServerResponse): void {
    const { socket } = response
    if (socket === null || response.destroyed || this.#waiting.has(response)) return
    const bytes = response.writableLength
    this.#waiting.set(response, bytes)
    this.#bytes += bytes
    const cut = (): void => {
      this.#onCut("time")
      response.destroy()
    }
    // Node looks at what the kernel has taken of a write meanwhile, and begins anew.
    socket.setTimeout(this.#limit_ms)
    const over = (): void => {
      response.off("drain", over).off("finish", over).off("close", over).off("timeout", cut)
      this.#waiting.delete(response)
      this.#bytes -= bytes
      // Once a response is finished, the time is that of an idle connection.
      if (!response.writableFinished) socket.setTimeout(0)
    }
    response.on("drain", over).on("finish", over).on("close", over).on("timeout", cut)
    let held = this.#bytes
    for (const [longest, its_bytes] of this.#waiting) {
      if (held <= this.#bytes_max || longest === response) break
      if (longest.destroyed) continue
      held -= its_bytes
      this.#onCut("room")
      longest.destroy()
    }
  }
}
