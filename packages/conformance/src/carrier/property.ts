/**
 * A law as a property over histories: what breaks it is made smaller, and shown.
 *
 * @module
 */
import type { RecordedEvent } from "@waybill/ledger"
import { Effect } from "effect"
import fc from "fast-check"
import { type Law, shown, Violation } from "../Law.ts"
import type { Carrier } from "./Carrier.ts"
import { twisted, type Twist } from "./hostile.ts"
import { type Choice, walk, type Walk } from "./walk.ts"

/** A carrier, and how hard it is looked at. */
export interface Subject {
  readonly carrier: Carrier
  /** How many histories a law tries. */
  readonly runs: number
  /** Draws the same histories as the run that named it. */
  readonly seed: number
}

export type CarrierLaw = Law<Subject>

/** A history, and the walk that it came from. */
export interface History extends Walk {
  readonly walked: ReadonlyArray<RecordedEvent>
}

const seed = fc.integer({ min: 0, max: 0x7fffffff })
const choices: fc.Arbitrary<ReadonlyArray<Choice>> = fc.array(fc.record({ step: fc.nat({ max: 1023 }), seed }), {
  maxLength: 32,
  size: "max",
})
const twists: fc.Arbitrary<ReadonlyArray<Twist>> = fc.array(
  fc.record({ kind: fc.nat({ max: 1023 }), at: fc.nat({ max: 1023 }), seed }),
  { maxLength: 6, size: "max" },
)

/** Histories that the carrier's own steps make. */
export const plausible = (carrier: Carrier): fc.Arbitrary<History> =>
  choices.map((chosen) => {
    const made = walk(carrier, chosen)
    return { ...made, walked: made.events }
  })

/** The same, after others had their hands on them. */
export const hostile = (carrier: Carrier): fc.Arbitrary<History> =>
  fc.tuple(choices, twists).map(([chosen, wrong]) => {
    const made = walk(carrier, chosen)
    return { ...made, walked: made.events, events: twisted(carrier, made.events, wrong) }
  })

const line = ({ event_id, event_type, job_id, payload, position }: RecordedEvent): string =>
  `${position} ${event_type} of ${job_id}, ${event_id}: ${shown(payload).replaceAll(/\s+/gu, " ")}`

/** A history as a report shows it. */
export const told = (events: ReadonlyArray<RecordedEvent>): string =>
  events.length === 0 ? "  (an empty history)" : events.map((event) => `  ${line(event)}`).join("\n")

/**
 * Holds when `check` finds nothing wrong with any of the values; fails with what it found, on the smallest value that was
 * found, with the seed.
 *
 * @param tell the value, as the report shows it
 */
export const forAll = <A>(
  { runs, seed: first }: Pick<Subject, "runs" | "seed">,
  values: fc.Arbitrary<A>,
  check: (value: A) => Violation | undefined,
  tell: (value: A) => string,
): Effect.Effect<void, Violation> =>
  Effect.suspend(() => {
    const property = fc.property(values, (value) => {
      const wrong = check(value)
      if (wrong !== undefined) throw wrong
    })
    const { counterexample, errorInstance, failed } = fc.check(property, { numRuns: runs, seed: first })
    if (!failed || counterexample === null) return Effect.void
    const [smallest] = counterexample
    const place = `seen with (seed ${first}):\n${tell(smallest)}\n`
    return errorInstance instanceof Violation
      ? Effect.fail(
          new Violation({
            what: `${errorInstance.what}; ${place}`,
            expected: errorInstance.expected,
            found: errorInstance.found,
          }),
        )
      : Effect.fail(new Violation({ what: place, expected: "nothing to be thrown", found: errorInstance }))
  })

/** {@link forAll} histories that the carrier's own steps make. */
export const forPlausible = (subject: Subject, check: (history: History) => Violation | undefined) =>
  forAll(subject, plausible(subject.carrier), check, ({ events }) => told(events))

/** {@link forAll} histories that others had their hands on. */
export const forHostile = (subject: Subject, check: (history: History) => Violation | undefined) =>
  forAll(subject, hostile(subject.carrier), check, ({ events }) => told(events))

/** What is wrong, unless it is so. */
export const unless = (isSo: boolean, what: string, expected: unknown, found: unknown): Violation | undefined =>
  isSo ? undefined : new Violation({ what, expected, found })

/** The first that is wrong. */
export const firstOf = <A>(values: Iterable<A>, check: (value: A) => Violation | undefined): Violation | undefined => {
  for (const value of values) {
    const wrong = check(value)
    if (wrong !== undefined) return wrong
  }
  return undefined
}
