/**
 * What a fold keeps, by key: one layer for a fold, and one more for each branch on top of it.
 *
 * @module
 */
import type { Anomaly } from "./Projection.ts"
import type { Holder } from "./View.ts"

/** An event type holds no space, so the first one ends it. */
export const holderKey = (eventType: string, value: string): string => `${eventType} ${value}`

/** An entity's place: a fact costs one look-up of its key, not one to read and one to write. */
export interface Cell<E> {
  entity: E
  /** How many entities came before it. */
  readonly ordinal: number
  /** The batch in which the entity was made; nobody sees it before that batch is done. */
  batch: number
}

/** Not in a batch: whatever is made may be seen at once. */
export const no_batch = 0

/** State by key: read through to what lies below, write here. */
export interface Layer<E> {
  readonly entities: Map<string, Cell<E>>
  readonly anomalies: Map<string, ReadonlyArray<Anomaly>>
  /** By event type, then by the key itself. */
  readonly holders: Map<string, Map<string, Holder>>
}

export const hold = <E>({ holders }: Layer<E>, eventType: string, value: string, holder: Holder): void => {
  const held = holders.get(eventType)
  if (held === undefined) holders.set(eventType, new Map([[value, holder]]))
  else held.set(value, holder)
}

export const emptyLayer = <E>(): Layer<E> => ({ entities: new Map(), anomalies: new Map(), holders: new Map() })

/** Each entity with its key. A generator would take three times as long, which is a sixth of a view's fold. */
export const entriesOf = <E>(entities: Map<string, Cell<E>>): IterableIterator<readonly [string, E]> => {
  const cells = entities.entries()
  return {
    [Symbol.iterator]() {
      return this
    },
    next() {
      const { done, value } = cells.next()
      return done === true ? { done, value: undefined } : { done: false, value: [value[0], value[1].entity] }
    },
  }
}
