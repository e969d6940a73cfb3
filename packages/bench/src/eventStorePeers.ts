/**
 * Folding with the event stores of others: emmett's and castore's, both in memory, one stream for each job, as their documentation
 * folds: a reducer that answers a new state, stream by stream.
 *
 * @module
 */
import type { RecordedEvent } from "@waybill/ledger"
import type { PeerModules } from "./Peers.ts"

/** What a reducer is given of an event: all of it. */
export type StreamEvent = RecordedEvent

/** The next state of a job; `undefined` before its first event. */
export type Evolve<S extends object> = (state: S | undefined, event: StreamEvent) => S

/** The state of every job, folded anew by each call. */
export type FoldStreams<S extends object> = () => Promise<ReadonlyMap<string, S>>

const byJob = <A>(
  events: Iterable<StreamEvent>,
  make: (event: StreamEvent, index: number) => A,
): Map<string, Array<A>> => {
  const streams = new Map<string, Array<A>>()
  for (const event of events) {
    const stream = streams.get(event.job_id)
    if (stream === undefined) streams.set(event.job_id, [make(event, 1)])
    else stream.push(make(event, stream.length + 1))
  }
  return streams
}

interface EmmettEvent {
  readonly type: string
  readonly data: StreamEvent
}
interface Emmett {
  readonly getInMemoryEventStore: () => {
    readonly appendToStream: (stream: string, events: ReadonlyArray<EmmettEvent>) => Promise<unknown>
    readonly aggregateStream: <S>(
      stream: string,
      options: {
        readonly initialState: () => S | undefined
        readonly evolve: (state: S | undefined, event: EmmettEvent) => S
      },
    ) => Promise<{ readonly state: S }>
  }
}

/** Its store in memory counts the events of all streams with every append: two hundred thousand in one would take minutes. */
const streams_per_store = 256

/** Puts the events into emmett's stores in memory; each fold is `aggregateStream` of every stream. */
export const emmettStreams = async <S extends object>(
  { load }: PeerModules,
  events: Iterable<StreamEvent>,
  evolve: Evolve<S>,
): Promise<FoldStreams<S>> => {
  const { getInMemoryEventStore } = (await load("@event-driven-io/emmett")) as Emmett
  const streams = byJob(events, (data): EmmettEvent => ({ type: data.event_type, data }))
  const stores = new Map<string, ReturnType<Emmett["getInMemoryEventStore"]>>()
  let store = getInMemoryEventStore()
  for (const [job, stream] of streams) {
    if (stores.size % streams_per_store === 0) store = getInMemoryEventStore()
    await store.appendToStream(job, stream)
    stores.set(job, store)
  }
  const options = {
    initialState: (): S | undefined => undefined,
    evolve: (state: S | undefined, { data }: EmmettEvent) => evolve(state, data),
  }
  return async () => {
    const states = new Map<string, S>()
    for (const [job, its] of stores) states.set(job, (await its.aggregateStream<S>(job, options)).state)
    return states
  }
}

interface CastoreEvent {
  readonly aggregateId: string
  readonly version: number
  readonly type: string
  readonly timestamp: string
  readonly payload: StreamEvent
}
/** What castore asks every state for. */
interface Aggregate {
  aggregateId: string
  version: number
}
interface Castore {
  readonly EventStore: new <S extends object>(options: {
    readonly eventStoreId: string
    readonly eventTypes: ReadonlyArray<never>
    readonly reducer: (state: S | undefined, event: CastoreEvent) => S & Aggregate
  }) => { readonly buildAggregate: (events: ReadonlyArray<CastoreEvent>) => S | undefined }
}

/** Groups the events as castore's adapters hold them; each fold is `buildAggregate` of every stream. */
export const castoreStreams = async <S extends object>(
  { load }: PeerModules,
  events: Iterable<StreamEvent>,
  evolve: Evolve<S>,
): Promise<FoldStreams<S>> => {
  const { EventStore } = (await load("@castore/core")) as Castore
  const store = new EventStore<S>({
    eventStoreId: "JOBS",
    eventTypes: [],
    // One object an event, as its documentation has it: the new state is given what castore asks for.
    reducer: (state, { aggregateId, payload, version }) => {
      const next = evolve(state, payload) as S & Aggregate
      next.aggregateId = aggregateId
      next.version = version
      return next
    },
  })
  const streams = byJob(events, (payload, version): CastoreEvent => ({
    aggregateId: payload.job_id,
    version,
    type: payload.event_type,
    timestamp: "2026-01-02T03:04:05.678Z",
    payload,
  }))
  return async () => {
    const states = new Map<string, S>()
    for (const [job, stream] of streams) {
      const state = store.buildAggregate(stream)
      if (state !== undefined) states.set(job, state)
    }
    return states
  }
}
