/**
 * Random numbers that are the same for the same seed, on every machine.
 *
 * @module
 */

/** xorshift128, seeded by splitmix32: quick, and its streams are far apart. */
export class Random {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number) {
    let state = seed | 0
    const mix = (): number => {
      state = (state + 0x9e3779b9) | 0
      let z = state
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
      return (z ^ (z >>> 16)) | 0
    }
    this.#a = mix()
    this.#b = mix()
    this.#c = mix()
    this.#d = mix() | 1
  }

  /** A stream of its own by name: drawing more from one leaves the others as they are. */
  static of(seed: number, name: string): Random {
    let hash = seed | 0
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
    return new Random(hash)
  }

  /** An unsigned integer of 32 bits. */
  bits(): number {
    let t = this.#d
    const s = this.#a
    this.#d = this.#c
    this.#c = this.#b
    this.#b = s
    t ^= t << 11
    t ^= t >>> 8
    this.#a = t ^ s ^ (s >>> 19)
    return this.#a >>> 0
  }

  /** From 0 up to 1, which it never is. */
  unit(): number {
    return this.bits() / 0x1_0000_0000
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.unit() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return probability > 0 && this.unit() < probability
  }

  pick<A>(from: readonly [A, ...ReadonlyArray<A>]): A {
    return from[this.between(0, from.length - 1)] ?? from[0]
  }
}
