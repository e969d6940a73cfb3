/**
 * What the store kit asks for: somewhere to open stores.
 *
 * @module
 */
import type { Ledger, Store, StoreError } from "@waybill/ledger"
import type { Effect, Scope } from "effect"
import type { MakeSubject } from "../checkLaws.ts"
import type { Law } from "../Law.ts"

/** One ledger's place: a folder, a database schema. Empty at first. */
export interface Place {
  /** May be called again and again, as so many processes would; each store sees the same records. */
  readonly open: Effect.Effect<Store, StoreError, Scope.Scope>
  /**
   * Everything that is not durable is lost and every holder of a lock is dead, as in a power cut. Stores that were opened
   * before are not used again. Leave it out where there is no such thing, and the laws about it do not apply.
   */
  readonly crash?: Effect.Effect<void>
  /** How a ledger is made over a store, when that is not `Ledger.make`. */
  readonly ledger?: typeof Ledger.make
}

/** Makes a fresh, empty place for one law. */
export type MakePlace = MakeSubject<Place>
export type StoreLaw = Law<Place>
