/**
 * A vocabulary: the facts of one prefix, each defined once, as a schema.
 *
 * From that one schema come the constructor, the reader, the type, the JSON Schema and the documentation entry.
 *
 * @module
 */
import { Data, Result, Schema } from "effect"
import { type Fact, isReadBy, isRecordedFact, mintFact, readFact, type RecordedFact, type UniqueKey } from "./Fact.ts"
import { type Issue, type Json, ownJson } from "./Json.ts"
import {
  event_type_bytes_max,
  InvalidFact,
  type RecordedEvent,
  refuseJobId,
  reserved_job_ids,
  wholeOf,
  utf8Bytes,
} from "./LedgerEvent.ts"
import { makeOwner } from "./Owning.ts"
import { makeValidator } from "./Validator.ts"

/** How a fact type is declared. */
export interface FactDefinition<S extends Schema.Constraint = Schema.Constraint> {
  /** A struct without transformations: what is written equals what is read. */
  readonly payload: S
  /** One sentence: what the fact says happened. It becomes the documentation entry. */
  readonly description?: string
  /** A string field of the payload that no two facts of this type in one ledger may share. Absent or "" shares nothing. */
  readonly unique?: string & keyof S["Type"]
  /** The reserved id that facts of this type are recorded under, all of them, because they speak of no job. */
  readonly under?: "schedule" | "ledger"
}

/** What there is to know about a type of fact. */
export interface FactDescription {
  readonly event_type: string
  readonly description: string | undefined
  readonly payload: Schema.Constraint
  readonly unique: string | undefined
}

/** One type of fact. */
export interface FactType<T extends string, P> extends FactDescription {
  readonly event_type: T
  readonly payload: Schema.Constraint & { readonly Type: P }
  /**
   * Makes a fact of the job `jobId` (1 to 256 bytes). The payload is copied, so later changes to the argument have no
   * effect; unknown keys are errors; fails with {@link InvalidFact}, which lists every bad path.
   */
  readonly make: (jobId: string, payload: P) => Result.Result<Fact<T, P>, InvalidFact>
  readonly makeOrThrow: (jobId: string, payload: P) => Fact<T, P>
  /** Whether a fact that was read is of this type. */
  readonly is: (fact: RecordedFact<string, unknown>) => fact is RecordedFact<T, P>
}

/** An event of this vocabulary's prefix whose type this version does not know. Kept, counted, skipped. */
export class UnknownType extends Data.TaggedClass("UnknownType")<{ readonly event: RecordedEvent }> {}

/** An event of a known type whose payload does not fit. Kept, counted, skipped, and shown as an anomaly. */
export class MalformedFact extends Data.TaggedClass("MalformedFact")<{
  readonly event: RecordedEvent
  readonly issues: ReadonlyArray<Issue>
}> {}

// The loose bound: only with its schema at hand can `unique` be checked, which `make` does.
export type Definitions = {
  readonly [name: string]: {
    readonly payload: Schema.Constraint
    readonly description?: string
    readonly unique?: string
    readonly under?: string
  }
}

/** The types of a vocabulary by their short names. */
export type FactTypes<Prefix extends string, D extends Definitions> = {
  readonly [K in keyof D & string]: FactType<`${Prefix}.${K}`, D[K]["payload"]["Type"]>
}

/** Any recorded fact of the vocabulary, told apart by `event_type`. */
export type FactOf<Prefix extends string, D extends Definitions> = {
  readonly [K in keyof D & string]: RecordedFact<`${Prefix}.${K}`, D[K]["payload"]["Type"]>
}[keyof D & string]

