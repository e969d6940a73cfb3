/**
 * The facts that the store kit writes, and short ways to write and read them.
 *
 * @module
 */
import {
  type AppendError,
  encodeLine,
  eventId,
  type Json,
  Ledger,
  type LedgerShape,
  type NewRecord,
  type Page,
  Projection,
  type RecordedEvent,
  type Store,
  type StoreError,
  Vocabulary,
} from "@waybill/ledger"
import { Effect, Schema, type Scope, Stream } from "effect"
import type { Place } from "./Place.ts"

export const Note = Vocabulary.make("note", {
  written: { payload: Schema.Struct({ text: Schema.String }) },
  named: { payload: Schema.Struct({ name: Schema.NonEmptyString }), unique: "name" },
  filed: { payload: Schema.Struct({ data: Schema.Json }) },
})

/** How many notes each job has. */
export const Counted = Projection.make({
  name: "counted",
  version: 1,
  reader: Note,
  entity: Schema.Int,
  key: (fact) => fact.job_id,
  evolve: (count) => (count ?? 0) + 1,
})

export const written = (jobId: string, text: string) => Note.facts.written.makeOrThrow(jobId, { text })
export const named = (jobId: string, name: string) => Note.facts.named.makeOrThrow(jobId, { name })
export const filed = (jobId: string, data: Json) => Note.facts.filed.makeOrThrow(jobId, { data })
export const origin = (requestId: string) => ({ actor: "conformance", requestId })

/** A ledger of notes over a store. */
export const ledgerOver = (place: Place, store: Store): Effect.Effect<LedgerShape, StoreError, Scope.Scope> =>
  (place.ledger ?? Ledger.make)(store, [Note])

/** Opens a store of its own, with a ledger of notes over it, as another process would. */
export const openLedger = (place: Place): Effect.Effect<LedgerShape, StoreError, Scope.Scope> =>
  Effect.flatMap(place.open, (store) => ledgerOver(place, store))

/** Appends texts to a job as one batch. */
export const write = (
  ledger: LedgerShape,
  jobId: string,
  ...texts: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<RecordedEvent<string, unknown>>, AppendError> =>
  ledger.append(
    texts.map((text) => written(jobId, text)),
    origin("req-write"),
  )

/** A record as a ledger would hand it to a session: the text for a job at a position, under any id. */
export const recordAt = (position: number, jobId: string, text: string, event_id?: string): NewRecord => {
  const event: RecordedEvent = {
    position,
    schema_version: 1,
    event_id: event_id ?? eventId("note.written", jobId, position),
    request_id: "req-record",
    job_id: jobId,
    event_type: "note.written",
    occurred_at: "2026-01-02T03:04:05.678Z",
    actor: "conformance",
    payload: { text },
  }
  return { event, line: encodeLine(event) }
}

/** More records than any law writes: a store that goes round in circles is not followed for ever. */
const records_max = 2_000

export const collect = <E>(events: Stream.Stream<RecordedEvent, E>) =>
  Stream.runCollect(Stream.take(events, records_max))

/** All records above a position, page by page, since a page may be shorter than its limit without being the last. */
export const readOn = <E>(
  read: (position: number, limit: number) => Effect.Effect<Page, E>,
  position = 0,
): Effect.Effect<ReadonlyArray<RecordedEvent>, E> =>
  Effect.gen(function* () {
    const events: Array<RecordedEvent> = []
    for (let at = position; ;) {
      const page = yield* read(at, 1_000)
      const reached = page.events.at(-1)?.position ?? page.covers
      if (reached <= at || events.length > records_max) return events
      events.push(...page.events)
      at = reached
    }
  })

type AnyEvent = RecordedEvent<string, unknown>
export const positionsOf = (events: ReadonlyArray<AnyEvent>): ReadonlyArray<number> =>
  events.map(({ position }) => position)

export const textOf = ({ payload }: AnyEvent): string => {
  const { text } = payload as { readonly text?: unknown }
  return typeof text === "string" ? text : ""
}
export const textsOf = (events: ReadonlyArray<AnyEvent>): ReadonlyArray<string> => events.map(textOf)

/** What matters of an event to a reader, on one line. */
export const brief = ({ event_id, job_id, payload, position, request_id }: AnyEvent): string =>
  `${position} ${event_id} ${job_id} ${request_id} ${JSON.stringify(payload)}`

/** `1, 2, … count`. */
export const upTo = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, i) => i + 1)

const jobs = ["a", "b", "c"] as const
/** One of three jobs, in turn. */
export const jobOf = (i: number): string => jobs[i % jobs.length] ?? "a"
