import { isDeepStrictEqual } from "node:util"
import { fromZero } from "../Audit.ts"
import type { Law } from "../Law.ts"

const law: Law = {
  id: "SIM-08",
  statement: "What a process has folded while it lived is what folding the ledger from zero gives.",
  violation: "a projection runs ahead of what is durable, and keeps a fact that a failed flush has taken back.",
  *check({ beliefs, events }) {
    const zeros = new Map<number, unknown>()
    for (const { position, state, who } of beliefs) {
      const zero =
        zeros.get(position) ??
        fromZero(position === events.at(-1)?.position ? events : events.filter((event) => event.position <= position))
      zeros.set(position, zero)
      if (!isDeepStrictEqual(state, zero)) yield `what ${who} has folded up to ${position} differs`
    }
  },
}
export default law
