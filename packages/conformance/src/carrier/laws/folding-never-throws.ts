import { type CarrierLaw, firstOf, forHostile, unless } from "../property.ts"
import { folded } from "../states.ts"

const law: CarrierLaw = {
  id: "PROJECTION-04",
  statement: "Folding throws at nothing that a ledger can hold.",
  violation:
    "a fold that takes for granted what only the constructors promise, such as that the first fact comes first.",
  check: (subject) =>
    forHostile(subject, ({ events }) =>
      firstOf(subject.carrier.projections, (projection) => {
        const threw = [...folded(projection, events).anomalous()]
          .flatMap(([, anomalies]) => anomalies)
          .filter(({ code }) => code === "threw")
        return unless(threw.length === 0, `where ${projection.name} threw`, [], threw)
      }),
    ),
}
export default law
