import { isDeepStrictEqual } from "node:util"
import { elsewhere } from "../elsewhere.ts"
import { type CarrierLaw, firstOf, forHostile, unless } from "../property.ts"
import { folded } from "../states.ts"

const law: CarrierLaw = {
  id: "PROJECTION-11",
  statement: "Where an entity waits depends on the entity alone, and it waits once in each lane at most.",
  violation:
    "a place that is reckoned from the time of the question: what was due is not found, since nobody moves it.",
  appliesTo: ({ carrier }) =>
    carrier.projections.some(({ places }) => places !== undefined) ? undefined : "no projection has lanes",
  check: (subject) =>
    forHostile(subject, ({ events }) =>
      firstOf(subject.carrier.projections, (projection) => {
        const { places } = projection
        if (places === undefined) return undefined
        return firstOf(folded(projection, events).entries(), ([key, entity]) => {
          const once = places(entity)
          const again = elsewhere(() => places(structuredClone(entity)))
          const lanes = once.map(({ lane }) => lane)
          return (
            unless(isDeepStrictEqual(again, once), `the places of ${key} on another day`, once, again) ??
            unless(new Set(lanes).size === lanes.length, `the lanes of ${key}`, "each once", lanes)
          )
        })
      }),
    ),
}
export default law
