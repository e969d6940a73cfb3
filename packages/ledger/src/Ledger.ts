/**
 * A ledger: facts in, durable; facts out, in order; state in between, folded.
 *
 * @module
 */
import { Context, Effect, Layer, Result, type Scope, Semaphore, Stream } from "effect"
import { checkConditions, type Expected, makeCommits, type Origin, type Request } from "./Commits.ts"
import type { Decider } from "./Decider.ts"
import { type AppendError, type Conflict, InvalidAppend, type StoreError } from "./Errors.ts"
import { type Fact, isRecordedFact, type RecordedFact } from "./Fact.ts"
import { jsonEqual } from "./Json.ts"
import type { RecordedEvent } from "./LedgerEvent.ts"
import { erase, LiveFolds } from "./LiveFolds.ts"
import type { Projection } from "./Projection.ts"
import type { Page, Store, StoreHealth } from "./Store.ts"
import { makeStreams } from "./Streams.ts"
import type { Reader } from "./Vocabulary.ts"
import type { View } from "./View.ts"

type AnyFact = RecordedFact<string, unknown>
type AnyNewFact = Fact<string, unknown>

/** The recorded forms of some facts, one by one. */
export type Recorded<Facts extends ReadonlyArray<AnyNewFact>> = {
  readonly [K in keyof Facts]: Facts[K] extends Fact<infer T, infer P> ? RecordedFact<T, P> : never
}

export interface AppendOptions extends Origin {
  /** Where each named job's stream must end for the append to happen; 0: the job has no facts. */
  readonly expected?: Expected
}

export interface LedgerShape {
  /** For messages: where the store keeps its records. */
  readonly where: string
  /**
   * Appends facts as one batch, all or nothing, and returns once they are durable. Appending the same facts again under the
   * same conditions (a retry after a lost answer) answers with the facts that are already there and writes nothing.
   */
  readonly append: <const Facts extends ReadonlyArray<AnyNewFact>>(
    facts: Facts,
    options: AppendOptions,
  ) => Effect.Effect<Recorded<Facts>, AppendError>
  /** Decides against the folded state and appends, in one step; returns once the facts are durable. */
  readonly transact: <E, C, R, F extends AnyFact>(
    decider: Decider<E, C, R, F>,
    command: C,
    origin: Origin,
  ) => Effect.Effect<ReadonlyArray<AnyFact>, R | AppendError>
  /** Asks folded state that is durable and includes everything recorded before the call. Do not keep the view. */
  readonly query: <E, F extends AnyFact, A>(
    projection: Projection<E, F>,
    ask: (view: View<E>) => A,
  ) => Effect.Effect<A, StoreError>
  /** All events above a position (default 0), up to the ledger's end. */
  readonly read: (options?: { readonly after?: number }) => Stream.Stream<RecordedEvent, StoreError>
  /** All events below a position (default: the end), the newest first. */
  readonly readBackwards: (options?: { readonly before?: number }) => Stream.Stream<RecordedEvent, StoreError>
  /** All events of one job above a position (default 0). Costs that job's events, not the ledger's. */
  readonly readStream: (
    jobId: string,
    options?: { readonly after?: number },
  ) => Stream.Stream<RecordedEvent, StoreError>
  /** All events above a position, then whatever comes, for as long as it is consumed. */
  readonly tail: (options?: { readonly after?: number }) => Stream.Stream<RecordedEvent, StoreError>
  readonly health: Effect.Effect<StoreHealth, StoreError>
}

const page_records = 1024

const isSameContent = (fact: AnyNewFact, event: RecordedEvent, { actor, requestId }: Origin): boolean =>
  event.event_type === fact.event_type &&
  event.job_id === fact.job_id &&
  event.actor === actor &&
  event.request_id === requestId &&
  jsonEqual(event.payload, fact.payload)

const pages = (
  read: (position: number) => Effect.Effect<Page, StoreError>,
  from: number,
  next: (page: Page) => number,
) =>
  Stream.unfold(from, (position) =>
    Effect.map(read(position), (page) => (page.events.length === 0 ? undefined : ([page.events, next(page)] as const))),
  ).pipe(Stream.flattenIterable)

const lastPosition = (page: Page): number => page.events.at(-1)?.position ?? page.covers

/**
 * A ledger over a store. `vocabularies` are those whose facts it may hold; their unique keys are enforced. Facts of other
 * vocabularies that are already there are kept and skipped.
 */
