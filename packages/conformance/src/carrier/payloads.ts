/**
 * Payloads out of the schemas of a vocabulary.
 *
 * @module
 */
import { Effect } from "effect"
import fc from "fast-check"
import { shown, Violation } from "../Law.ts"
import { drawFrom } from "./Draw.ts"
import { type Cases, forAll, type Subject } from "./property.ts"

export interface Drawn {
  readonly event_type: string
  readonly payload: unknown
}

/** The same value without what no line can carry: UTF-8 has no halves of characters, whatever a schema says. */
const wellFormed = (value: unknown): unknown => {
  if (typeof value === "string") return value.toWellFormed()
  if (Array.isArray(value)) return value.map(wellFormed)
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) instanceof Object) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key.toWellFormed(), wellFormed(entry)]))
}

/** How many payloads of one type are tried. */
const per_type = 25

/**
 * Holds when `check` finds nothing wrong with payloads of any type. Fails for a type whose schema lets nothing through that is
 * drawn: a law about it would hold for nothing.
 */
export const forPayloads = (
  { carrier, seed }: Subject,
  check: (drawn: Drawn) => Violation | undefined,
): Effect.Effect<void, Violation> =>
  Effect.forEach(
    carrier.facts,
    ({ event_type, payload: schema }) => {
      const drawn: Cases<{ readonly from: number; readonly size: number }, Drawn> = {
        values: fc.record({ from: fc.integer({ min: 0, max: 0x3fffffff }), size: fc.nat({ max: 5 }) }),
        make: ({ from, size }) => ({ event_type, payload: wellFormed(drawFrom(schema, from, size)) }),
        tell: ({ payload }) => `  ${event_type}: ${shown(payload)}`,
        smaller: ({ from, size }) =>
          size === 0
            ? []
            : [
                { from, size: 0 },
                { from, size: size - 1 },
              ],
      }
      return forAll({ runs: per_type, seed }, drawn, (one) =>
        one.payload === undefined
          ? new Violation({
              what: `payloads of ${event_type}, drawn from its schema`,
              expected: "some to pass its filters: give each `makeFilter` an `arbitraryConstraint`",
              found: undefined,
            })
          : check(one),
      )
    },
    { discard: true },
  )
