import type { Law } from "../Law.ts"

const law: Law = {
  id: "SIM-10",
  statement: "The ledger is undamaged, without a hole, and no event id stands twice.",
  violation: "a torn line is fused with the next record, or a batch is recorded in part.",
  *check({ events, health }) {
    for (const { error, position } of health.corrupt) yield `position ${position}: ${error}`
    for (const { error, file } of health.damage ?? []) yield `${file}: ${error}`
    for (const [index, { event_id, position }] of events.entries())
      if (position !== index + 1) yield `${event_id} stands at ${position} and should at ${index + 1}`
    if (new Set(events.map(({ event_id }) => event_id)).size !== events.length) yield "an event id stands twice"
  },
}
export default law
