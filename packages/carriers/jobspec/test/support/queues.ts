/** What tests of the queue begin with. */
import type { Hold, Submit } from "../../src/index.ts"
import { Desk, digest, start_ms } from "./desk.ts"

export const at = (s: number) => start_ms + s * 1000
export const submit = (job_id: string, more: Partial<Submit> = {}): Submit => ({
  kind: "submit",
  job_type: "rpi.run",
  job_id,
  ...more,
})
export const queueOf = (...ids: ReadonlyArray<string>) => {
  const desk = new Desk()
  for (const id of ids) desk.must(submit(id))
  return desk
}
/** Claims and answers with the hold. */
export const take = (desk: Desk, job_id: string, now_ms = start_ms, token = `token ${desk.queue.position}`): Hold => {
  const [fact] = desk.must({ kind: "claim", job_id, token_sha256: digest(token), now_ms })
  return { token_sha256: digest(token), lease_epoch: Number(fact?.payload["lease_epoch"]) }
}
export const next = (desk: Desk, s: number, more: object = {}) =>
  desk
    .must({ kind: "claim_next", token_sha256: digest("t"), now_ms: at(s), ...more })
    .map(({ event_type, job_id }) => `${event_type} ${job_id}`)
