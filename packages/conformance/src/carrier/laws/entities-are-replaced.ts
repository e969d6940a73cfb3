import { Fold, type RecordedEvent } from "@waybill/ledger"
import { isDeepStrictEqual } from "node:util"
import type { AnyProjection } from "../Carrier.ts"
import { type CarrierLaw, firstOf, forHostile, unless } from "../property.ts"
import { folded, seen } from "../states.ts"

/** Small enough that many an entity is seen between its facts, large enough that others are not. */
const page_events = 3

/** What changes under a reader's hands while a page of events is folded, or what a page comes to that single events do not. */
const paged = (projection: AnyProjection, events: ReadonlyArray<RecordedEvent>) => {
  const fold = new Fold(projection)
  const pages = Array.from({ length: Math.ceil(events.length / page_events) }, (_, page) =>
    events.slice(page * page_events, (page + 1) * page_events),
  )
  return (
    firstOf(pages, (page) => {
      const before = [...fold.entries()]
      const entities = structuredClone(before)
      fold.applyAll(page)
      return unless(isDeepStrictEqual(before, entities), `what ${projection.name} held before a page`, entities, before)
    }) ??
    unless(
      isDeepStrictEqual(seen(fold), seen(folded(projection, events.values()))),
      `${projection.name} of events in pages, beside events one by one`,
      seen(folded(projection, events.values())),
      seen(fold),
    )
  )
}

const law: CarrierLaw = {
  id: "PROJECTION-06",
  statement: "An entity that anybody has seen is replaced and never changed, and neither is the fact.",
  violation:
    "pushing to a list of the entity: a reader's answer changes under its hands, and a dropped branch is not dropped.",
  check: (subject) =>
    forHostile(subject, ({ events }) =>
      firstOf(subject.carrier.projections, (projection) => {
        const fold = new Fold(projection)
        return (
          firstOf(events, (event) => {
            const before = [...fold.entries()]
            const [entities, fact] = [structuredClone(before), structuredClone(event)]
            fold.apply(event)
            return (
              unless(isDeepStrictEqual(before, entities), `what ${projection.name} held before`, entities, before) ??
              unless(isDeepStrictEqual(event, fact), `the event that ${projection.name} folded`, fact, event)
            )
          }) ?? paged(projection, events)
        )
      }),
    ),
}
export default law
