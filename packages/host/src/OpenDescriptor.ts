import { close, closeSync } from "node:fs"

const closed = (): Error => Object.assign(new Error("it is closed"), { code: "EBADF" })

/**
 * A descriptor that is closed once nobody uses it.
 *
 * An operation whose caller gave up may still wait for a thread; were the number free by then, and given to another file, it
 * would happen there.
 */
export class OpenDescriptor {
  readonly descriptor: number
  /** Whether closing it can wait for another machine: then it is left to another thread. */
  readonly #isSlow: boolean
  #users = 1

  constructor(descriptor: number, isSlow = false) {
    this.descriptor = descriptor
    this.#isSlow = isSlow
  }

  get isOpen(): boolean {
    return this.#users > 0
  }

  /** Runs an operation that names the descriptor; `EBADF` once it is closed. */
  async use<A>(run: (descriptor: number) => Promise<A>): Promise<A> {
    if (this.#users === 0) throw closed()
    this.#users++
    try {
      return await run(this.descriptor)
    } finally {
      this.release()
    }
  }

  /** Like {@link use}, for an operation that does not wait. */
  useNow<A>(run: (descriptor: number) => A): A {
    if (this.#users === 0) throw closed()
    return run(this.descriptor)
  }

  /** To be called once by whoever opened it. */
  release(): void {
    this.#users--
    if (this.#users > 0) return
    // What matters was flushed before; a descriptor that does not close cleanly has nothing left to lose.
    if (this.#isSlow) close(this.descriptor, () => undefined)
    else
      try {
        closeSync(this.descriptor)
      } catch {
        // As above.
      }
  }
}
