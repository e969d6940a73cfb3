/**
 * What the routes work with.
 *
 * @module
 */
import type { JobSpec, Replay } from "@waybill/jobspec"
import type { AppendError, LedgerShape, StoreError } from "@waybill/ledger"
import type { Effect } from "effect"
import type { Feed } from "./Feed.ts"
import type { Metrics } from "./Metrics.ts"
import type { Outflow } from "./Outflow.ts"
import type { Ask, AskKnown } from "./SharedQuery.ts"
import type { StoredPlans } from "./storedPlans.ts"

export interface App {
  readonly ledger: LedgerShape
  readonly jobspec: JobSpec.JobSpec
  /** Asks folded state; see `SharedQuery`. */
  readonly ask: Ask
  readonly askKnown: AskKnown
  readonly feed: Feed
  readonly metrics: Metrics
  readonly outflow: Outflow
  /** Milliseconds since the epoch. */
  readonly now_ms: () => number
  /** A new token that nobody can guess. */
  readonly makeToken: () => string
  /** How long a worker holds a job that names no other lease. */
  readonly lease_ms: number
  /** Whether `X-AgentOps-Failpoint` is listened to. For tests alone. */
  readonly hasFailpoints: boolean
  readonly plans: Effect.Effect<StoredPlans>
  /** How well the ledger could be read, not longer ago than this. */
  readonly replay: (age_ms_max: number) => Effect.Effect<Replay, StoreError>
  /** Sees to a write that was cut off; answers whether there was one. */
  readonly mendTail: Effect.Effect<boolean, AppendError>
}

/** What an acknowledgement says of the ledger's damage may be this old: looking costs more than the rest of it. */
export const replay_age_ms = 1000
