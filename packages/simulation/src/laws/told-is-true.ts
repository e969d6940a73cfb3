import { isTerminal } from "@waybill/jobspec"
import type { Law } from "../Law.ts"

const law: Law = {
  id: "SIM-02",
  statement:
    "What a client was told of its job stays true: that it is taken in, under which id, that it has ended, and how.",
  violation: "a status is answered out of what is decided and not yet durable, or a second end overwrites the first.",
  *check({ queue, witness }) {
    for (const told of witness.told) {
      const job = queue.get(told.job_id)
      const status = job?.status
      const fault = `${told.who} was told ${JSON.stringify(told)}, and the job is ${String(status)}`
      if (status === undefined || job?.created_at === undefined) yield fault
      else if (told.kind === "submitted" && job.idempotency_key !== told.key)
        yield `${fault} under ${job.idempotency_key}`
      else if (told.kind === "ended" && !isTerminal(status)) yield fault
      else if (told.kind === "status" && told.status !== status) yield fault
    }
  },
}
export default law
