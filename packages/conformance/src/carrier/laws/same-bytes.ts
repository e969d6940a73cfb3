import { type CarrierLaw, unless } from "../property.ts"
import { forSettlements, needsSettlement } from "../settled.ts"

const law: CarrierLaw = {
  id: "SETTLEMENT-04",
  statement: "What may be delivered are the bytes that were written and the bytes that were read back.",
  violation: "a fold that compares nothing: it delivers what was finalized, whatever the storage holds.",
  appliesTo: needsSettlement,
  check: (subject) =>
    forSettlements(subject, "something that may be delivered", ({ entity, key, statements }, { deliverable }) => {
      const artifact = deliverable(entity)
      if (artifact === undefined) return { isShown: false }
      const bytesThatWere = (what: "written" | "read back") =>
        statements.flatMap(({ said }) => (said.what === what && said.attempt === artifact.attempt ? [said.bytes] : []))
      const [written, read] = [bytesThatWere("written"), bytesThatWere("read back")]
      const isSame = read[0] === artifact.bytes && (written.length === 0 || written.includes(artifact.bytes))
      return {
        isShown: true,
        wrong: unless(isSame, `what may be delivered of ${key}`, "the same bytes at every hop", {
          artifact,
          written,
          read,
        }),
      }
    }),
}
export default law
