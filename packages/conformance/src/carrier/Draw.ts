/**
 * Choices that one number determines: the same seed draws the same values, so that a failure can be shown again.
 *
 * @module
 */
import { Arbitrary, Effect, Result, type Schema } from "effect"

const arbitraries = new WeakMap<Schema.Constraint, Arbitrary.Arbitrary<unknown>>()

const arbitraryOf = (schema: Schema.Constraint): Arbitrary.Arbitrary<unknown> => {
  const known = arbitraries.get(schema)
  if (known !== undefined) return known
  const made = Arbitrary.schema(schema)
  arbitraries.set(schema, made)
  return made
}

/** How often a schema is asked again when its filters take nothing of what was drawn. */
const tries_max = 20

/**
 * A value that the schema takes, or `undefined` when its filters took nothing that was drawn. A filter that is hard to meet by
 * chance says what to draw: `Schema.makeFilter(isDigest, { arbitraryConstraint: { patterns: [{ source: "^[0-9a-f]{64}$", flags: "" }] } })`.
 *
 * @param size how large its texts and lists may grow, from 0
 */
export const drawFrom = <S extends Schema.Constraint>(schema: S, seed: number, size = 4): S["Type"] | undefined => {
  const arbitrary = arbitraryOf(schema)
  for (let i = 0; i < tries_max; i++) {
    const options = { count: 1, seed: seed + i * 7919, size: size + i }
    const drawn = Effect.runSync(Effect.result(Arbitrary.sampleEffect(arbitrary, options)))
    if (Result.isSuccess(drawn) && drawn.success.length > 0) return drawn.success[0]
  }
  return undefined
}

/** What a step draws its commands from. */
export class Draw {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  #next(): number {
    // Mulberry32: any fixed scrambling will do, as long as neighbouring seeds differ.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  /** A whole number from 0 on, below `end`. */
  below(end: number): number {
    return this.#next() % Math.max(1, end)
  }

  /** One of these. Throws `RangeError` when there is none. */
  from<A>(choices: ReadonlyArray<A>): A {
    if (choices.length === 0) throw new RangeError("there is nothing to choose from")
    return choices[this.below(choices.length)] as A
  }

  /** A job's id out of a few, so that jobs meet. */
  job(): string {
    return this.from(["job-1", "job-2", "job-3"])
  }

  /** So many lowercase hex digits; few different ones, so that they meet. */
  hex(digits: number): string {
    return this.below(12).toString(16).repeat(digits)
  }

  /** A value that a schema takes. Throws `TypeError` when its filters take nothing that is drawn. */
  of<S extends Schema.Constraint>(schema: S): S["Type"] {
    const drawn = drawFrom(schema, this.#next())
    if (drawn === undefined) throw new TypeError("nothing that was drawn passes the schema's filters")
    return drawn
  }
}
