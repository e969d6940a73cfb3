/**
 * What a settlement tells while it goes on. For display and for tests; nothing depends on it.
 *
 * @module
 */
import type { RecordedFact } from "@waybill/ledger"
import type { Effect } from "effect"
import { guardedObserver } from "../guardedObserver.ts"
import type { Holder } from "./Holder.ts"

export type Step = "seed" | "agent" | "build" | "write" | "readback" | "seal" | "verify" | "repair"

export type SettlementEvent =
  | {
      readonly kind: "step"
      readonly at_ms: number
      readonly attempt: number
      readonly step: Step
      readonly state: "started" | "progress" | "done" | "failed"
      /**
       * Of a step that failed, all that is known about why, uncut; a fact holds no more than a code of the catalogue. Values
       * of the variables that a command was given are not in it.
       */
      readonly detail?: string
      readonly bytes?: number
    }
  /** Somebody else is at work on the run, and this settlement waits. Told again when it is another one. */
  | { readonly kind: "waiting"; readonly at_ms: number; readonly runId: string; readonly holder?: Holder }
  /** A fact is durable. */
  | { readonly kind: "recorded"; readonly at_ms: number; readonly fact: RecordedFact<string, unknown> }

/** Told each event as it happens. One that throws, or whose promise rejects, is reported in the log; the settlement goes on. */
export type Observer = (event: SettlementEvent) => void

const eventName = (event: SettlementEvent): string => {
  if (event.kind === "waiting") return "waiting"
  return event.kind === "recorded" ? event.fact.event_type : `${event.step} ${event.state}`
}

/** The observer as the settlement uses it: it never throws. Its first fault is logged, with the event that met it. */
export const guarded = (observe: Observer): Effect.Effect<Observer> => guardedObserver(observe, "settlement", eventName)
