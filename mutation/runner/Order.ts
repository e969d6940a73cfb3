/**
 * Which test is asked first: the one that is likeliest to notice a mutant per millisecond it takes, as far as was seen.
 *
 * @module
 */

interface Test {
  readonly id: string
  readonly took_ms: number
}

export class Order {
  readonly #seen = new Map<string, { asked: number; noticed: number }>()

  /** A test that was asked about a mutant which none before it had noticed. */
  learn(id: string, isNoticed: boolean): void {
    const seen = this.#seen.get(id) ?? { asked: 0, noticed: 0 }
    seen.asked++
    if (isNoticed) seen.noticed++
    this.#seen.set(id, seen)
  }

  /** Of a test that was never asked, a fifth of the mutants are expected to be noticed. */
  #worth({ id, took_ms }: Test): number {
    const { asked, noticed } = this.#seen.get(id) ?? { asked: 0, noticed: 0 }
    return (noticed + 0.2) / (asked + 1) / (took_ms + 1)
  }

  sort<T extends Test>(tests: ReadonlyArray<T>): ReadonlyArray<T> {
    return tests
      .map((test) => ({ test, worth: this.#worth(test) }))
      .toSorted((a, b) => b.worth - a.worth)
      .map(({ test }) => test)
  }
}
