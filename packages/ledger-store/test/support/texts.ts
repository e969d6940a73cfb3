/** A vocabulary of notes, and ledgers of them over any store. */
import { type AppendError, Ledger, type LedgerShape, type RecordedEvent, type Store, Vocabulary } from "@waybill/ledger"
import { type Effect, Schema, Stream } from "effect"

export const Note = Vocabulary.make("note", {
  written: { payload: Schema.Struct({ text: Schema.String }) },
  named: { payload: Schema.Struct({ name: Schema.NonEmptyString }), unique: "name" },
})

export const written = (jobId: string, text: string) => Note.facts.written.makeOrThrow(jobId, { text })
export const named = (jobId: string, name: string) => Note.facts.named.makeOrThrow(jobId, { name })
export const origin = (requestId: string) => ({ actor: "test", requestId })

export const ledgerOver = (store: Store) => Ledger.make(store, [Note])

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

export const collect = <E>(events: Stream.Stream<RecordedEvent, E>) => Stream.runCollect(events)

/** What matters of an event to a reader, on one line. */
export const brief = ({ job_id, payload, position }: RecordedEvent<string, unknown>): string =>
  `${position} ${job_id} ${JSON.stringify(payload)}`

export const textOf = ({ payload }: RecordedEvent<string, unknown>): string => {
  const { text } = payload as { readonly text?: unknown }
  return typeof text === "string" ? text : ""
}
