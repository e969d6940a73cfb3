import { Checkpoint } from "@waybill/ledger"
import { Result } from "effect"
import { isDeepStrictEqual } from "node:util"
import { type CarrierLaw, firstOf, forHostile, unless } from "../property.ts"
import { folded, seen } from "../states.ts"

const asText = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const law: CarrierLaw = {
  id: "PROJECTION-07",
  statement: "A fold that goes on from a saved state, wherever it was cut, comes to what a fold from zero comes to.",
  violation: "an entity that is no JSON (a Map, a Date), or state that is kept anywhere but in entities.",
  check: (subject) =>
    forHostile(subject, ({ events }) =>
      firstOf(subject.carrier.projections, (projection) => {
        const whole = asText(seen(folded(projection, events)))
        const cuts = [0, Math.floor(events.length / 3), Math.floor((2 * events.length) / 3), events.length]
        return firstOf(cuts, (cut) => {
          const saved = asText(Checkpoint.take(folded(projection, events.slice(0, cut)))) as Checkpoint.Checkpoint
          const resumed = Checkpoint.resume(projection, saved)
          if (Result.isFailure(resumed))
            return unless(
              false,
              `${projection.name}, saved after ${cut} events`,
              "to be resumed",
              resumed.failure.message,
            )
          const found = asText(seen(resumed.success.applyAll(events.slice(cut))))
          const what = `${projection.name}, saved after ${cut} events and resumed`
          return unless(isDeepStrictEqual(found, whole), what, whole, found)
        })
      }),
    ),
}
export default law
