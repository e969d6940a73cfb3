/**
 * The answer that touches nothing (JobSpec v0 §3.1).
 *
 * @module
 */
import { formatTime } from "@waybill/ledger"

export interface HealthDocument {
  readonly status: "ok"
  /** The contract's constant, whoever answers. */
  readonly daemon: "agentopsd"
  readonly read_only: true
  readonly now: string
}

export const healthDocument = (now_ms: number): HealthDocument => ({
  status: "ok",
  daemon: "agentopsd",
  read_only: true,
  now: formatTime(now_ms),
})
