/**
 * Opens what a place holds, for one command.
 *
 * @module
 */
import { layerDataPlane } from "@waybill/data-plane"
import { type Files, layerNodeEntropy, layerNodeFiles, layerNodeProcesses } from "@waybill/host"
import { vocabularies } from "@waybill/jobspec"
import { Ledger, type Store, type StoreError } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { layerCommandAgent, layerFileHolds } from "@waybill/runtime"
import { WorkspaceJob } from "@waybill/workspace-job"
import { Effect, Layer, Redacted, type Scope } from "effect"
import { join } from "node:path"
import { ownFolder, type Place } from "./Place.ts"

/** The place's store; the driver of the database is loaded only where there is one. */
export const openStore = ({ root, url }: Place): Effect.Effect<Store, StoreError, Files | Scope.Scope> =>
  url === undefined
    ? makeJsonlStore({ root })
    : Effect.flatMap(
        Effect.promise(() => import("@waybill/ledger-store/postgres")),
        ({ makePostgresStore }) => makePostgresStore({ url: Redacted.make(url) }),
      )

const node = Layer.mergeAll(layerNodeFiles, layerNodeEntropy, layerNodeProcesses)

/** The ledger, and what a machine offers. */
export const ledgerLayer = (place: Place) =>
  Ledger.layer(openStore(place), [WorkspaceJob, ...vocabularies]).pipe(Layer.provideMerge(node))

/** Everything that a settlement needs. */
export const settlementLayer = (place: Place) => {
  const folder = ownFolder(place)
  return Layer.mergeAll(
    Ledger.layer(openStore(place), [WorkspaceJob, ...vocabularies]),
    layerDataPlane({ root: join(folder, "data") }),
    layerCommandAgent({ root: join(folder, "agent-runs") }),
    layerFileHolds({ root: join(folder, "holds") }),
  ).pipe(Layer.provideMerge(node))
}

/** Runs to the end; the signal interrupts. Rejects with the very error that it failed with, or with the signal's reason. */
export const runHere = async <A, E>(effect: Effect.Effect<A, E, Scope.Scope>, signal: AbortSignal): Promise<A> => {
  try {
    return await Effect.runPromise(Effect.scoped(effect), { signal })
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown
  }
}

/** Runs what only needs the files of this machine. */
export const runOnFiles = <A, E>(effect: Effect.Effect<A, E, Files | Scope.Scope>, signal: AbortSignal): Promise<A> =>
  runHere(Effect.provide(effect, layerNodeFiles), signal)
