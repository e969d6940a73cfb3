/**
 * The one way in which projections are computed.
 *
 * A {@link Fold} takes events one by one in position order. A {@link Branch} is a fold on top of a fold: it sees
 * everything below, keeps its own changes apart, and is merged once they are durable or dropped if they never became so.
 *
 * @module
 */
import { isRecordedFact, type RecordedFact, uniqueKeyOf } from "./Fact.ts"
import { type Foldable, isEnvelope, sameEvent } from "./Foldable.ts"
import type { RecordedEvent } from "./LedgerEvent.ts"
import { Lanes, placesOf } from "./Lanes.ts"
import { type Cell, emptyLayer, entriesOf, hold, holderKey, type Layer, no_batch } from "./Layer.ts"
import type { Anomaly, Projection } from "./Projection.ts"
import { emptySaved, plain, type SavedState } from "./SavedState.ts"
import { MalformedFact, UnknownType } from "./Vocabulary.ts"
import { anomalies_per_key_max, anomaly_detail_max, type Holder, type Skipped, type View } from "./View.ts"

const conflicting = "conflicting_copy"

abstract class Folding<E, F extends RecordedFact<string, unknown>> implements View<E> {
  readonly projection: Projection<E, F>
  protected readonly layer: Layer<E>
  protected last: Foldable | undefined
  protected unknown = 0
  protected malformed = 0
  /** Made for the first question that needs them, kept up from then on. */
  protected lanes: Lanes | undefined
  #position: number
  #events: number
  #current: Foldable | undefined
  #currentKey = ""
  #batch = no_batch
  #batches = no_batch

  protected constructor(
    projection: Projection<E, F>,
    layer: Layer<E>,
    from: { readonly position: number; readonly events: number; readonly last?: Foldable | undefined },
  ) {
    this.projection = projection
    this.layer = layer
    this.#position = from.position
    this.#events = from.events
    this.last = from.last
  }

  abstract readonly size: number
  abstract get(key: string): E | undefined
  abstract entries(): Iterable<readonly [string, E]>
  abstract anomalies(key: string): ReadonlyArray<Anomaly>
  abstract anomalous(): Iterable<readonly [string, ReadonlyArray<Anomaly>]>
  protected abstract holderAt(eventType: string, value: string): Holder | undefined
  /** The entity's place below this layer. */
  protected abstract inherited(key: string): Cell<E> | undefined
  /** The entity's place as it is, wherever it lies. */
  abstract cellOf(key: string): Cell<E> | undefined
  protected abstract nextOrdinal(): number
  abstract indexed(): Lanes

  get position(): number {
    return this.#position
  }

  get events(): number {
    return this.#events
  }

  get lastEventId(): string | undefined {
    return this.last?.event_id
  }

  get skipped(): Skipped {
    return { unknown: this.unknown, malformed: this.malformed }
  }

  holder(eventType: string, value: string): Holder | undefined {
    return this.holderAt(eventType, value)
  }

  due(lane: string, until: number): Iterable<string> {
    return this.indexed().due(lane, until)
  }

  earliest(lane: string): number | undefined {
    return this.indexed().earliest(lane)
  }

  count(lane: string): number {
    return this.indexed().count(lane)
  }

  /** Keeps up the lanes, where there are any, with an entity that has changed. */
  protected move(key: string, ordinal: number, before: E | undefined, after: E): void {
    const { places } = this.projection
    this.lanes?.move(key, ordinal, placesOf(places, before), placesOf(places, after))
  }

  // One closure per fold, not one per event; returned by a function, since one that is written into a field is born old.
  static #reporting<E, F extends RecordedFact<string, unknown>>(fold: Folding<E, F>) {
    return (code: string, detail?: string): void => {
      if (fold.#current !== undefined) fold.#note(fold.#currentKey, fold.#current, code, detail)
    }
  }
  readonly #report = Folding.#reporting(this)

