import { isTerminal } from "@waybill/jobspec"
import type { Law } from "../Law.ts"

const law: Law = {
  id: "SIM-05",
  statement: "Once everything works again, every job comes to its end.",
  violation: "a worker dies between its claim and the job's end, and nobody takes the job from it.",
  *check({ isOver, queue }) {
    for (const [job_id, { status }] of queue.entries()) if (!isTerminal(status)) yield `${job_id} is ${status}`
    if (!isOver) yield "the clients were not done in time"
  },
}
export default law
