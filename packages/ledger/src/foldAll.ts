/**
 * Folding a whole history at once, in whatever order it comes.
 *
 * @module
 */
import { isRecordedFact, type RecordedFact } from "./Fact.ts"
import { Fold } from "./Fold.ts"
import { type Foldable, isEnvelope, sameEvent, spelling } from "./Foldable.ts"
import type { Projection } from "./Projection.ts"

const byPosition = (a: Foldable, b: Foldable): number => {
  if (a.position !== b.position) return a.position - b.position
  if (sameEvent(a, b)) return 0
  // Two records claim one place. Any fixed order will do, as long as it does not depend on the order they came in.
  const [x, y] = [spelling(a), spelling(b)]
  return x < y ? -1 : x > y ? 1 : 0
}

/**
 * Folds a whole history, in whatever order it comes: it is sorted by position first, identical copies count once, and of
 * copies that differ the first stands.
 */
export const foldAll = <E, F extends RecordedFact<string, unknown>>(
  projection: Projection<E, F>,
  history: Iterable<Foldable>,
): Fold<E, F> => {
  const fold = new Fold(projection)
  const events: Array<Foldable> = []
  let isSorted = true
  let previous = 0
  for (const event of history) {
    if (!isRecordedFact(event) && !isEnvelope(event)) {
      fold.apply(event)
      continue
    }
    isSorted &&= event.position > previous
    previous = event.position
    events.push(event)
  }
  if (!isSorted) events.sort(byPosition)
  return fold.applyAll(events)
}
