import { Effect, Result } from "effect"
import fc from "fast-check"
import { same } from "../../Law.ts"
import { type CarrierLaw, plausible } from "../property.ts"

const law: CarrierLaw = {
  id: "CARRIER-09",
  statement: "Every step that the carrier is checked by is taken: at least once it records something.",
  violation: "commands that are always refused. A law that was never put to the test would hold too.",
  check: ({ carrier, runs, seed }) =>
    Effect.suspend(() => {
      const recorded = new Set<string>()
      for (const { taken } of fc.sample(plausible(carrier), { numRuns: runs, seed }))
        for (const { answer, step } of taken)
          if (Result.isSuccess(answer) && answer.success.length > 0) recorded.add(step.name)
      const idle = carrier.steps.map(({ name }) => name).filter((name) => !recorded.has(name))
      return same("the steps that never record anything", idle, [])
    }),
}
export default law
