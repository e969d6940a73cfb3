/**
 * Specifications by example: given what was recorded, when a decider gets a command, then these facts, this refusal, this view.
 *
 * @module
 */
import {
  type Decider,
  type Fact,
  foldAll,
  isRecordedFact,
  jsonEqual,
  type Projection,
  type RecordedEvent,
} from "@waybill/ledger"
import { recordedEvents, type Said } from "@waybill/ledger/testing"
import type { Vocabulary } from "@waybill/ledger"
import { Result } from "effect"
import { isDeepStrictEqual } from "node:util"
import { Violation } from "../Law.ts"
import type { AnyFact } from "./Carrier.ts"
import { told } from "./property.ts"

/** What a later part of a specification may refer to. */
export interface RecordedSoFar {
  /** The first fact of this kind. Throws when there is none. */
  readonly first: <F extends AnyFact>(is: (fact: AnyFact) => fact is F) => F
  /** The last one. Throws when there is none. */
  readonly last: <F extends AnyFact>(is: (fact: AnyFact) => fact is F) => F
}

type Now<A> = A | ((recorded: RecordedSoFar) => A)
/** A fact of a helper, what a helper answers with, or what some other program wrote. */
export type Given = Now<Said | Result.Result<Fact<string, unknown>, unknown>>

const now = <A>(value: Now<A>, recorded: RecordedSoFar): A =>
  typeof value === "function" ? (value as (recorded: RecordedSoFar) => A)(recorded) : value

const fails = (what: string, expected: unknown, found: unknown): never => {
  throw new Violation({ what, expected, found })
}

/** What became of a command. Each method throws a `Violation` unless it is so, and answers with the same outcome. */
export interface Outcome<R> {
  /** Exactly these were decided on, in this order; no argument: none were. */
  thenFacts(...expected: ReadonlyArray<Given>): Outcome<R>
  /** It was refused with this tag, and where given, with these fields. */
  thenRefused(tag: R extends { readonly _tag: infer T } ? T : string, fields?: Partial<R>): Outcome<R>
  /** A projection shows this of a key, after what was decided. */
  thenView<E, F extends AnyFact>(
    projection: Projection.Projection<E, F>,
    key: string,
    entity: E | undefined,
  ): Outcome<R>
}

/**
 * What was recorded, fact by fact; each may refer to the ones before it. A fact that cannot be made throws its refusal.
 *
 * @example
 * given(Review, propose("change-1", "ada", commit), ({ first }) => approve(first(isProposed), "grace"))
 *   .when(merging, ({ first }) => first(isProposed))
 *   .thenFacts(({ first }) => merge(first(isProposed)))
 *   .thenView(Changes, "change-1", { …, status: "merged" })
 */
export const given = (reader: Vocabulary.Reader, ...facts: ReadonlyArray<Given>) => {
  const events: Array<RecordedEvent> = []
  const read = (): ReadonlyArray<AnyFact> =>
    events.map((event) => (reader.owns(event.event_type) ? reader.decode(event) : event)).filter(isRecordedFact)
  const pick = <F extends AnyFact>(is: (fact: AnyFact) => fact is F, index: number): F =>
    read().filter(is).at(index) ?? fails("a fact that the specification refers to", "one of this kind", told(events))
  const recorded: RecordedSoFar = { first: (is) => pick(is, 0), last: (is) => pick(is, -1) }
  const said = (one: Given): Said => {
    const it = now(one, recorded)
    return "_tag" in it ? Result.getOrThrow(it) : it
  }
  const record = (facts: Iterable<Said>): void => {
    events.push(...recordedEvents(facts, { after: events.length }))
  }
  for (const fact of facts) record([said(fact)])
  return {
    /** Gives a decider a command. */
    when: <E, C, R, F extends AnyFact, Out extends ReadonlyArray<Fact<string, unknown>>>(
      decider: Decider.Decider<E, C, R, F, Out>,
      command: Now<C>,
    ): Outcome<R> => {
      const answer = decider.decide(foldAll(decider.projection, events), now(command, recorded))
      const plain = ({ event_type, job_id, payload }: Said) => ({ event_type, job_id, payload })
      const shownAnswer = Result.isSuccess(answer) ? answer.success.map(plain) : answer.failure
      let isRecorded = false
      const outcome: Outcome<R> = {
        thenFacts: (...expected) => {
          const wanted = expected.map((one) => plain(said(one)))
          if (Result.isFailure(answer) || !jsonEqual(answer.success.map(plain), wanted))
            fails(`what ${decider.name} decided`, wanted, shownAnswer)
          return outcome
        },
        thenRefused: (tag, fields = {}) => {
          const refusal: unknown = Result.isFailure(answer) ? answer.failure : undefined
          const isSo =
            typeof refusal === "object" &&
            refusal !== null &&
            "_tag" in refusal &&
            refusal._tag === tag &&
            Object.entries(fields).every(([name, value]) =>
              isDeepStrictEqual((refusal as Record<string, unknown>)[name], value),
            )
          if (!isSo) fails(`the refusal of ${decider.name}`, { _tag: tag, ...fields }, shownAnswer)
          return outcome
        },
        thenView: (projection, key, entity) => {
          if (Result.isSuccess(answer) && !isRecorded) record(answer.success)
          isRecorded = true
          const found = foldAll(projection, events).get(key)
          if (!isDeepStrictEqual(found, entity)) fails(`${projection.name} of ${key}`, entity, found)
          return outcome
        },
      }
      return outcome
    },
    /** Without a command: a projection shows this of a key. Throws a `Violation` unless it does. */
    thenView: <E, F extends AnyFact>(
      projection: Projection.Projection<E, F>,
      key: string,
      entity: E | undefined,
    ): void => {
      const found = foldAll(projection, events).get(key)
      if (!isDeepStrictEqual(found, entity)) fails(`${projection.name} of ${key}`, entity, found)
    },
  }
}
