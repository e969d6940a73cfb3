/**
 * Plausible histories: a walk over a carrier's steps, each of which sees what the ones before it have recorded.
 *
 * @module
 */
import { type Fact, Fold, isRecordedFact, Projection, type RecordedEvent, type Vocabulary } from "@waybill/ledger"
import { recordedEvents } from "@waybill/ledger/testing"
import { Result, Schema } from "effect"
import type { AnyFact, AnyProjection, Carrier, Decided, Move, Past, Step } from "./Carrier.ts"
import { Draw } from "./Draw.ts"

/** Which step is tried next, and what it draws. */
export interface Choice {
  readonly step: number
  readonly seed: number
}

/** A step that was taken, the state it was taken in, and the answer. */
export interface Taken {
  readonly step: Step
  readonly move: Move
  readonly answer: Decided
  /** How many events there were before it, and after it. */
  readonly before: number
  readonly after: number
}

/** A step whose decider threw instead of answering. The walk goes on without it: the other laws are not about this. */
export interface Thrown {
  readonly step: Step
  readonly cause: unknown
  /** How many events there were. */
  readonly before: number
}

export interface Walk {
  readonly events: ReadonlyArray<RecordedEvent>
  readonly taken: ReadonlyArray<Taken>
  readonly thrown: ReadonlyArray<Thrown>
}

/** Time goes on by a second with most steps, and by an hour with some, so that what runs out does run out. */
const first_ms = Date.parse("2026-01-01T00:00:00Z")

const pastOf = (
  draw: Draw,
  events: ReadonlyArray<RecordedEvent>,
  facts: ReadonlyArray<AnyFact>,
  now_ms: number,
): Past => {
  const one = <F extends AnyFact, A>(is: (fact: AnyFact) => fact is F, make?: (fact: F) => A): F | A | undefined => {
    const found = facts.filter(is)
    if (found.length === 0) return undefined
    // Mostly the newest, so that what was begun is gone on with; and counted from the end, so that a history without its first
    // steps goes the same way.
    let back = 0
    while (back < found.length - 1 && draw.below(2) === 0) back++
    const fact = found[found.length - 1 - back]
    if (fact === undefined) return undefined
    return make === undefined ? fact : make(fact)
  }
  return { draw, events, facts, now_ms, one: one as Past["one"] }
}

/** What a step that only writes decides on. */
const nothingOf = (reader: Vocabulary.Reader): AnyProjection =>
  Projection.make({
    name: "nothing",
    version: 1,
    reader,
    entity: Schema.Unknown,
    key: () => undefined,
    evolve: () => undefined,
  })

/**
 * The state that a step decides on after the first `count` of these events. One fold per projection goes on from question to
 * question, so ask in the order of the ledger; a question about what lies before folds anew.
 */
export const statesOf = ({ reader }: Carrier, events: ReadonlyArray<RecordedEvent>) => {
  const none = nothingOf(reader)
  const folds = new Map<AnyProjection, { readonly fold: Fold<unknown, AnyFact>; readonly count: number }>()
  return ({ projection = none }: Step, count = events.length): Fold<unknown, AnyFact> => {
    const known = folds.get(projection)
    const from = known === undefined || known.count > count ? { fold: new Fold(projection), count: 0 } : known
    from.fold.applyAll(events.slice(from.count, count))
    folds.set(projection, { fold: from.fold, count })
    return from.fold
  }
}

/** Takes the steps that were chosen, one after the other. A refusal records nothing. */
export const walk = (carrier: Carrier, choices: ReadonlyArray<Choice>): Walk => {
  const { reader, steps } = carrier
  const events: Array<RecordedEvent> = []
  const facts: Array<AnyFact> = []
  const taken: Array<Taken> = []
  const thrown: Array<Thrown> = []
  const folds = new Map<AnyProjection, Fold<unknown, AnyFact>>()
  for (const { projection } of steps)
    if (projection !== undefined && !folds.has(projection)) folds.set(projection, new Fold(projection))
  const none = new Fold(nothingOf(reader))
  let now_ms = first_ms
  const record = (
    decided: ReadonlyArray<Fact<string, unknown>>,
    requestIdOf: (fact: Fact<string, unknown>) => string | undefined,
  ): void => {
    // All of them are asked for before the first is folded: the state is the one that was decided on.
    const requestIds = decided.map(requestIdOf)
    for (const [i, event] of recordedEvents(decided, { after: events.length, at_ms: now_ms }).entries()) {
      const recorded = { ...event, request_id: requestIds[i] ?? event.request_id }
      events.push(recorded)
      for (const fold of folds.values()) fold.apply(recorded)
      const fact = reader.owns(recorded.event_type) ? reader.decode(recorded) : undefined
      if (isRecordedFact(fact)) facts.push(fact)
    }
  }
  for (const choice of choices) {
    const draw = new Draw(choice.seed)
    now_ms += draw.below(6) === 0 ? 3_600_000 : 1_000
    // A choice goes on to the next step until one records something, or else most would be refused and few would come far; some
    // stand as they are, since refusals are to be looked at too.
    const tries = draw.below(4) === 0 ? 1 : steps.length
    for (let i = 0; i < tries; i++) {
      const step = steps[(choice.step + i) % steps.length]
      const move = step?.take(pastOf(draw, events, facts, now_ms))
      if (step === undefined || move === undefined) continue
      const fold = (step.projection === undefined ? undefined : folds.get(step.projection)) ?? none
      const before = events.length
      let answer: Decided
      try {
        answer = move.decide(fold)
      } catch (cause) {
        thrown.push({ step, cause, before })
        continue
      }
      if (Result.isSuccess(answer)) record(answer.success, (fact) => move.requestId(fold, fact))
      taken.push({ step, move, answer, before, after: events.length })
      if (events.length > before) break
    }
  }
  return { events, taken, thrown }
}
