import { isRecordedFact, type RecordedEvent } from "@waybill/ledger"
import { isDeepStrictEqual } from "node:util"
import type { AnyProjection } from "../Carrier.ts"
import { type CarrierLaw, firstOf, forHostile, unless } from "../property.ts"
import { folded } from "../states.ts"

/** The key that an event goes to, and whether it takes a unique key on the way, which others may see. */
const placeOf = ({ key, reader }: AnyProjection, event: RecordedEvent) => {
  const fact = reader.owns(event.event_type) ? reader.decode(event) : undefined
  if (!isRecordedFact(fact)) return undefined
  return { key: key(fact), isUnique: reader.uniqueOf(event.event_type) !== undefined }
}

const law: CarrierLaw = {
  id: "PROJECTION-09",
  statement: "Facts of other keys change nothing of an entity.",
  violation: "a fold that remembers the last fact it saw, whoever it was about.",
  check: (subject) =>
    forHostile(subject, ({ events }) =>
      firstOf(subject.carrier.projections, (projection) =>
        firstOf(folded(projection, events).entries(), ([key, entity]) => {
          const own = events.filter((event) => {
            const place = placeOf(projection, event)
            return place !== undefined && (place.key === key || place.isUnique)
          })
          const alone = folded(projection, own).get(key)
          return unless(
            isDeepStrictEqual(alone, entity),
            `${projection.name} of ${key}, without the others`,
            entity,
            alone,
          )
        }),
      ),
    ),
}
export default law
