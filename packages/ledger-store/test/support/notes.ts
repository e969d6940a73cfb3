/** A vocabulary for tests of stores: numbered notes. */
import { Ledger, Vocabulary } from "@waybill/ledger"
import { Effect, Schema, Stream } from "effect"
import { makeJsonlStore } from "../../src/index.ts"

export const Note = Vocabulary.make("note", {
  taken: { payload: Schema.Struct({ n: Schema.Int, text: Schema.optionalKey(Schema.String) }) },
  keyed: { payload: Schema.Struct({ key: Schema.String }), unique: "key" },
})

export const note = (job: string, n: number, text?: string) =>
  Note.facts.taken.makeOrThrow(job, text === undefined ? { n } : { n, text })
export const origin = (requestId: string) => ({ actor: "test", requestId })

export const openLedger = (root: string) =>
  Effect.flatMap(makeJsonlStore({ root }), (store) => Ledger.make(store, [Note]))

/** The numbers of all notes, in order. */
export const numbers = (ledger: Effect.Success<ReturnType<typeof openLedger>>) =>
  Effect.map(Stream.runCollect(ledger.read()), (events) => events.map(({ payload }) => payload["n"] as number))
