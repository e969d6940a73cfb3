/**
 * What the carrier kit is told of a carrier: its vocabulary, its projections, and the steps that make a history of it.
 *
 * @module
 */
import {
  type Anomaly,
  type Decider,
  type Fact,
  type Projection,
  type RecordedEvent,
  type RecordedFact,
  type View,
  type Vocabulary,
} from "@waybill/ledger"
import { Result } from "effect"
import type { Draw } from "./Draw.ts"
import type { Settlement } from "./Settlement.ts"

export type AnyFact = RecordedFact<string, unknown>
export type AnyProjection = Projection.Projection<unknown, AnyFact>
export type Made = Result.Result<Fact<string, unknown>, unknown>
export type Decided = Result.Result<ReadonlyArray<Fact<string, unknown>>, unknown>

/** What a step may look at while it makes up a command. */
export interface Past {
  readonly draw: Draw
  /** Every fact so far, in the order of the ledger. */
  readonly facts: ReadonlyArray<AnyFact>
  readonly events: ReadonlyArray<RecordedEvent>
  /** The time at which the step is taken, in milliseconds since the epoch; it goes on by a second or more with every step. */
  readonly now_ms: number
  /** One of the facts that are of this kind, drawn, or what is made of it; `undefined` when there is none. */
  one<F extends AnyFact>(this: void, is: (fact: AnyFact) => fact is F): F | undefined
  one<F extends AnyFact, A>(this: void, is: (fact: AnyFact) => fact is F, make: (fact: F) => A): A | undefined
}

/** What a step has made up, and what comes of it. */
export interface Move {
  readonly command: unknown
  readonly decide: (view: View<unknown>) => Decided
  readonly requestId: (view: View<unknown>, fact: Fact<string, unknown>) => string | undefined
}

/** One thing that can happen to a carrier's ledger. Made by {@link writes} or {@link decides}. */
export interface Step {
  readonly name: string
  /** The projection that it decides on; a step that only writes has none. */
  readonly projection: AnyProjection | undefined
  /** Whether the command, given a second time right after it was done, decides on nothing. */
  readonly isIdempotent: boolean
  readonly take: (past: Past) => Move | undefined
}

export interface DecidesOptions {
  /**
   * What the same command means right after it was done: `"nothing"` (the default) is a refusal or no facts at all, `"anything"`
   * makes no promise, such as a heartbeat's.
   */
  readonly again?: "nothing" | "anything"
  /** The decider's own name by default; give one to each step where several ask one decider. */
  readonly name?: string
}

/** A step that gives a decider a command. `undefined` for a command: nothing can be asked for now. */
export const decides = <E, C, R, F extends AnyFact, Out extends ReadonlyArray<Fact<string, unknown>>>(
  decider: Decider.Decider<E, C, R, F, Out>,
  command: (past: Past) => NoInfer<C> | undefined,
  { again = "nothing", name = decider.name }: DecidesOptions = {},
): Step => ({
  name,
  projection: decider.projection,
  isIdempotent: again === "nothing",
  take: (past) => {
    const made = command(past)
    if (made === undefined) return undefined
    // A walk hands a step the view of its own projection.
    return {
      command: made,
      decide: (view) => decider.decide(view as View<E>, made),
      requestId: (view, fact) => decider.requestId?.(view as View<E>, made, fact),
    }
  },
})

/** A step that records a fact whatever stands there already: one of a helper that nobody guards. */
export const writes = (name: string, make: (past: Past) => Made | undefined): Step => ({
  name,
  projection: undefined,
  isIdempotent: false,
  take: (past) => {
    const made = make(past)
    if (made === undefined) return undefined
    const decided: Decided = Result.map(made, (fact) => [fact])
    return { command: decided, decide: () => decided, requestId: () => undefined }
  },
})

/** What an entity has that can never change again. Made by {@link endsOf}. */
export interface Ending {
  readonly projection: AnyProjection
  readonly ends: (entity: unknown) => ReadonlyArray<string>
}

/**
 * Declares that an end stays an end: each text that `ends` gives for an entity, it gives after every further fact too.
 *
 * @example
 * endsOf(Changes, ({ status }) => (status === "open" ? [] : [status]))
 */
export const endsOf = <E, F extends AnyFact>(
  projection: Projection.Projection<E, F>,
  ends: (entity: NoInfer<E>) => ReadonlyArray<string>,
): Ending => ({ projection, ends: (entity) => ends(entity as E) })

/** A carrier, as the kit looks at it. */
export interface Carrier {
  readonly name: string
  readonly reader: Vocabulary.Reader
  /** Every type that is written, with its schema: `Object.values(vocabulary.facts)`. */
  readonly facts: ReadonlyArray<Vocabulary.FactDescription>
  readonly projections: ReadonlyArray<AnyProjection>
  /** What happens to its ledger: a history is a walk over these. */
  readonly steps: ReadonlyArray<Step>
  readonly ends?: ReadonlyArray<Ending>
  /** Anomalies that a history of its own deciders may have all the same. */
  readonly tolerates?: (anomaly: Anomaly) => boolean
  /** For carriers that settle: what their facts say of attempts and bytes. */
  readonly settlement?: Settlement
}
