/**
 * Room for blocks of bytes that is used again. Memory of the system that is taken anew for every page of a long reading costs more
 * than reading it: each piece is cleared by the kernel, and the collector runs for it.
 *
 * @module
 */

const kept_max = 3
const step_bytes = 262_144

export class Room {
  readonly #own = new WeakSet<ArrayBufferLike>()
  readonly #free: Array<Buffer> = []

  /** A block of exactly so many bytes; what they hold is not defined. */
  take(bytes: number): Buffer {
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= bytes)
    if (at >= 0) return (this.#free.splice(at, 1)[0] as Buffer).subarray(0, bytes)
    const made = Buffer.allocUnsafeSlow(Math.ceil(bytes / step_bytes) * step_bytes)
    this.#own.add(made.buffer)
    return made.subarray(0, bytes)
  }

  /** Takes back a block that nobody looks at any more. Bytes that came from elsewhere stay whose they are. */
  give({ buffer }: Uint8Array): void {
    if (!this.#own.has(buffer)) return
    if (this.#free.length >= kept_max) this.#free.shift()
    this.#free.push(Buffer.from(buffer))
  }
}
