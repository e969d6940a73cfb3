import type { Law } from "../Law.ts"

const law: Law = {
  id: "SIM-09",
  statement: "No fold finds anything to complain of: no anomaly, and no fact that is not read.",
  violation: "a verdict is recorded that joins nothing, or a step of an attempt that has ended.",
  *check({ queue, runs }) {
    for (const view of [queue, runs]) {
      for (const [key, anomalies] of view.anomalous())
        for (const { code, event_id } of anomalies) yield `${key}: ${code} at ${event_id}`
      if (view.skipped.unknown + view.skipped.malformed > 0) yield `${JSON.stringify(view.skipped)} facts are not read`
    }
  },
}
export default law
