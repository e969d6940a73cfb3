/**
 * The server that is checked, and what its author may add so that more can be looked at.
 *
 * @module
 */

export interface Target {
  /** `http://127.0.0.1:8765`, without a slash at its end. */
  readonly url: string
  /** A token that may do everything; without it nothing that changes the server is looked at. */
  readonly token?: string
  /**
   * Kills the server (SIGKILL), runs `meanwhile`, starts it again on the same ledger and resolves when it
   * answers, with its address. While `meanwhile` runs nothing may answer there. Unlocks the laws of durability.
   */
  readonly restart?: (meanwhile?: () => Promise<void>) => Promise<{ readonly url: string }>
  /** Where the server's own ledger lies (`…/.agents/daemon/ledger.jsonl`). With `restart` it unlocks the laws of damage. */
  readonly ledger?: string
}

/** What the server was found to be able to do. A law about what is not there does not apply, and never passes. */
export interface Capabilities {
  /** Whether the token opens the mutation routes. */
  readonly mutates: boolean
  readonly cancels: boolean
  /** `/waybill/v1/jobs/{id}/claim` and its kin: workers over HTTP. */
  readonly works: boolean
  /** The prefixes of the consumer surface that are served. */
  readonly consumers: ReadonlyArray<Consumer>
  /** Whether `/health` is `/v1/health`, and so on. */
  readonly aliases: boolean
  readonly schedules: boolean
  readonly plans: boolean
  /** Whether requests may ask for failures (`X-AgentOps-Failpoint`). */
  readonly failpoints: boolean
}

/** One of the two names of the consumer surface (JobSpec v0 §2). */
export interface Consumer {
  readonly prefix: "/openclaw/v1" | "/consumer/v1"
  /** How refusals of the trigger call it. */
  readonly name: "OpenClaw" | "Consumer"
  /** Its job type, the name of its projection, and the field of the projections. */
  readonly job_type: "openclaw.snapshot" | "consumer.snapshot"
  readonly projection: "openclaw-snapshot" | "consumer-snapshot"
  readonly field: "openclaw" | "consumer"
  readonly actor: "openclaw-trigger" | "consumer-trigger"
}

export const consumers: ReadonlyArray<Consumer> = [
  {
    prefix: "/openclaw/v1",
    name: "OpenClaw",
    job_type: "openclaw.snapshot",
    projection: "openclaw-snapshot",
    field: "openclaw",
    actor: "openclaw-trigger",
  },
  {
    prefix: "/consumer/v1",
    name: "Consumer",
    job_type: "consumer.snapshot",
    projection: "consumer-snapshot",
    field: "consumer",
    actor: "consumer-trigger",
  },
]
