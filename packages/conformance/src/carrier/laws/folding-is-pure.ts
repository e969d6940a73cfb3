import { isDeepStrictEqual } from "node:util"
import { elsewhere } from "../elsewhere.ts"
import { type CarrierLaw, firstOf, forHostile, unless } from "../property.ts"
import { folded, seen } from "../states.ts"

const law: CarrierLaw = {
  id: "PROJECTION-05",
  statement: "The same history folds to the same state, at any time and however often.",
  violation: "a fold that looks at the clock, at random numbers, or at something that it keeps beside its entities.",
  check: (subject) =>
    forHostile(subject, ({ events }) =>
      firstOf(subject.carrier.projections, (projection) => {
        const once = seen(folded(projection, events))
        const again = elsewhere(() => seen(folded(projection, events)))
        return unless(isDeepStrictEqual(again, once), `${projection.name} on another day`, once, again)
      }),
    ),
}
export default law
