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
  maxLength: 48,
  size: "max",
})
const twist: fc.Arbitrary<Twist> = fc.record({ kind: fc.nat({ max: 1023 }), at: fc.nat({ max: 1023 }), seed })
// Few mistakes leave a history that comes far, many show what nobody thought of.
const twists: fc.Arbitrary<ReadonlyArray<Twist>> = fc.oneof(
  { weight: 2, arbitrary: fc.array(twist, { minLength: 1, maxLength: 2 }) },
  { weight: 1, arbitrary: fc.array(twist, { maxLength: 8, size: "max" }) },
)

interface Chosen {
  readonly choices: ReadonlyArray<Choice>
  readonly twists: ReadonlyArray<Twist>
}

const chosen: fc.Arbitrary<Chosen> = fc.record({ choices, twists })

const plausibly =
  (carrier: Carrier) =>
  ({ choices: steps }: Chosen): History => {
    const made = walk(carrier, steps)
    return { ...made, walked: made.events }
  }

const hostilely =
  (carrier: Carrier) =>
  ({ choices: steps, twists: wrong }: Chosen): History => {
    const made = walk(carrier, steps)
    return { ...made, walked: made.events, events: twisted(carrier, made.events, wrong) }
  }

/** Histories that the carrier's own steps make. */
export const plausible = (carrier: Carrier): fc.Arbitrary<History> => chosen.map(plausibly(carrier))

/** The same, after others had their hands on them. */
export const hostile = (carrier: Carrier): fc.Arbitrary<History> => chosen.map(hostilely(carrier))

const line = ({ event_id, event_type, job_id, payload, position }: RecordedEvent): string =>
  `${position} ${event_type} of ${job_id}, ${event_id}: ${shown(payload).replaceAll(/\s+/gu, " ")}`

/** A history as a report shows it. */
export const told = (events: ReadonlyArray<RecordedEvent>): string =>
  events.length === 0 ? "  (an empty history)" : events.map((event) => `  ${line(event)}`).join("\n")

/** How many smaller cases are looked at once something is wrong: enough to read it, and no minute longer. */
const smaller_max = 300

/**
 * Holds when `check` finds nothing wrong with any case; fails with what it found in the smallest case that was found, with the
 * seed.
 *
 * @param make a case out of what was chosen
 * @param tell the case, as the report shows it
 */
export const forAll = <C, A>(
  { runs, seed: first }: Pick<Subject, "runs" | "seed">,
  values: fc.Arbitrary<C>,
  make: (chosen: C) => A,
  check: (value: A) => Violation | undefined,
  tell: (value: A) => string,
): Effect.Effect<void, Violation> =>
  Effect.suspend(() => {
    let smallest: A | undefined
    let wrong: Violation | undefined
    let looked = 0
    const isWrong = (from: C): boolean => {
      if (wrong !== undefined && ++looked > smaller_max) return false
      const value = make(from)
      const found = checked(check, value)
      if (found === undefined) return false
      ;[smallest, wrong] = [value, found]
      return true
    }
    fc.check(
      fc.property(values, (from) => !isWrong(from)),
      { numRuns: runs, seed: first },
    )
    const broken = wrong as Violation | undefined
    if (broken === undefined || smallest === undefined) return Effect.void
    const { expected, found, what } = broken
    return Effect.fail(
      new Violation({ what: `${what}; seen with (seed ${first}):\n${tell(smallest)}\n`, expected, found }),
    )
  })

/** What a check finds; one that throws found something too. */
const checked = <A>(check: (value: A) => Violation | undefined, value: A): Violation | undefined => {
  try {
    return check(value)
  } catch (cause) {
    return new Violation({ what: "what was thrown", expected: "nothing", found: cause })
  }
}

/** {@link forAll} histories that the carrier's own steps make. */
export const forPlausible = (subject: Subject, check: (history: History) => Violation | undefined) =>
  forAll(subject, chosen, plausibly(subject.carrier), check, ({ events }) => told(events))

/** {@link forAll} histories that others had their hands on. */
export const forHostile = (subject: Subject, check: (history: History) => Violation | undefined) =>
  forAll(subject, chosen, hostilely(subject.carrier), check, ({ events }) => told(events))

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
