/**
 * Saved projections beside the ledger. Only a holder of the append lock saves one; a damaged one is as good as none.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import type { Checkpoint } from "@waybill/ledger"
import { Effect } from "effect"
import { readChecked, writeChecked } from "./checkedFile.ts"

export const checkpoints_name = "checkpoints"

/** Puts a checkpoint in place, whole and durable. */
export const saveCheckpoint = (
  directory: Directory,
  checkpoint: Checkpoint.Checkpoint,
): Effect.Effect<void, FileError> => writeChecked(directory, checkpoints_name, `${checkpoint.name}.json`, checkpoint)

/** The saved checkpoint of a projection; without one the ledger is folded anew. */
export const loadCheckpoint = (
  directory: Directory,
  name: string,
): Effect.Effect<Checkpoint.Checkpoint | undefined, FileError> =>
  Effect.map(
    readChecked(directory, checkpoints_name, `${name}.json`),
    (saved) => saved as Checkpoint.Checkpoint | undefined,
  )
