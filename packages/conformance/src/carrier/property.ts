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
const smaller_max = 400

/** Cases to choose from, and how to make them. */
export interface Cases<C, A> {
  readonly values: fc.Arbitrary<C>
  /** The case that comes of what was chosen. */
  readonly make: (chosen: C) => A
  /** The case, as a report shows it. */
  readonly tell: (value: A) => string
  /** What is to be tried in the place of a choice that shows something wrong, the smallest first. */
  readonly smaller: (chosen: C) => Iterable<C>
}

/** Holds when `check` finds nothing wrong with any case; fails with what it found in the smallest case that was found. */
export const forAll = <C, A>(
  { runs, seed: first }: Pick<Subject, "runs" | "seed">,
  { make, smaller, tell, values }: Cases<C, A>,
  check: (value: A) => Violation | undefined,
): Effect.Effect<void, Violation> =>
  Effect.suspend(() => {
    const look = (from: C): Broken<C, A> | undefined => {
      const value = make(from)
      const wrong = checked(check, value)
      return wrong === undefined ? undefined : { from, value, wrong }
    }
    for (const from of fc.sample(values, { numRuns: runs, seed: first })) {
      const broken = look(from)
      if (broken === undefined) continue
      const { value, wrong } = smallest(broken, smaller, look)
      const place = `seen with (seed ${first}):\n${tell(value)}\n`
      return Effect.fail(
        new Violation({ what: `${wrong.what}; ${place}`, expected: wrong.expected, found: wrong.found }),
      )
    }
    return Effect.void
  })

interface Broken<C, A> {
  readonly from: C
  readonly value: A
  readonly wrong: Violation
}

/** The smallest case that shows something wrong, as far as a few hundred looks find one. */
const smallest = <C, A>(
  first: Broken<C, A>,
  smaller: (from: C) => Iterable<C>,
  look: (from: C) => Broken<C, A> | undefined,
): Broken<C, A> => {
  let best = first
  let looked = 0
  let isSmaller = true
  while (isSmaller) {
    isSmaller = false
    for (const from of smaller(best.from)) {
      if (++looked > smaller_max) return best
      const found = look(from)
      if (found === undefined) continue
      best = found
      isSmaller = true
      break
    }
  }
  return best
}

/** What a check finds; one that throws found something too. */
const checked = <A>(check: (value: A) => Violation | undefined, value: A): Violation | undefined => {
  try {
    return check(value)
  } catch (cause) {
    return new Violation({ what: "what was thrown", expected: "nothing", found: cause })
  }
}

/** Without its end, without one of its steps, or without one of its mistakes. */
function* smallerOf({ choices: steps, twists: wrong }: Chosen): Iterable<Chosen> {
  for (const length of [0, 1 / 4, 1 / 2, 3 / 4].map((part) => Math.floor(part * steps.length)))
    if (length < steps.length) yield { choices: steps.slice(0, length), twists: wrong }
  for (let i = wrong.length - 1; i >= 0; i--) yield { choices: steps, twists: wrong.toSpliced(i, 1) }
  for (let i = steps.length - 1; i >= 0; i--) yield { choices: steps.toSpliced(i, 1), twists: wrong }
}

const historiesOf = (make: (chosen: Chosen) => History): Cases<Chosen, History> => ({
  values: chosen,
  make,
  tell: ({ events }) => told(events),
  smaller: smallerOf,
})

/** {@link forAll} histories that the carrier's own steps make. */
export const forPlausible = (subject: Subject, check: (history: History) => Violation | undefined) =>
  forAll(subject, historiesOf(plausibly(subject.carrier)), check)

/** {@link forAll} histories that others had their hands on. */
export const forHostile = (subject: Subject, check: (history: History) => Violation | undefined) =>
  forAll(subject, historiesOf(hostilely(subject.carrier)), check)

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
