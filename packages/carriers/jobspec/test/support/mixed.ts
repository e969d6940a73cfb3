/** What tests of documents begin with. */
import type { Reading, Replay, Submit } from "../../src/index.ts"
import { Desk, start_ms } from "./desk.ts"

export const at = (s: number) => start_ms + s * 1000
export const clean: Replay = { corrupt_record_count: 0 }
export const reading: Reading = { now_ms: at(90), replay: clean }
export const corrupt_reason = "read-only ledger replay observed corrupt records"
export const submit = (job_id: string, job_type: string, more: Partial<Submit> = {}): Submit => ({
  kind: "submit",
  job_type,
  job_id,
  ...more,
})
/** One job of each list. */
export const mixed = () => {
  const desk = new Desk()
  desk.must(submit("r", "rpi.run", { request_id: "rr" }))
  desk.must(submit("d", "dream.stage"))
  desk.must(submit("w", "wiki.forge"))
  desk.must(submit("s", "openclaw.snapshot"))
  desk.must(submit("e", "eval.suite"))
  return desk
}
export const ids = (list: Iterable<{ readonly job_id?: string }>) => [...list].map(({ job_id }) => job_id)
