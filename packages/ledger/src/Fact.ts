/**
 * A fact before and after it is recorded. Both are opaque: only a constructor makes the one, only a vocabulary's reader the
 * other, and both are told from look-alikes at run time.
 *
 * @module
 */
import type { JsonObject } from "./Json.ts"
import type { RecordedEvent } from "./LedgerEvent.ts"

/** The key under which a fact must be the only one of its type in a ledger. */
export interface UniqueKey {
  readonly field: string
  readonly value: string
}

class MintedFact<T extends string, P> {
  readonly #minted = true
  readonly event_type: T
  readonly job_id: string
  readonly payload: P
  readonly unique: UniqueKey | undefined

  constructor(event_type: T, job_id: string, payload: P, unique: UniqueKey | undefined) {
    this.event_type = event_type
    this.job_id = job_id
    this.payload = payload
    this.unique = unique
    Object.freeze(this)
  }

  static is(value: unknown): value is MintedFact<string, JsonObject> {
    return typeof value === "object" && value !== null && #minted in value && value.#minted
  }
}

/**
 * A fact that may be appended: validated, deeply frozen, and made by a constructor or a settlement helper. It has no id, no
 * time and no position yet; the store gives it those.
 */
export type Fact<T extends string = string, P = JsonObject> = MintedFact<T, P>

/** Whether `value` came out of a constructor of this very library. */
export const isFact = (value: unknown): value is Fact => MintedFact.is(value)

/** For constructors only: the payload must have been validated and frozen. Not exported from the package. */
export const mintFact = <T extends string, P>(
  eventType: T,
  jobId: string,
  payload: P,
  unique: UniqueKey | undefined,
): Fact<T, P> => new MintedFact(eventType, jobId, payload, unique)

class ReadFact<T extends string, P> implements RecordedEvent<T, P> {
  readonly #reader: object
  readonly #unique: UniqueKey | undefined
  readonly position: number
  readonly schema_version: 1
  readonly event_id: string
  readonly request_id: string
  readonly job_id: string
  readonly event_type: T
  readonly occurred_at: string
  readonly actor: string
  readonly payload: P

  constructor(event: RecordedEvent, event_type: T, payload: P, reader: object, unique: UniqueKey | undefined) {
    this.#reader = reader
    this.#unique = unique
    this.position = event.position
    this.schema_version = event.schema_version
    this.event_id = event.event_id
    this.request_id = event.request_id
    this.job_id = event.job_id
    this.event_type = event_type
    this.occurred_at = event.occurred_at
    this.actor = event.actor
    this.payload = payload
  }

  static is(value: unknown): value is ReadFact<string, JsonObject> {
    return value instanceof ReadFact && #reader in value
  }

  static isBy(value: RecordedEvent | ReadFact<string, unknown>, reader: object): value is ReadFact<string, unknown> {
    return value instanceof ReadFact && #reader in value && value.#reader === reader
  }

  static uniqueOf(fact: ReadFact<string, unknown>): UniqueKey | undefined {
    return fact.#unique
  }
}

/** A ledger event whose payload its vocabulary has checked. Settlement helpers take these, so a reference cannot dangle. */
export type RecordedFact<T extends string = string, P = JsonObject> = ReadFact<T, P>

/** Whether `value` came out of a vocabulary's reader. */
export const isRecordedFact = (value: unknown): value is RecordedFact => ReadFact.is(value)

/** Whether this very reader has checked the event before. Not exported from the package. */
export const isReadBy = (
  event: RecordedEvent | RecordedFact<string, unknown>,
  reader: object,
): event is RecordedFact<string, unknown> => ReadFact.isBy(event, reader)

/** For readers only: the payload must have been checked. Not exported from the package. */
export const readFact = <T extends string, P>(
  event: RecordedEvent,
  eventType: T,
  payload: P,
  reader: object,
  unique: UniqueKey | undefined,
): RecordedFact<T, P> => new ReadFact(event, eventType, payload, reader, unique)

const no_payload: JsonObject = Object.freeze({})

/**
 * A fact of which nothing is looked at but its type, its job and where it stands: the rest of the event need not even be decoded.
 * Not exported from the package.
 */
export const markFact = ({ event_type, job_id, position }: RecordedEvent, reader: object): RecordedFact => {
  const mark = {
    schema_version: 1,
    event_id: "",
    request_id: "",
    job_id,
    event_type,
    occurred_at: "",
    actor: "",
    payload: no_payload,
    position,
  } as const
  return new ReadFact(mark, event_type, no_payload, reader, undefined)
}

/** The unique key that a recorded fact bears, if its type declares one. Not exported from the package. */
export const uniqueKeyOf = (fact: RecordedFact<string, unknown>): UniqueKey | undefined => ReadFact.uniqueOf(fact)
