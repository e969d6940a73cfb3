import { jsonEqual, makeValidator } from "@waybill/ledger"
import { type CarrierLaw, firstOf, forHostile, unless } from "../property.ts"
import { folded } from "../states.ts"

const law: CarrierLaw = {
  id: "PROJECTION-08",
  statement: "Every entity fits its schema, and is the same data after it was text.",
  violation:
    "a field that the fold sets and the schema does not know as it is: every checkpoint is refused, and nobody sees why.",
  check: (subject) =>
    forHostile(subject, ({ events }) =>
      firstOf(subject.carrier.projections, (projection) => {
        const { accepts, explain } = makeValidator(projection.entity, "open")
        return firstOf(folded(projection, events).entries(), ([key, entity]) => {
          const what = `the entity ${key} of ${projection.name}`
          const text: unknown = JSON.parse(JSON.stringify(entity))
          // A field that is undefined is one that is absent.
          const present: unknown = JSON.parse(JSON.stringify(text))
          return (
            unless(accepts(entity), what, "to fit its schema", { entity, issues: explain(entity) }) ??
            unless(accepts(text), `${what}, saved`, "to fit its schema", { text, issues: explain(text) }) ??
            unless(jsonEqual(text, present) && isPlain(entity), what, "plain JSON data", entity)
          )
        })
      }),
    ),
}

/** Whether a value is made of what JSON has, fields that are undefined aside. */
const isPlain = (value: unknown): boolean => {
  if (typeof value === "number") return Number.isFinite(value)
  if (typeof value !== "object" || value === null) return typeof value !== "bigint" && typeof value !== "function"
  const prototype: unknown = Object.getPrototypeOf(value)
  const isKnown = Array.isArray(value) || prototype === Object.prototype || prototype === null
  return isKnown && Object.values(value).every(isPlain)
}
export default law
