/**
 * The two questions every conditional append asks: where does a job's stream end, and who holds a unique key. Answered by a
 * projection like any other.
 *
 * @module
 */
import { Schema } from "effect"
import { isReadBy, isRecordedFact, markFact, readFact, type RecordedFact, uniqueKeyOf } from "./Fact.ts"
import { type RecordedEvent, wholeOf } from "./LedgerEvent.ts"
import { make, type Projection } from "./Projection.ts"
import type { Reader } from "./Vocabulary.ts"

/** The position of a job's last fact, by job id. */
export type Streams = Projection<number>

/**
 * The version: a number made from the declared unique keys. A checkpoint that was saved under other declarations lacks
 * holders, so it must not be used.
 */
const fingerprint = (vocabularies: ReadonlyArray<Reader>): number => {
  const declared = vocabularies.flatMap((v) => v.event_types.map((type) => `${type} ${v.uniqueOf(type) ?? ""}`)).sort()
  let hash = 0x811c9dc5
  for (const character of declared.filter((line) => !line.endsWith(" ")).join("\n"))
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return hash
}

export const makeStreams = (vocabularies: ReadonlyArray<Reader>): Streams => {
  const owner = {}
  const readerOf = (eventType: string) => vocabularies.find((vocabulary) => vocabulary.owns(eventType))
  /** Who reads the facts that may hold a key: all others are most of a ledger. */
  const keyed = new Map<string, Reader>()
  for (const eventType of vocabularies.flatMap(({ event_types }) => event_types)) {
    const reader = readerOf(eventType)
    if (reader?.uniqueOf(eventType) !== undefined) keyed.set(eventType, reader)
  }
  const everything: Reader<RecordedFact> = {
    prefix: "",
    event_types: [],
    owns: () => true,
    hasRead: (event): event is RecordedFact => isReadBy(event, owner),
    uniqueOf: (eventType) => keyed.get(eventType)?.uniqueOf(eventType),
    decode: (event): RecordedFact => {
      const reader = keyed.get(event.event_type)
      if (reader === undefined) return markFact(event, owner)
      // A keyed fact whose payload does not fit ends its stream, but holds no key.
      const whole = wholeOf(event as RecordedEvent)
      const fact = reader.decode(event)
      const unique = isRecordedFact(fact) ? uniqueKeyOf(fact) : undefined
      return readFact(whole, whole.event_type, whole.payload, owner, unique)
    },
  }
  return make({
    name: "ledger.streams",
    version: fingerprint(vocabularies),
    // A stream ends at its last fact, whoever holds that fact's key.
    foldsDuplicates: true,
    reader: everything,
    entity: Schema.Int,
    key: (fact) => fact.job_id,
    evolve: (_, fact) => fact.position,
  })
}
