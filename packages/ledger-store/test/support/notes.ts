/** A vocabulary for tests of stores: numbered notes. */
import { Vocabulary } from "@waybill/ledger"
import { Schema } from "effect"

export const Note = Vocabulary.make("note", {
  taken: { payload: Schema.Struct({ n: Schema.Int, text: Schema.optionalKey(Schema.String) }) },
  keyed: { payload: Schema.Struct({ key: Schema.String }), unique: "key" },
})

export const note = (job: string, n: number, text?: string) =>
  Note.facts.taken.makeOrThrow(job, text === undefined ? { n } : { n, text })
export const origin = (requestId: string) => ({ actor: "test", requestId })
