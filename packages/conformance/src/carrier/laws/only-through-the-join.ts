import { type CarrierLaw, unless } from "../property.ts"
import { forSettlements, needsSettlement } from "../settled.ts"

const law: CarrierLaw = {
  id: "SETTLEMENT-01",
  statement: "Only what an accepting verdict names through a finalized artifact of the same attempt may be delivered.",
  violation: "a fold that takes the verdict's word: it names an artifact of another attempt, or none that there is.",
  appliesTo: needsSettlement,
  check: (subject) =>
    forSettlements(subject, "something that may be delivered", ({ entity, key, statements }, { deliverable }) => {
      const artifact = deliverable(entity)
      if (artifact === undefined) return { isShown: false }
      const isJoined = statements.some(({ said, position }) => {
        if (said.what !== "judged" || !said.isAccepted || said.attempt !== artifact.attempt) return false
        return statements.some(
          (other) =>
            other.said.what === "finalized" &&
            other.id === said.finalized &&
            other.position < position &&
            other.said.attempt === artifact.attempt &&
            other.said.bytes === artifact.bytes,
        )
      })
      const found = { artifact, statements }
      return { isShown: true, wrong: unless(isJoined, `what may be delivered of ${key}`, "to be joined", found) }
    }),
}
export default law
