import { type CarrierLaw, firstOf, unless } from "../property.ts"
import { forSettlements, needsSettlement } from "../settled.ts"

const law: CarrierLaw = {
  id: "SETTLEMENT-02",
  statement: "An attempt has one end: the first fact that may end it, and one that speaks of it.",
  violation: "a fold that lets a second verdict, or a late failure, take the place of the first.",
  appliesTo: needsSettlement,
  check: (subject) => {
    return forSettlements(subject, "an attempt that has ended", ({ entity, key, statements }, { attempts }) => {
      const ended = attempts(entity).filter(({ end }) => end !== undefined)
      const wrong = firstOf(ended, ({ end, id }) => {
        const own = statements.filter(({ said }) => "attempt" in said && said.attempt === id)
        const ending = own.filter(({ said }) => said.what === "judged" || said.what === "failed")
        const by = ending.find((statement) => statement.id === end?.id)
        // A failure needs nothing before it, so whatever ended the attempt does not stand behind one.
        const failure = ending.find(({ said }) => said.what === "failed")
        const isFirst = by !== undefined && (failure === undefined || by.position <= failure.position)
        const how =
          by?.said.what === "failed"
            ? "failed"
            : by?.said.what === "judged" && by.said.isAccepted
              ? "accepted"
              : "rejected"
        return unless(isFirst && how === end?.how, `the end of ${id} in ${key}`, "the first that may end it", {
          end,
          own,
        })
      })
      return { isShown: ended.length > 0, wrong }
    })
  },
}
export default law
