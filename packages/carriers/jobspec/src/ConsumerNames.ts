/**
 * The consumer surface has two names: the contract's page says OpenClaw, a later revision says consumer (JobSpec v0 §2).
 * Both are served and both are read; whatever depends on the name is in this table.
 *
 * @module
 */

export interface ConsumerNames {
  /** Routes begin with this. */
  readonly route: "/openclaw/v1" | "/consumer/v1"
  /** The key in a projection set, and the capability's first word. */
  readonly field: "openclaw" | "consumer"
  readonly job_type: "openclaw.snapshot" | "consumer.snapshot"
  readonly projection: "openclaw-snapshot" | "consumer-snapshot"
  /** What the actor of a trigger's facts begins with. */
  readonly actor: "openclaw-trigger" | "consumer-trigger"
  /** The name in prose: the trigger's refusal says it. */
  readonly title: "OpenClaw" | "Consumer"
}

/** The names of the contract's page; the default. */
export const openclaw_names: ConsumerNames = {
  route: "/openclaw/v1",
  field: "openclaw",
  job_type: "openclaw.snapshot",
  projection: "openclaw-snapshot",
  actor: "openclaw-trigger",
  title: "OpenClaw",
}

/** The names of the later revision. */
export const consumer_names: ConsumerNames = {
  route: "/consumer/v1",
  field: "consumer",
  job_type: "consumer.snapshot",
  projection: "consumer-snapshot",
  actor: "consumer-trigger",
  title: "Consumer",
}
