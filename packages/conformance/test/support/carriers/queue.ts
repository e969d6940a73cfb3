/** The queue of JobSpec, as the carrier kit is told of it. */
import { type Carrier, decides, type DecidesOptions, endsOf, type Past } from "@waybill/conformance"
import { event_types, isTerminal, JobSpec, JobSpecEvents, type QueueCommand } from "@waybill/jobspec"

const jobspec = JobSpec.make()
const { jobs, queue, states } = jobspec.projections

const digest = (text: string): string => Buffer.from(text).toString("hex").padEnd(64, "0").slice(0, 64)

/** A hold that some worker has or had. */
const aHold = ({ draw, facts }: Past) => {
  const claims = facts.filter(({ event_type }) => event_type === "job.claimed")
  if (claims.length === 0) return undefined
  const { job_id, payload } = draw.from(claims)
  const { claim_token, lease_epoch } = payload as { readonly claim_token: string; readonly lease_epoch: number }
  return { job_id, hold: { token_sha256: claim_token, lease_epoch } }
}

const asks = (
  name: QueueCommand["kind"],
  command: (past: Past) => QueueCommand | undefined,
  options?: DecidesOptions,
) => decides(jobspec.queue, command, { name, ...options })

const asHolder = (kind: "heartbeat" | "complete" | "fail", options?: DecidesOptions) =>
  asks(
    kind,
    (past) => {
      const held = aHold(past)
      return held && { kind, ...held, now_ms: past.now_ms }
    },
    options,
  )

export const queueCarrier: Carrier = {
  name: "jobspec.queue",
  reader: JobSpecEvents,
  facts: event_types.filter(({ event_type }) => !event_type.startsWith("schedule.")),
  projections: [queue, jobs, states],
  steps: [
    asks("submit", ({ draw }) => ({
      kind: "submit",
      job_type: draw.from(["rpi.run", "wiki.forge"]),
      job_id: draw.job(),
      max_attempts: draw.from([1, 2, 3]),
      ...(draw.below(2) === 0 ? {} : { idempotency_key: draw.from(["k1", "k2"]) }),
    })),
    asks("claim", ({ draw, events, now_ms }) => ({
      kind: "claim",
      job_id: draw.job(),
      token_sha256: digest(`t${events.length}`),
      once: true,
      now_ms,
    })),
    asks("claim_next", ({ events, now_ms }) => ({
      kind: "claim_next",
      token_sha256: digest(`n${events.length}`),
      once: true,
      now_ms,
    })),
    asHolder("heartbeat", { again: "anything" }),
    asHolder("complete"),
    asHolder("fail"),
    asks("cancel", ({ draw }) => (draw.below(3) > 0 ? undefined : { kind: "cancel", job_id: draw.job() })),
    asks("expire", ({ draw, now_ms }) => ({ kind: "expire", job_id: draw.job(), now_ms })),
  ],
  ends: [endsOf(queue, ({ status }) => (isTerminal(status) ? [status] : []))],
}
