/**
 * A ledger: facts in, durable; facts out, in order; state in between, folded.
 *
 * @module
 */
import { type Cause, Context, Effect, Exit, Layer, Result, type Scope, Semaphore, type Stream } from "effect"
import { type Caller, checkConditions, type Expected, makeCommits, type Origin, type Request } from "./Commits.ts"
import type { Decider } from "./Decider.ts"
import { type AppendError, InvalidAppend, type StoreError } from "./Errors.ts"
import { type Fact, isRecordedFact, type RecordedFact } from "./Fact.ts"
import { jsonEqual } from "./Json.ts"
import type { RecordedEvent } from "./LedgerEvent.ts"
import { type AnyProjection, erase, LiveFolds, type Taken } from "./LiveFolds.ts"
import type { Projection } from "./Projection.ts"
import { lastCovered, page_records_max, pages, type Reading, unlessRefused } from "./Reading.ts"
import { makeSaving } from "./Saving.ts"
import type { Store, StoreHealth } from "./Store.ts"
import { refuseAppend, refuseExpected, refuseJobId, refuseOrigin, refusePosition } from "./refusing.ts"
import { makeStreams } from "./Streams.ts"
import { makeTails } from "./Tail.ts"
import { makeTransacting, type Recorded, type Transacting } from "./Transacting.ts"
import type { Reader } from "./Vocabulary.ts"
import type { View } from "./View.ts"

type AnyFact = RecordedFact<string, unknown>
type AnyNewFact = Fact<string, unknown>

/** A view of each of some projections, under the same names. */
export type ViewsOf<P extends Readonly<Record<string, AnyProjection>>> = {
  readonly [K in keyof P]: P[K] extends Projection<infer E, infer _> ? View<E> : never
}

export interface AppendOptions extends Origin {
  /** Where each named job's stream must end for the append to happen; 0: the job has no facts. */
  readonly expected?: Expected
}

export interface LedgerShape {
  /** For messages: where the store keeps its records. */
  readonly where: string
  /**
   * Appends facts as one batch, all or nothing, and returns once they are durable.
   *
   * Appending the same facts again under the same conditions and request id (a retry after a lost answer) answers with the
   * facts that are already there and writes nothing. It takes something to recognise them by: `expected` must name a job
   * of the batch, or one of the facts must have a unique key. Without either, a repetition is a new batch.
   *
   * A caller who is interrupted before its group is made has appended nothing; later, the facts may be recorded.
   */
  readonly append: <const Facts extends ReadonlyArray<AnyNewFact>>(
    facts: Facts,
    options: AppendOptions,
  ) => Effect.Effect<Recorded<Facts>, AppendError>
  /**
   * Decides against the folded state and appends, in one step; returns, once they are durable, the recorded forms of the
   * facts that were decided on, one by one.
   */
  readonly transact: <E, C, R, F extends AnyFact, Out extends ReadonlyArray<AnyNewFact>>(
    decider: Decider<E, C, R, F, Out>,
    command: C,
    origin: Caller,
  ) => Effect.Effect<Recorded<Out>, R | AppendError>
  /**
   * Like `transact`, with several deciders, each over a projection of its own: all of them decide against the same state, and
   * what they decide on is one batch, in the order of the steps, all or nothing. A refusal of any of them refuses all. Answers
   * with the recorded facts of each step:
   * `ledger.transactAll([Decider.step(booking, order), Decider.step(stocking, order)], origin)`.
   */
  readonly transactAll: Transacting["transactAll"]
  /**
   * Saves a projection where the store keeps checkpoints, so that the next process need not fold from zero; the
   * ledger's own index goes with it. Takes the append lock, since whoever only reads writes nothing; for a moment at the
   * beginning and at the end, so that others append meanwhile.
   */
  readonly saveCheckpoint: <E, F extends AnyFact>(projection: Projection<E, F>) => Effect.Effect<void, StoreError>
  /**
   * Saves every projection that has been folded far beyond its checkpoint, and makes what the store keeps of its own; does nothing
   * where all of them are young. An append does so by itself: this is for a service that starts upon a long history and is not to
   * leave it to the first append. Takes the append lock as `saveCheckpoint` does.
   */
  readonly saveDueCheckpoints: Effect.Effect<void, StoreError>
  /** Asks folded state that is durable and includes everything recorded before the call. Do not keep the view. */
  readonly query: <E, F extends AnyFact, A>(
    projection: Projection<E, F>,
    ask: (view: View<E>) => A,
  ) => Effect.Effect<A, StoreError>
  /** Like `query`, over several projections at one and the same position: their views agree with each other. */
  readonly queryAll: <const P extends Readonly<Record<string, AnyProjection>>, A>(
    projections: P,
    ask: (views: ViewsOf<P>) => A,
  ) => Effect.Effect<A, StoreError>
  /**
   * Like `queryAll`, but without a look at what other processes have recorded since. It includes at least everything that
   * this process was answered, unless the past has changed under it: then it may include less, and `position` shows it.
   */
  readonly queryKnown: <const P extends Readonly<Record<string, AnyProjection>>, A>(
    projections: P,
    ask: (views: ViewsOf<P>) => A,
  ) => Effect.Effect<A, StoreError>
  /**
   * All events above a position (default 0), up to the ledger's end. A position, here and below, is a whole number from 0 on:
   * anything else, `NaN` and `Infinity` too, is a `StoreRefused` on every store.
   */
  readonly read: (options?: Reading) => Stream.Stream<RecordedEvent, StoreError>
  /** All events below a position (default: the end), the newest first. */
  readonly readBackwards: (options?: { readonly before?: number }) => Stream.Stream<RecordedEvent, StoreError>
  /** All events of one job above a position (default 0). Costs that job's events, not the ledger's. */
  readonly readStream: (jobId: string, options?: Reading) => Stream.Stream<RecordedEvent, StoreError>
  /**
   * All events above a position, then whatever comes, for as long as it is consumed. It goes by positions: where the past is put
   * back from an older copy under it, what is then recorded at positions it has passed is never told. Begin it anew after that.
   */
  readonly tail: (options?: Reading) => Stream.Stream<RecordedEvent, StoreError>
  readonly health: Effect.Effect<StoreHealth, StoreError>
}

