import { jsonEqual } from "@waybill/ledger"
import type { Law } from "../Law.ts"

const law: Law = {
  id: "SIM-01",
  statement: "A fact that anybody was answered is in the ledger for ever, at its position and as it was.",
  violation: "an append is answered before its bytes are flushed, and the power is cut in between.",
  *check({ events, witness }) {
    const recorded = new Map(events.map((event) => [event.position, event]))
    for (const [position, { fact, who }] of witness.facts) {
      const found = recorded.get(position)
      const told = `${who} was told of ${fact.event_id} at ${position}`
      if (found === undefined) yield `${told}, and nothing is there`
      else if (
        found.event_id !== fact.event_id ||
        found.occurred_at !== fact.occurred_at ||
        found.request_id !== fact.request_id ||
        !jsonEqual(found.payload, fact.payload)
      )
        yield `${told}, and ${found.event_id} is there, or it differs`
    }
  },
}
export default law
