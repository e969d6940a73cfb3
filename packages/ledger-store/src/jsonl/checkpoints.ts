/**
 * Saved projections beside the ledger. Only a holder of the append lock saves one; a damaged one is as good as none.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import type { Checkpoint } from "@waybill/ledger"
import { Effect } from "effect"
import { readExactly } from "./readExactly.ts"

const folder_name = "checkpoints"

/** Puts a checkpoint in place, whole and durable. */
export const saveCheckpoint = (
  directory: Directory,
  checkpoint: Checkpoint.Checkpoint,
): Effect.Effect<void, FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = yield* directory.openDirectory(folder_name, { create: true })
      const name = `${checkpoint.name}.json`
      const draft = yield* folder.openFile(`${name}.tmp`, { access: "write", create: "missing" })
      yield* draft.truncate(0)
      yield* draft.write(new TextEncoder().encode(JSON.stringify(checkpoint)), 0)
      yield* draft.flush
      yield* folder.rename(`${name}.tmp`, name)
      yield* folder.flush
    }),
  )

/** The saved checkpoint of a projection. Fails with `ENOENT` where there is none. */
export const loadCheckpoint = (
  directory: Directory,
  name: string,
): Effect.Effect<Checkpoint.Checkpoint | undefined, FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = yield* directory.openDirectory(folder_name)
      const file = yield* folder.openFile(`${name}.json`, { access: "read" })
      const text = new TextDecoder().decode(yield* readExactly(file, 0, (yield* file.info).bytes))
      try {
        return JSON.parse(text) as Checkpoint.Checkpoint
      } catch {
        // It is a copy of what the ledger says; without it the ledger is folded anew.
        return undefined
      }
    }),
  )