  #note(key: string, { position, event_id, event_type }: Foldable, code: string, detail?: string): void {
    const known = this.anomalies(key)
    if (known.length >= anomalies_per_key_max) return
    const short = detail?.slice(0, anomaly_detail_max).toWellFormed()
    const anomaly: Anomaly = { position, event_id, event_type, code, ...(short === undefined ? {} : { detail: short }) }
    this.layer.anomalies.set(key, [...known, anomaly])
  }

  /** Once per position and job: copies of a copy say nothing new. */
  #noteConflict(event: Foldable): void {
    const isKnown = this.anomalies(event.job_id).some(
      ({ code, position }) => code === conflicting && position === event.position,
    )
    if (!isKnown) this.#note(event.job_id, event, conflicting)
  }

  /**
   * Folds one event. Events come in position order; one at or below the fold's position was folded before and changes
   * nothing, unless it differs from the last one at the same position, which is an anomaly (`conflicting_copy`).
   */
  apply(event: Foldable): void {
    const { reader } = this.projection
    // A fact that this very reader has decoded needs no second look: nearly all of a warm ledger's are.
    if (typeof event === "object" && event !== null && reader.hasRead(event)) {
      if (this.#isNext(event)) this.#take(event)
      return
    }
    if (!isRecordedFact(event) && !isEnvelope(event)) {
      this.malformed++
      return
    }
    if (!this.#isNext(event) || !reader.owns(event.event_type)) return
    const fact = reader.decode(event as RecordedEvent)
    if (fact instanceof UnknownType) this.unknown++
    else if (fact instanceof MalformedFact) {
      this.malformed++
      const [first] = fact.issues
      const detail = first === undefined ? undefined : `${first.path} ${first.message}`
      this.#note(event.job_id, event, "malformed_payload", detail)
    } else this.#take(fact)
  }

  /** Moves on to an event that lies above; one at or below changes nothing, but may be a copy that says something else. */
  #isNext(event: Foldable): boolean {
    if (event.position <= this.#position) {
      if (event.position === this.#position && this.last !== undefined && !sameEvent(event, this.last))
        this.#noteConflict(event)
      return false
    }
    this.#position = event.position
    this.#events++
    this.last = event
    return true
  }

  #take(fact: F): void {
    const { evolve, key } = this.projection
    this.#current = fact
    this.#currentKey = fact.job_id
    try {
      const entityKey = key(fact)
      if (entityKey === undefined) return
      this.#currentKey = entityKey
      if (!this.#claim(fact, entityKey)) return
      const own = this.layer.entities.get(entityKey)
      const cell = own ?? this.inherited(entityKey)
      const before = cell?.entity
      // Lanes are kept up from what the entity was before.
      const isOwn = this.#batch !== no_batch && own?.batch === this.#batch && this.lanes === undefined
      const after = evolve(before, fact, this.#report, isOwn)
      if (after === undefined || after === before) return
      const ordinal = cell?.ordinal ?? this.nextOrdinal()
      if (own === undefined) this.layer.entities.set(entityKey, { entity: after, ordinal, batch: this.#batch })
      else {
        own.entity = after
        own.batch = this.#batch
      }
      if (this.lanes !== undefined) this.move(entityKey, ordinal, before, after)
    } catch (cause) {
      this.#report("threw", cause instanceof Error ? cause.message : undefined)
    }
  }

  /** Takes the fact's unique key, if its type declares one. A key that is taken makes the fact a duplicate. */
  #claim(fact: F, entityKey: string): boolean {
    const unique = uniqueKeyOf(fact)
    if (unique === undefined) return true
    const { field, value } = unique
    const holder = this.holderAt(fact.event_type, value)
    if (holder !== undefined) {
      this.#note(entityKey, fact, "duplicate_key", `${field} is held by ${holder.event_id}`)
      return this.projection.foldsDuplicates === true
    }
    hold(this.layer, fact.event_type, value, {
      position: fact.position,
      event_id: fact.event_id,
      job_id: fact.job_id,
    })
    return true
  }

  /** Folds events one after the other. Those of an array are a batch: nobody looks at an entity in between. */
  applyAll(events: Iterable<Foldable>): this {
    if (Array.isArray(events)) this.#batch = ++this.#batches
    try {
      for (const event of events) this.apply(event)
    } finally {
      this.#batch = no_batch
    }
    return this
  }

  /** Makes the last event one that may be kept, where it is of a page that is about to be released. */
  keepLast(): void {
    if (this.last !== undefined && !isRecordedFact(this.last)) this.last = plain(this.last)
  }

  /** A fold on top of this one. Nothing may be applied here until the branch is merged or dropped. */
  branch(): Branch<E, F> {
    return new Branch(this)
  }

  /** For {@link Branch} alone. */
  absorb(branch: Folding<E, F>, skipped: Skipped): void {
    const { lanes, layer } = branch
    for (const [key, { entity, ordinal }] of layer.entities) {
      if (this.lanes !== undefined && lanes === undefined) this.move(key, ordinal, this.get(key), entity)
      const cell = this.layer.entities.get(key)
      if (cell !== undefined) cell.entity = entity
      // Counted here too: an entity that is new to the branch may be new to what lies below a branch of a branch.
      else {
        const ordinal = this.inherited(key)?.ordinal ?? this.nextOrdinal()
        this.layer.entities.set(key, { entity, ordinal, batch: no_batch })
      }
    }
    if (lanes !== undefined) this.lanes?.absorb(lanes)
    for (const [key, anomalies] of layer.anomalies) this.layer.anomalies.set(key, anomalies)
    for (const [eventType, held] of layer.holders)
      for (const [value, holder] of held) hold(this.layer, eventType, value, holder)
    this.#position = branch.#position
    this.#events = branch.#events
    this.last = branch.last
    this.unknown += skipped.unknown
    this.malformed += skipped.malformed
  }

  /** For {@link Branch} alone. */
  lookUpHolder(eventType: string, value: string): Holder | undefined {
    return this.holderAt(eventType, value)
  }

  /** For {@link Branch} alone. */
  get lastEvent(): Foldable | undefined {
    return this.last
  }
}

/** Folded state that stands on its own. */
export class Fold<E, F extends RecordedFact<string, unknown> = RecordedFact<string, unknown>> extends Folding<E, F> {
  constructor(projection: Projection<E, F>, from: SavedState<E> = emptySaved()) {
    const layer = emptyLayer<E>()
    for (const [key, entity] of from.entities)
      layer.entities.set(key, { entity, ordinal: layer.entities.size, batch: no_batch })
    for (const [key, anomalies] of from.anomalies) layer.anomalies.set(key, anomalies)
    for (const [key, holder] of from.holders) {
      const space = key.indexOf(" ")
      hold(layer, key.slice(0, space), key.slice(space + 1), holder)
    }
    super(projection, layer, from)
    this.unknown = from.skipped.unknown
    this.malformed = from.skipped.malformed
  }

  override get size(): number {
    return this.layer.entities.size
  }
  override get(key: string): E | undefined {
    return this.layer.entities.get(key)?.entity
  }
  protected override inherited(): undefined {
    return undefined
  }
  override cellOf(key: string): Cell<E> | undefined {
    return this.layer.entities.get(key)
  }
  protected override nextOrdinal(): number {
    return this.layer.entities.size
  }
  override indexed(): Lanes {
    if (this.lanes !== undefined) return this.lanes
    this.lanes = new Lanes()
    for (const [key, { entity, ordinal }] of this.layer.entities) this.move(key, ordinal, undefined, entity)
    return this.lanes
  }
  override entries(): Iterable<readonly [string, E]> {
    return entriesOf(this.layer.entities)
  }
  override anomalies(key: string): ReadonlyArray<Anomaly> {
    return this.layer.anomalies.get(key) ?? []
  }
  override anomalous(): Iterable<readonly [string, ReadonlyArray<Anomaly>]> {
    return this.layer.anomalies.entries()
  }
  protected override holderAt(eventType: string, value: string): Holder | undefined {
    return this.layer.holders.get(eventType)?.get(value)
  }

  /** Everything there is to save. */
  save(): SavedState<E> {
    return {
      position: this.position,
      events: this.events,
      ...(this.last === undefined ? {} : { last: plain(this.last) }),
      entities: [...this.entries()],
      anomalies: [...this.layer.anomalies],
      holders: [...this.layer.holders].flatMap(([eventType, held]) =>
        [...held].map(([value, holder]) => [holderKey(eventType, value), holder] as const),
      ),
      skipped: this.skipped,
    }
  }
}

/** Changes that are not durable yet, on top of those that are. */
export class Branch<E, F extends RecordedFact<string, unknown> = RecordedFact<string, unknown>> extends Folding<E, F> {
  readonly #below: Folding<E, F>
  readonly #from: number
  #added = 0

  constructor(below: Folding<E, F>) {
    super(below.projection, emptyLayer(), { position: below.position, events: below.events, last: below.lastEvent })
    this.#below = below
    this.#from = below.position
  }

  override get size(): number {
    return this.#below.size + this.#added
  }
  override get(key: string): E | undefined {
    const own = this.layer.entities.get(key)
    return own === undefined ? this.#below.get(key) : own.entity
  }
  protected override inherited(key: string): Cell<E> | undefined {
    return this.#below.cellOf(key)
  }
  override cellOf(key: string): Cell<E> | undefined {
    return this.layer.entities.get(key) ?? this.#below.cellOf(key)
  }
  protected override nextOrdinal(): number {
    return this.#below.size + this.#added++
  }
  override indexed(): Lanes {
    if (this.lanes !== undefined) return this.lanes
    this.lanes = new Lanes(this.#below.indexed())
    for (const [key, { entity, ordinal }] of this.layer.entities) this.move(key, ordinal, this.#below.get(key), entity)
    return this.lanes
  }
  override *entries(): Iterable<readonly [string, E]> {
    for (const [key, entity] of this.#below.entries()) {
      const own = this.layer.entities.get(key)
      yield [key, own === undefined ? entity : own.entity]
    }
    for (const [key, { entity }] of this.layer.entities) if (this.#below.get(key) === undefined) yield [key, entity]
  }
  override anomalies(key: string): ReadonlyArray<Anomaly> {
    return this.layer.anomalies.get(key) ?? this.#below.anomalies(key)
  }
  override *anomalous(): Iterable<readonly [string, ReadonlyArray<Anomaly>]> {
    for (const [key] of this.#below.anomalous()) yield [key, this.anomalies(key)]
    for (const [key, own] of this.layer.anomalies) if (this.#below.anomalies(key).length === 0) yield [key, own]
  }
  protected override holderAt(eventType: string, value: string): Holder | undefined {
    return this.layer.holders.get(eventType)?.get(value) ?? this.#below.lookUpHolder(eventType, value)
  }
  override get skipped(): Skipped {
    const below = this.#below.skipped
    return { unknown: below.unknown + this.unknown, malformed: below.malformed + this.malformed }
  }

  /**
   * Moves every change down. The branch must not be used afterwards. Throws when something was applied below since the
   * branch was made, because its changes would then rest on a state that is gone.
   */
  merge(): void {
    if (this.#below.position !== this.#from)
      throw new Error("a branch can only be merged into the state it was made from")
    this.#below.absorb(this, { unknown: this.unknown, malformed: this.malformed })
  }
}
