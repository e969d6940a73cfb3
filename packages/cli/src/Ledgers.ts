/**
 * Opens a place's ledger, with every vocabulary that this program knows.
 *
 * @module
 */
import { layerNodeEntropy, layerNodeFiles, layerNodeProcesses } from "@waybill/host"
import { vocabularies } from "@waybill/jobspec"
import { Ledger, type Vocabulary } from "@waybill/ledger"
import { WorkspaceJob } from "@waybill/workspace-job"
import { Layer } from "effect"
import { openStore, type Use } from "./Opening.ts"
import type { Place } from "./Place.ts"

/** What a machine offers. */
export const machine = Layer.mergeAll(layerNodeFiles, layerNodeEntropy, layerNodeProcesses)

/** Those whose facts a ledger of this program may hold. */
export const knownVocabularies: ReadonlyArray<Vocabulary.Reader> = [WorkspaceJob, ...vocabularies]

/** The ledger, over whatever machine it is given. */
export const ledgerOf = (place: Place, use: Use) => Ledger.layer(openStore(place, use), knownVocabularies)

/** The ledger on this machine. */
export const ledgerLayer = (place: Place, use: Use) => ledgerOf(place, use).pipe(Layer.provideMerge(machine))
