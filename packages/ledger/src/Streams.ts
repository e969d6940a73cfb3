/**
 * The two questions every conditional append asks: where does a job's stream end, and who holds a unique key. Answered by a
 * projection like any other.
 *
 * @module
 */
import { Schema } from "effect"
import { isRecordedFact, readFact, type RecordedFact } from "./Fact.ts"
import { make, type Projection } from "./Projection.ts"
import type { Reader } from "./Vocabulary.ts"

/** The position of a job's last fact, by job id. */
export type Streams = Projection<number>

export const makeStreams = (vocabularies: ReadonlyArray<Reader>): Streams => {
  const owner = {}
  const readerOf = (eventType: string) => vocabularies.find((vocabulary) => vocabulary.owns(eventType))
  const everything: Reader<RecordedFact> = {
    prefix: "",
    event_types: [],
    owns: () => true,
    uniqueOf: (eventType) => readerOf(eventType)?.uniqueOf(eventType),
    decode: (event): RecordedFact => {
      const reader = readerOf(event.event_type)
      const isKeyed = reader?.uniqueOf(event.event_type) !== undefined
      // A keyed fact whose payload does not fit ends its stream, but holds no key.
      const counts = !isKeyed || isRecordedFact(reader.decode(event))
      return readFact(event, event.event_type, counts ? event.payload : {}, owner)
    },
  }
  return make({
    name: "ledger.streams",
    version: 1,
    reader: everything,
    entity: Schema.Int,
    key: (fact) => fact.job_id,
    evolve: (_, fact) => fact.position,
  })
}
