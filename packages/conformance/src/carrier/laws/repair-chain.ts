import { type CarrierLaw, firstOf, unless } from "../property.ts"
import { forSettlements, needsSettlement } from "../settled.ts"

const law: CarrierLaw = {
  id: "SETTLEMENT-03",
  statement: "A repair repairs the attempt before it, which was rejected.",
  violation:
    "a fold that begins an attempt for whoever asks: a verified job is repaired, or an attempt repairs one that still runs.",
  appliesTo: needsSettlement,
  check: (subject) =>
    forSettlements(subject, "a repair", ({ entity, key }, { attempts }) => {
      const all = attempts(entity)
      const repairs = all.flatMap((attempt, i) =>
        attempt.repairs === undefined ? [] : [{ attempt, previous: all[i - 1] }],
      )
      const wrong = firstOf(repairs, ({ attempt, previous }) =>
        unless(
          previous !== undefined && previous.id === attempt.repairs && previous.end?.how === "rejected",
          `what ${attempt.id} of ${key} repairs`,
          "the attempt before it, rejected",
          previous,
        ),
      )
      return { isShown: repairs.length > 0, wrong }
    }),
}
export default law
