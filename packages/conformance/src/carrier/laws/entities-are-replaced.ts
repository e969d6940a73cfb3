import { Fold } from "@waybill/ledger"
import { isDeepStrictEqual } from "node:util"
import { type CarrierLaw, firstOf, forHostile, unless } from "../property.ts"

const law: CarrierLaw = {
  id: "PROJECTION-06",
  statement: "An entity is replaced and never changed, and neither is the fact.",
  violation:
    "pushing to a list of the entity: a reader's answer changes under its hands, and a dropped branch is not dropped.",
  check: (subject) =>
    forHostile(subject, ({ events }) =>
      firstOf(subject.carrier.projections, (projection) => {
        const fold = new Fold(projection)
        return firstOf(events, (event) => {
          const before = [...fold.entries()]
          const [entities, fact] = [structuredClone(before), structuredClone(event)]
          fold.apply(event)
          return (
            unless(isDeepStrictEqual(before, entities), `what ${projection.name} held before`, entities, before) ??
            unless(isDeepStrictEqual(event, fact), `the event that ${projection.name} folded`, fact, event)
          )
        })
      }),
    ),
}
export default law