/** What a reader needs of a vocabulary: it can tell, decode and describe, but not write. */
export interface Reader<F extends RecordedFact<string, unknown> = RecordedFact<string, unknown>> {
  readonly prefix: string
  /** The full names of all fact types. */
  readonly event_types: ReadonlyArray<string>
  /** Whether an event type belongs to this prefix, known or not. */
  readonly owns: (eventType: string) => boolean
  /**
   * Reads an event: unknown fields are kept, nothing is thrown. The answer is a {@link RecordedFact}, an
   * {@link UnknownType} or a {@link MalformedFact}. The event must be of this prefix.
   */
  decode(this: void, event: RecordedEvent | F): F | UnknownType | MalformedFact
  /** Whether an event has been decoded by this very reader. */
  hasRead(this: void, event: RecordedEvent | RecordedFact<string, unknown>): event is F
  /** The field that must be unique for an event type, where one is declared. */
  readonly uniqueOf: (eventType: string) => string | undefined
}

/** A whole vocabulary: its reader, and a constructor for every fact type under `facts`. */
export interface Vocabulary<Prefix extends string, D extends Definitions> extends Reader<FactOf<Prefix, D>> {
  readonly prefix: Prefix
  readonly facts: FactTypes<Prefix, D>
}

/** The facts that a reader yields. */
export type FactsOf<R> = R extends Reader<infer F> ? F : never

/** Effect lets the empty struct take any keys; a constructor that is closed must not. */
const isEmptyStruct = ({ ast }: Schema.Constraint): boolean =>
  ast._tag === "Objects" && ast.propertySignatures.length === 0 && ast.indexSignatures.length === 0

const refuseName = (eventType: string): void => {
  if (!/^[^\s.\p{C}]+(?:\.[^\s.\p{C}]+)+$/u.test(eventType) || utf8Bytes(eventType) > event_type_bytes_max)
    throw new TypeError(`${JSON.stringify(eventType)} cannot name a fact type: want words joined by dots`)
}

/** The value of a declared unique field. An empty one is none. */
const uniqueIn = (field: string | undefined, payload: unknown): UniqueKey | undefined => {
  if (field === undefined) return undefined
  const value: unknown = (payload as Record<string, unknown>)[field]
  return typeof value === "string" && value !== "" ? { field, value } : undefined
}

/** Why facts of a type cannot be recorded under `jobId`. */
const refusePlace = (jobId: string, under: string | undefined): string | undefined => {
  if (under !== undefined) return jobId === under ? undefined : `must be ${JSON.stringify(under)}`
  return refuseJobId(jobId) ?? (reserved_job_ids.has(jobId) ? "is reserved" : undefined)
}

const makeType = <T extends string, P>(event_type: T, definition: Definitions[string]): FactType<T, P> => {
  refuseName(event_type)
  const validator = makeValidator(definition.payload, "closed")
  const { under, unique } = definition
  const isBare = isEmptyStruct(definition.payload)
  const issuesOfPayload = (payload: Json): ReadonlyArray<Issue> => {
    // A line holds an object or nothing (JobSpec v0 §7.2), whatever the schema says.
    if (typeof payload !== "object" || payload === null || Array.isArray(payload))
      return [{ path: "(root)", message: "is not an object" }]
    if (isBare) return Object.keys(payload).map((path) => ({ path, message: "Expected no excess property" }))
    return validator.accepts(payload) ? [] : validator.explain(payload)
  }
  const own = isBare ? () => undefined : makeOwner(definition.payload.ast)
  const make = (jobId: string, payload: P): Result.Result<Fact<T, P>, InvalidFact> => {
    const fail = (issues: ReadonlyArray<Issue>) => Result.fail(new InvalidFact({ event_type, issues }))
    const bad = typeof jobId !== "string" ? "is not a string" : refusePlace(jobId, under)
    if (bad === undefined) {
      const owned = own(payload)
      if (owned !== undefined) return Result.succeed(mintFact(event_type, jobId, owned as P, uniqueIn(unique, owned)))
    }
    const idIssues = bad === undefined ? [] : [{ path: "job_id", message: bad }]
    const owned = ownJson(payload)
    if (Result.isFailure(owned)) return fail([...idIssues, ...owned.failure])
    const issues = [...idIssues, ...issuesOfPayload(owned.success)]
    if (issues.length > 0) return fail(issues)
    return Result.succeed(mintFact(event_type, jobId, owned.success as P, uniqueIn(unique, owned.success)))
  }
  return {
    event_type,
    description: definition.description,
    payload: definition.payload as FactType<T, P>["payload"],
    unique,
    make,
    makeOrThrow: (jobId, payload) => Result.getOrThrow(make(jobId, payload)),
    is: (fact): fact is RecordedFact<T, P> => isRecordedFact(fact) && fact.event_type === event_type,
  }
}