/** Whether `event` is `fact` as the `index`-th of a batch of `count`. */
const isSameFact = (
  fact: AnyNewFact,
  event: RecordedEvent,
  { actor, requestId }: Origin,
  index: number,
  count: number,
): boolean =>
  (event.batch?.[0] ?? 0) === index &&
  (event.batch?.[1] ?? 1) === count &&
  event.event_type === fact.event_type &&
  event.job_id === fact.job_id &&
  event.actor === actor &&
  event.request_id === requestId &&
  jsonEqual(event.payload, fact.payload)

/**
 * A ledger over a store. `vocabularies` are those whose facts it may hold; their unique keys are enforced. Facts of other
 * vocabularies that are already there are kept and skipped.
 *
 * `projections` are folded while the ledger is opened, and with them what every append asks: where streams end, and who holds a
 * unique key. Without any, nothing is folded before it is asked for, so that who only reads is spared what only an append needs.
 * What is asked for later reads what is there once more.
 */
export const make = (
  store: Store,
  vocabularies: ReadonlyArray<Reader>,
  projections: ReadonlyArray<AnyProjection> = [],
): Effect.Effect<LedgerShape, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const folds = new LiveFolds(store)
    const streams = makeStreams(vocabularies)
    const exclusive = yield* Semaphore.make(1)
    const tails = makeTails(store)
    // Ends after the commits: nothing is appended by then.
    const saving = yield* makeSaving(store, folds, exclusive)
    const commits = yield* makeCommits(store, folds, saving, streams, exclusive, tails.recorded)
    if (projections.length > 0) {
      for (const projection of [erase(streams), ...projections]) yield* folds.add(projection)
      yield* folds.catchUp(store)
    }
    // Who cannot read a store is told now, and the store has met all its files before anybody asks for a part of them.
    else yield* store.readAfter(0, 1)

    /** Projections that are asked for together for the first time are folded in one pass. */
    const ensure = (projections: ReadonlyArray<AnyProjection>): Effect.Effect<void, StoreError> =>
      // Looked at whenever it runs: one that is asked twice is folded by then.
      Effect.suspend(() =>
        projections.every((projection) => folds.has(projection))
          ? Effect.void
          : exclusive.withPermits(1)(
              Effect.andThen(Effect.forEach(projections, folds.add, { discard: true }), folds.catchUp(store)),
            ),
      )

    /** With what every append asks. */
    const ensureAll = (projections: ReadonlyArray<AnyProjection>) => ensure([erase(streams), ...projections])

    const decode = (event: RecordedEvent): AnyFact => {
      const fact = vocabularies.find((vocabulary) => vocabulary.owns(event.event_type))?.decode(event)
      if (!isRecordedFact(fact))
        throw new TypeError(`${event.event_type} was recorded but its vocabulary does not read it`)
      return fact
    }

    const refuseUnknown = (facts: ReadonlyArray<AnyNewFact>): InvalidAppend | undefined => {
      if (facts.length === 0) return new InvalidAppend({ reason: "an append needs at least one fact" })
      const stranger = facts.find(({ event_type }) => !vocabularies.some((v) => v.event_types.includes(event_type)))
      if (stranger === undefined) return undefined
      return new InvalidAppend({ reason: `${stranger.event_type}: its vocabulary is not one of this ledger's` })
    }

    /** Where the first fact of a batch stands if the batch was recorded under these conditions; `undefined` if it was not. */
    const startOfCopy = (facts: ReadonlyArray<AnyNewFact>, expected: Expected) =>
      Effect.gen(function* () {
        const keyed = facts.findIndex(({ unique }) => unique !== undefined)
        const { event_type = "", unique } = facts[keyed] ?? {}
        if (unique !== undefined) {
          const holder = yield* query(streams, (view) => view.holder(event_type, unique.value))
          return holder === undefined ? undefined : holder.position - keyed
        }
        const bound = facts.findIndex(({ job_id }) => Object.hasOwn(expected, job_id))
        const job_id = facts[bound]?.job_id
        if (job_id === undefined) return undefined
        const page = yield* store.readStream(job_id, expected[job_id] ?? 0, 1)
        const position = page.events[0]?.position
        return position === undefined ? undefined : position - bound
      })

    /** The facts that a conflicting append has recorded itself, before its answer was lost. */
    const earlierCopy = (facts: ReadonlyArray<AnyNewFact>, options: AppendOptions) =>
      Effect.gen(function* () {
        const start = yield* startOfCopy(facts, options.expected ?? {})
        if (start === undefined || start < 1) return undefined
        const { events } = yield* store.readAfter(start - 1, facts.length)
        const isCopy =
          events.length === facts.length &&
          facts.every((fact, i) => {
            const event = events[i]
            return (
              event !== undefined && event.position === start + i && isSameFact(fact, event, options, i, facts.length)
            )
          })
        return isCopy ? events : undefined
      })

    const append = <const Facts extends ReadonlyArray<AnyNewFact>>(given: Facts, options: AppendOptions) =>
      Effect.suspend(() => {
        const noOrigin = refuseOrigin(options)
        if (noOrigin !== undefined) return Effect.fail(noOrigin)
        // A text is a list of its characters.
        if (!Array.isArray(given)) return Effect.fail(new InvalidAppend({ reason: "facts must be a list of facts" }))
        // Copies: what has been looked at must be what is recorded.
        const batch = Array.from(given)
        const origin = { actor: options.actor, requestId: options.requestId }
        const { expected = {} } = options
        const refusal =
          refuseAppend(batch, origin.actor, [origin.requestId]) ?? refuseUnknown(batch) ?? refuseExpected(expected)
        if (refusal !== undefined) return Effect.fail(refusal)
        const plan: Request<AppendError>["plan"] = (branches) => {
          const conflict = checkConditions(branches, streams, batch, expected)
          return conflict === undefined ? Result.succeed(batch) : Result.fail(conflict)
        }
        const decoded = (events: ReadonlyArray<RecordedEvent>) =>
          events.map(decode) as ReadonlyArray<AnyFact> as Recorded<Facts>
        const orEarlier = (cause: Cause.Cause<AppendError>): Effect.Effect<Recorded<Facts>, AppendError> =>
          Effect.catchTag(Effect.failCause(cause), "Conflict", (conflict) =>
            Effect.flatMap(earlierCopy(batch, options), (copy) =>
              copy === undefined ? Effect.fail(conflict) : Effect.sync(() => decoded(copy)),
            ),
          )
        const submitted = commits.submit<AppendError, Recorded<Facts>, AppendError>(
          { origin, plan, isChecked: true },
          (outcome) => (Exit.isSuccess(outcome) ? Effect.sync(() => decoded(outcome.value)) : orEarlier(outcome.cause)),
        )
        return folds.has(erase(streams)) ? submitted : Effect.andThen(ensureAll([]), submitted)
      })

    const { transact, transactAll } = makeTransacting(commits, ensureAll, refuseUnknown, decode)

    const answerFrom = <const P extends Readonly<Record<string, AnyProjection>>, A>(
      projections: P,
      ask: (views: ViewsOf<P>) => A,
    ): A => {
      const views: Record<string, unknown> = {}
      for (const [name, projection] of Object.entries(projections)) views[name] = folds.get(projection)
      return ask(views as ViewsOf<P>)
    }

    const queryKnown: LedgerShape["queryKnown"] = (projections, ask) =>
      Effect.map(ensure(Object.values(projections)), () => answerFrom(projections, ask))

    const queryAll = <const P extends Readonly<Record<string, AnyProjection>>, A>(
      projections: P,
      ask: (views: ViewsOf<P>) => A,
    ) =>
      Effect.gen(function* () {
        yield* ensure(Object.values(projections))
        const answer = () => answerFrom(projections, ask)
        // While a group is flushed nobody waits for it: what is folded is all that is durable.
        if (folds.isComplete) return answer()
        // The question is asked before the permit is given back: a new generation may begin right after.
        return yield* exclusive.withPermits(1)(Effect.map(folds.catchUp(store), answer))
      })

    const query = <E, F extends AnyFact, A>(projection: Projection<E, F>, ask: (view: View<E>) => A) =>
      queryAll({ only: erase(projection) }, ({ only }) => ask(only as View<unknown> as View<E>))

    /** The folds as they stand when nobody else can append: all that they hold is durable. */
    const takenAtEnd = (take: () => ReadonlyArray<Taken>) =>
      exclusive.withPermits(1)(store.commit((session) => Effect.map(folds.catchUp(session), take)))

    const saveCheckpoint = <E, F extends AnyFact>(projection: Projection<E, F>) =>
      ensureAll([erase(projection)]).pipe(
        Effect.andThen(takenAtEnd(() => [erase(projection), erase(streams)].map((each) => folds.take(each)))),
        Effect.flatMap(saving.save),
      )

    const saveDueCheckpoints = Effect.andThen(
      ensureAll([]),
      Effect.suspend(() =>
        folds.isAnyDue
          ? Effect.flatMap(
              takenAtEnd(() => folds.takeDue()),
              saving.save,
            )
          : Effect.void,
      ),
    )

    const read: LedgerShape["read"] = ({ after = 0, page_bytes, page_records = page_records_max } = {}) =>
      unlessRefused(
        refusePosition(store.where, "after", after),
        pages((position) => store.readAfter(position, page_records, page_bytes), after, lastCovered),
      )

    const readBackwards: LedgerShape["readBackwards"] = ({ before = Number.MAX_SAFE_INTEGER } = {}) =>
      unlessRefused(
        refusePosition(store.where, "before", before),
        pages((position) => store.readBefore(position, page_records_max), before),
      )

    const readStream: LedgerShape["readStream"] = (
      jobId,
      { after = 0, page_bytes, page_records = page_records_max } = {},
    ) =>
      unlessRefused(
        refuseJobId(store.where, jobId) ?? refusePosition(store.where, "after", after),
        pages((position) => store.readStream(jobId, position, page_records, page_bytes), after, lastCovered),
      )

    const tail: LedgerShape["tail"] = (options = {}) => {
      const { after = 0 } = options
      return unlessRefused(refusePosition(store.where, "after", after), tails.tail(after, options))
    }

    return {
      where: store.where,
      append,
      transact,
      transactAll,
      saveCheckpoint,
      saveDueCheckpoints,
      query,
      queryAll,
      queryKnown,
      read,
      readBackwards,
      readStream,
      tail,
      health: store.health,
    }
  })

/** The ledger as a service. */
export class Ledger extends Context.Service<Ledger, LedgerShape>()("@waybill/ledger/Ledger") {
  static readonly make = make
  /** A ledger over a store that is opened with the layer's scope. `projections` are folded in the pass that opens it. */
  static readonly layer = <E, R>(
    store: Effect.Effect<Store, E, R>,
    vocabularies: ReadonlyArray<Reader>,
    projections: ReadonlyArray<AnyProjection> = [],
  ): Layer.Layer<Ledger, E | StoreError, Exclude<R, Scope.Scope>> =>
    Layer.effect(
      Ledger,
      Effect.flatMap(store, (opened) => make(opened, vocabularies, projections)),
    )
}
