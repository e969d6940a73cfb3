import { isRecordedFact } from "@waybill/ledger"
import { Effect, Result } from "effect"
import { type CarrierLaw, firstOf, forHostile, forPlausible, unless } from "../property.ts"
import { statesOf } from "../walk.ts"

const law: CarrierLaw = {
  id: "CARRIER-08",
  statement:
    "A decider answers every command after any history: with facts of its constructors, or a refusal that has a name.",
  violation: "a decider that trusts its state to be sound and throws where a stranger has written into the ledger.",
  check: (subject) =>
    Effect.andThen(
      forPlausible(subject, ({ thrown: [first] }) =>
        unless(
          first === undefined,
          `what ${first?.step.name} does`,
          "facts, or a refusal that has a name",
          first?.cause,
        ),
      ),
      forHostile(subject, ({ events, taken }) => {
        const stateAt = statesOf(subject.carrier, events)
        return firstOf(taken, ({ move, step }) => {
          if (step.projection === undefined) return undefined
          const answer = move.decide(stateAt(step))
          if (Result.isSuccess(answer))
            return unless(
              !answer.success.some(isRecordedFact),
              `what ${step.name} decided`,
              "new facts",
              answer.success,
            )
          const { failure } = answer
          const isNamed = typeof failure === "object" && failure !== null && "_tag" in failure && "message" in failure
          return unless(isNamed, `the refusal of ${step.name}`, "an error with a _tag and a message", failure)
        })
      }),
    ),
}
export default law