/**
 * Defines a vocabulary.
 *
 * Throws `TypeError` at definition for a payload schema that transforms its value, since a fact's bytes are its value, and
 * for a name that is blank, holds white space or is longer than {@link event_type_bytes_max}.
 *
 * @example
 * import { Schema } from "effect"
 * import { Vocabulary } from "@waybill/ledger"
 *
 * const Door = Vocabulary.make("door", {
 *   opened: { payload: Schema.Struct({ by: Schema.NonEmptyString }), description: "Somebody opened the door." },
 * })
 * const fact = Door.facts.opened.makeOrThrow("front-door", { by: "ada" })
 */
export const make = <const Prefix extends string, const D extends Definitions>(
  prefix: Prefix,
  definitions: D & { readonly [K in keyof D]: FactDefinition<D[K]["payload"]> },
): Vocabulary<Prefix, D> => {
  const facts: Record<string, FactType<string, unknown>> = {}
  const readers = new Map<
    string,
    { readonly accepts: (u: unknown) => boolean; readonly explain: (u: unknown) => ReadonlyArray<Issue> }
  >()
  const unique = new Map<string, string>()
  for (const [name, definition] of Object.entries<Definitions[string]>(definitions)) {
    const eventType = `${prefix}.${name}`
    const type = makeType<string, unknown>(eventType, definition)
    facts[name] = type
    readers.set(eventType, makeValidator(definition.payload, "open"))
    if (type.unique !== undefined) unique.set(eventType, type.unique)
  }
  const decode = (
    event: RecordedEvent | RecordedFact<string, unknown>,
  ): RecordedFact<string, unknown> | UnknownType | MalformedFact => {
    if (isReadBy(event, readers)) return event
    const reader = readers.get(event.event_type)
    if (reader === undefined) return new UnknownType({ event })
    const whole = wholeOf(event)
    const { payload } = whole
    if (typeof payload !== "object" || payload === null || Array.isArray(payload))
      return new MalformedFact({ event, issues: [{ path: "(root)", message: "is not an object" }] })
    const issues = reader.accepts(payload) ? [] : reader.explain(payload)
    if (issues.length > 0) return new MalformedFact({ event, issues })
    return readFact(whole, whole.event_type, payload, readers, uniqueIn(unique.get(whole.event_type), payload))
  }
  const start = `${prefix}.`
  return {
    prefix,
    facts: facts as FactTypes<Prefix, D>,
    event_types: [...readers.keys()],
    owns: (eventType) => eventType.startsWith(start),
    decode: decode as Vocabulary<Prefix, D>["decode"],
    hasRead: (event): event is FactOf<Prefix, D> => isReadBy(event, readers),
    uniqueOf: (eventType) => unique.get(eventType),
  }
}

/** The reading half of a vocabulary, for a carrier that lets its facts be written through settlement helpers alone. */
export const reader = <F extends RecordedFact<string, unknown>>(vocabulary: Reader<F>): Reader<F> => ({
  prefix: vocabulary.prefix,
  event_types: vocabulary.event_types,
  owns: vocabulary.owns,
  decode: vocabulary.decode,
  hasRead: vocabulary.hasRead,
  uniqueOf: vocabulary.uniqueOf,
})

/** JSON Schema (draft 2020-12) of a fact type's payload, closed, with the description. */
export const jsonSchema = (type: FactDescription): Record<string, unknown> => {
  const document = Schema.toJsonSchemaDocument(type.payload, { onExcessProperty: "error" })
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: type.event_type,
    ...(type.description === undefined ? {} : { description: type.description }),
    ...document.schema,
    ...(Object.keys(document.definitions).length === 0 ? {} : { $defs: document.definitions }),
  }
}
