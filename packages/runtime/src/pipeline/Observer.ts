/**
 * What a settlement tells while it goes on. For display and for tests; nothing depends on it.
 *
 * @module
 */
import type { RecordedFact } from "@waybill/ledger"

export type Step = "seed" | "agent" | "build" | "write" | "readback" | "seal" | "verify" | "repair"

export type SettlementEvent =
  | {
      readonly kind: "step"
      readonly at_ms: number
      readonly attempt: number
      readonly step: Step
      readonly state: "started" | "progress" | "done" | "failed"
      readonly detail?: string
      readonly bytes?: number
    }
  /** A fact is durable. */
  | { readonly kind: "recorded"; readonly at_ms: number; readonly fact: RecordedFact<string, unknown> }

export type Observer = (event: SettlementEvent) => void
