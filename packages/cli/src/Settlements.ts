/**
 * Opens everything that a settlement works with.
 *
 * @module
 */
import { layerDataPlane } from "@waybill/data-plane"
import { layerCommandAgent, layerFileHolds } from "@waybill/runtime"
import { Layer } from "effect"
import { join } from "node:path"
import { ledgerOf, machine } from "./Ledgers.ts"
import { ownFolder, type Place } from "./Place.ts"

/** The ledger, the data plane, agents and holds of a place. */
export const settlementLayer = (place: Place) => {
  const folder = ownFolder(place)
  return Layer.mergeAll(
    ledgerOf(place, "write"),
    layerDataPlane({ root: join(folder, "data") }),
    layerCommandAgent({ root: join(folder, "agent-runs") }),
    layerFileHolds({ root: join(folder, "holds") }),
  ).pipe(Layer.provideMerge(machine))
}
