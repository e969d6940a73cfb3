import { Fold } from "@waybill/ledger"
import { Effect } from "effect"
import { holds } from "../../Law.ts"
import { type CarrierLaw, firstOf, forHostile, unless } from "../property.ts"

const law: CarrierLaw = {
  id: "PROJECTION-10",
  statement: "What has ended stays ended, in the way in which it ended, whatever is recorded afterwards.",
  violation:
    "a fold that takes the last end for the end: a late worker's failure turns a verified job into a failed one.",
  appliesTo: ({ carrier }) => ((carrier.ends ?? []).length > 0 ? undefined : "no projection says what an end is"),
  check: (subject) =>
    Effect.suspend(() => {
      const reached = new Set<string>()
      const { ends = [] } = subject.carrier
      return Effect.andThen(
        forHostile(subject, ({ events }) =>
          firstOf(ends, (ending) => {
            const fold = new Fold(ending.projection)
            const known = new Map<string, ReadonlyArray<string>>()
            return firstOf(events, (event) => {
              fold.apply(event)
              return firstOf(fold.entries(), ([key, entity]) => {
                const now = ending.ends(entity)
                const lost = (known.get(key) ?? []).filter((end) => !now.includes(end))
                known.set(key, now)
                if (now.length > 0) reached.add(ending.projection.name)
                const what = `the ends of ${key} in ${ending.projection.name} after position ${event.position}`
                return unless(lost.length === 0, what, `still ${lost.join(", ")}`, now)
              })
            })
          }),
        ),
        Effect.suspend(() =>
          holds(
            "some history comes to an end",
            ends.every(({ projection }) => reached.has(projection.name)),
            [...reached],
          ),
        ),
      )
    }),
}
export default law
