/**
 * What the laws of settlement have to know of a carrier that settles: which facts speak of attempts and of bytes, and what the
 * carrier's projection makes of them.
 *
 * @module
 */
import type { Projection } from "@waybill/ledger"
import type { AnyFact, AnyProjection } from "./Carrier.ts"

/** What a fact says. An attempt is named by the id of the event that asked for it; bytes by a text that is the same for the same. */
export type Said =
  | { readonly what: "asked" }
  | { readonly what: "written" | "read back" | "finalized"; readonly attempt: string; readonly bytes: string }
  | { readonly what: "judged"; readonly attempt: string; readonly finalized: string; readonly isAccepted: boolean }
  | { readonly what: "failed"; readonly attempt: string }

/** An attempt as the projection tells it. */
export interface ToldAttempt {
  readonly id: string
  /** The attempt that it repairs. */
  readonly repairs?: string | undefined
  /** The event that ended it. */
  readonly end?: { readonly id: string; readonly how: "accepted" | "rejected" | "failed" } | undefined
}

/** Made by {@link settling}. */
export interface Settlement {
  readonly projection: AnyProjection
  readonly says: (fact: AnyFact) => Said | undefined
  readonly attempts: (entity: unknown) => ReadonlyArray<ToldAttempt>
  readonly deliverable: (entity: unknown) => { readonly attempt: string; readonly bytes: string } | undefined
}

/** Declares a carrier's settlement. Entities are those of its projection; attempts come in their order. */
export const settling = <E, F extends AnyFact>(declared: {
  readonly projection: Projection.Projection<E, F>
  readonly says: (fact: NoInfer<F>) => Said | undefined
  readonly attempts: (entity: NoInfer<E>) => ReadonlyArray<ToldAttempt>
  /** What may be delivered of an entity, if anything may. */
  readonly deliverable: (entity: NoInfer<E>) => { readonly attempt: string; readonly bytes: string } | undefined
}): Settlement => ({
  projection: declared.projection,
  // The reader that yields facts here is the projection's own.
  says: (fact) => declared.says(fact as F),
  attempts: (entity) => declared.attempts(entity as E),
  deliverable: (entity) => declared.deliverable(entity as E),
})
