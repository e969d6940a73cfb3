import { isDeepStrictEqual } from "node:util"
import { type CarrierLaw, firstOf, unless } from "../property.ts"
import { forSettlements, needsSettlement } from "../settled.ts"
import type { Said } from "../Settlement.ts"

const howOf = (said: Said): string | undefined => {
  if (said.what === "failed") return "failed"
  if (said.what === "judged") return said.isAccepted ? "accepted" : "rejected"
  return undefined
}

const law: CarrierLaw = {
  id: "SETTLEMENT-02",
  statement: "An attempt has one end: a fact that speaks of this very attempt, and no later one takes its place.",
  violation: "a fold that lets a second verdict, or a late failure, take the place of the first.",
  appliesTo: needsSettlement,
  check: (subject) =>
    forSettlements(subject, "an attempt that has ended", ({ entity, key, previous, statements }, { attempts }) => {
      const ended = attempts(entity).filter(({ end }) => end !== undefined)
      const before = previous === undefined ? [] : attempts(previous)
      const wrong = firstOf(ended, ({ end, id }) => {
        const known = before.find((attempt) => attempt.id === id)?.end
        const isSaid = statements.some(
          (statement) =>
            statement.id === end?.id &&
            "attempt" in statement.said &&
            statement.said.attempt === id &&
            howOf(statement.said) === end.how,
        )
        return (
          unless(known === undefined || isDeepStrictEqual(end, known), `the end of ${id} in ${key}`, known, end) ??
          unless(isSaid, `the end of ${id} in ${key}`, "a fact that says so of this attempt", { end, statements })
        )
      })
      return { isShown: ended.length > 0, wrong }
    }),
}
export default law
