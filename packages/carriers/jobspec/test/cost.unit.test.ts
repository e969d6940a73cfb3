/** What a command looks at: counted, not timed. The index itself is counted where it is made, in the ledger. */
import type { View } from "@waybill/ledger"
import { expect, it } from "vitest"
import { consumerHealth, type QueueCommand, type QueueJob, readiness } from "../src/index.ts"
import { Desk, digest, start_ms } from "./support/desk.ts"

/** A view that counts what is asked of it. Nobody may walk over all jobs. */
const counting = <E>(view: View<E>) => {
  let looks = 0
  const counted: View<E> = {
    position: view.position,
    lastEventId: view.lastEventId,
    events: view.events,
    size: view.size,
    skipped: view.skipped,
    get: (key) => {
      looks++
      return view.get(key)
    },
    holder: (type, value) => {
      looks++
      return view.holder(type, value)
    },
    *due(lane, until) {
      for (const key of view.due(lane, until)) {
        looks++
        yield key
      }
    },
    earliest: (lane) => view.earliest(lane),
    count: (lane) => view.count(lane),
    anomalies: (key) => view.anomalies(key),
    anomalous: () => {
      throw new Error("looked at every anomaly")
    },
    entries: () => {
      throw new Error("looked at every job")
    },
  }
  return { view: counted, looks: () => looks }
}

/** A queue of jobs that are held, but for the last, which waits. */
const queueOf = (jobs: number) => {
  const desk = new Desk()
  for (let i = 0; i < jobs; i++) {
    desk.must({ kind: "submit", job_type: "rpi.run", job_id: `j${i}`, idempotency_key: `k${i}` })
    if (i < jobs - 1) desk.must({ kind: "claim", job_id: `j${i}`, token_sha256: digest(`${i}`), now_ms: start_ms })
  }
  return desk
}

const token_sha256 = digest("t")
const hold = { token_sha256: digest("0"), lease_epoch: 1 }
const commands: ReadonlyArray<QueueCommand> = [
  { kind: "submit", job_type: "rpi.run" },
  { kind: "submit", job_type: "rpi.run", job_id: "j1", idempotency_key: "k1" },
  { kind: "claim_next", token_sha256, now_ms: start_ms },
  { kind: "claim_next", job_types: ["wiki.forge", "rpi.run"], hasDataPlane: true, token_sha256, now_ms: start_ms },
  { kind: "claim_next", job_types: ["wiki.forge"], token_sha256, now_ms: start_ms },
  { kind: "claim", job_id: "j1", token_sha256, now_ms: start_ms },
  { kind: "heartbeat", job_id: "j0", hold, now_ms: start_ms },
  { kind: "complete", job_id: "j0", hold, now_ms: start_ms },
  { kind: "fail", job_id: "j0", hold, now_ms: start_ms },
  { kind: "cancel", job_id: "j0" },
  { kind: "expire", job_id: "j0", now_ms: start_ms },
]

const [few, many] = [queueOf(3), queueOf(3000)]

it.each(commands)("§18.1 $kind looks at as many jobs among three thousand as among three", (command) => {
  const looks = [few, many].map(({ jobspec, queue }) => {
    const { looks: counted, view } = counting<QueueJob>(queue)
    jobspec.queue.decide(view, command)
    return counted()
  })
  expect(looks[1]).toBe(looks[0])
  expect(looks[1]).toBeLessThan(5)
})

it("§18.1 ready and the consumer's health look at no job at all", () => {
  const { jobs, queue, states } = many.views()
  const replay = { corrupt_record_count: 0 }
  const [counted, health] = [counting(queue), counting(jobs)]
  expect(readiness(counted.view, replay).projection_lag.event_count).toBe(5999)
  expect(consumerHealth({ jobs: health.view, states }, replay, start_ms).resource_counts.runs).toBe(3000)
  expect([counted.looks(), health.looks()]).toEqual([0, 0])
})