export const make = (
  store: Store,
  vocabularies: ReadonlyArray<Reader>,
): Effect.Effect<LedgerShape, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const folds = new LiveFolds(store)
    const streams = makeStreams(vocabularies)
    const exclusive = yield* Semaphore.make(1)
    let watchers: Array<() => void> = []
    const commits = yield* makeCommits(store, folds, streams, exclusive, () => {
      const waking = watchers
      watchers = []
      for (const wake of waking) wake()
    })
    yield* folds.add(erase(streams))
    yield* folds.catchUp(store.readAfter)

    const ensure = <E, F extends AnyFact>(projection: Projection<E, F>): Effect.Effect<void, StoreError> =>
      folds.has(erase(projection))
        ? Effect.void
        : exclusive.withPermits(1)(Effect.andThen(folds.add(erase(projection)), folds.catchUp(store.readAfter)))

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

    /** The facts that a conflicting append may have recorded itself, before its answer was lost. */
    const earlierCopy = (facts: ReadonlyArray<AnyNewFact>, options: AppendOptions, conflict: Conflict) =>
      Effect.gen(function* () {
        const [first] = facts
        if (first === undefined) return undefined
        const { because } = conflict
        const start =
          because.kind === "position"
            ? because.expected
            : (yield* query(streams, (view) => view.holder(because.event_type, because.value)?.position ?? 0)) - 1
        if (start < 0) return undefined
        const after = because.kind === "position" ? yield* store.readStream(conflict.job_id, start, 1) : undefined
        const position = after === undefined ? start + 1 : after.events[0]?.position
        if (position === undefined) return undefined
        const lead = facts.findIndex(({ job_id }) => job_id === conflict.job_id)
        const page = yield* store.readAfter(position - 1 - Math.max(lead, 0), facts.length)
        const isCopy =
          page.events.length === facts.length &&
          facts.every((fact, i) => {
            const event = page.events[i]
            return event !== undefined && isSameContent(fact, event, options)
          })
        return isCopy ? page.events : undefined
      })

    const append = <const Facts extends ReadonlyArray<AnyNewFact>>(facts: Facts, options: AppendOptions) =>
      Effect.gen(function* () {
        const refusal = refuseUnknown(facts)
        if (refusal !== undefined) return yield* refusal
        const plan: Request<AppendError>["plan"] = (branches) => {
          const conflict = checkConditions(branches, streams, facts, options.expected ?? {})
          return conflict === undefined ? Result.succeed(facts) : Result.fail(conflict)
        }
        const events = yield* commits
          .submit({ origin: options, plan })
          .pipe(
            Effect.catchTag("Conflict", (conflict) =>
              Effect.flatMap(earlierCopy(facts, options, conflict), (copy) =>
                copy === undefined ? Effect.fail(conflict) : Effect.succeed(copy),
              ),
            ),
          )
        return events.map(decode) as ReadonlyArray<AnyFact> as Recorded<Facts>
      })

    const transact = <E, C, R, F extends AnyFact>(decider: Decider<E, C, R, F>, command: C, origin: Origin) =>
      Effect.gen(function* () {
        yield* ensure(decider.projection)
        const events = yield* commits.submit<R | InvalidAppend>({
          origin,
          plan: (branches) => {
            const state = branches.of(erase(decider.projection)) as View<unknown> as View<E>
            const decided = decider.decide(state, command)
            if (Result.isFailure(decided) || decided.success.length === 0) return decided
            const refusal = refuseUnknown(decided.success)
            return refusal === undefined ? decided : Result.fail(refusal)
          },
        })
        return events.map(decode)
      })

    const query = <E, F extends AnyFact, A>(projection: Projection<E, F>, ask: (view: View<E>) => A) =>
      Effect.gen(function* () {
        yield* ensure(projection)
        // While a group is being committed nobody else can append, so what is folded is all there is.
        yield* exclusive.withPermitsIfAvailable(1)(folds.catchUp(store.readAfter))
        return ask(folds.get(erase(projection)) as View<unknown> as View<E>)
      })

    const read: LedgerShape["read"] = ({ after = 0 } = {}) =>
      pages((position) => store.readAfter(position, page_records), after, lastPosition)

    const tail: LedgerShape["tail"] = ({ after = 0 } = {}) =>
      Stream.unfold(after, (position) =>
        Effect.gen(function* () {
          for (;;) {
            let wake: () => void = () => {}
            // Registered before the read, so that nothing recorded in between goes unnoticed.
            const committed = new Promise<void>((resolve) => {
              wake = resolve
              watchers.push(resolve)
            })
            const page = yield* store.readAfter(position, page_records)
            if (page.events.length > 0) {
              watchers = watchers.filter((watcher) => watcher !== wake)
              return [page.events, lastPosition(page)] as const
            }
            yield* Effect.race(
              Effect.promise(() => committed),
              store.waitBeyond(position),
            ).pipe(
              Effect.ensuring(
                Effect.sync(() => {
                  watchers = watchers.filter((watcher) => watcher !== wake)
                }),
              ),
            )
          }
        }),
      ).pipe(Stream.flattenIterable)

    return {
      where: store.where,
      append,
      transact,
      query,
      read,
      readBackwards: ({ before = Number.MAX_SAFE_INTEGER } = {}) =>
        pages((position) => store.readBefore(position, page_records), before, lastPosition),
      readStream: (jobId, { after = 0 } = {}) =>
        pages((position) => store.readStream(jobId, position, page_records), after, lastPosition),
      tail,
      health: store.health,
    }
  })

/** The ledger as a service. */
export class Ledger extends Context.Service<Ledger, LedgerShape>()("@waybill/ledger/Ledger") {
  static readonly make = make
  /** A ledger over a store that is opened with the layer's scope. */
  static readonly layer = <E, R>(
    store: Effect.Effect<Store, E, R>,
    vocabularies: ReadonlyArray<Reader>,
  ): Layer.Layer<Ledger, E | StoreError, Exclude<R, Scope.Scope>> =>
    Layer.effect(
      Ledger,
      Effect.flatMap(store, (opened) => make(opened, vocabularies)),
    )
}
