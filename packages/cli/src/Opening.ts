/**
 * Opens a place's store, and runs what works on it. Loads as little as possible: asking about one job waits for this alone.
 *
 * @module
 */
import { type Files, layerNodeFiles } from "@waybill/host"
import type { Store, StoreError } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { Effect, Redacted, type Scope } from "effect"
import { driverFor } from "./databaseAddress.ts"
import { notPermitted } from "./notPermitted.ts"
import type { Place } from "./Place.ts"

/** What a command does with a ledger. A database holds none before the first one that writes; who reads makes none there. */
export type Use = "read" | "write"

/** The place's store; the driver of the database is loaded only where there is one. */
export const openStore = (
  { root, schema, url }: Place,
  use: Use,
): Effect.Effect<Store, StoreError, Files | Scope.Scope> =>
  url === undefined
    ? makeJsonlStore({ root })
    : Effect.flatMap(
        Effect.promise(() => driverFor(url)),
        ({ makePostgresStore }) =>
          makePostgresStore({
            url: Redacted.make(url),
            missing: use === "read" ? "refuse" : "make",
            ...(schema === undefined ? {} : { schema }),
          }),
      )

/**
 * Runs to the end; the signal interrupts. Rejects with the very error that it failed with, unless the file system forbade it, or with
 * the signal's reason.
 */
export const runHere = async <A, E>(effect: Effect.Effect<A, E, Scope.Scope>, signal: AbortSignal): Promise<A> => {
  try {
    return await Effect.runPromise(Effect.scoped(effect), { signal })
  } catch (thrown) {
    throw signal.aborted ? signal.reason : (notPermitted(thrown) ?? thrown)
  }
}

/** Runs what only needs the files of this machine. */
export const runOnFiles = <A, E>(effect: Effect.Effect<A, E, Files | Scope.Scope>, signal: AbortSignal): Promise<A> =>
  runHere(Effect.provide(effect, layerNodeFiles), signal)
