/**
 * The data plane over a file system.
 *
 * @module
 */
import { Entropy, Files, refuseDuration } from "@waybill/host"
import { Effect, Layer } from "effect"
import { DataPlane } from "./DataPlane.ts"
import { DeadlineRefused } from "./Errors.ts"
import { buildHops } from "./hops/build.ts"
import { deliverHops } from "./hops/deliver.ts"
import { storeHops } from "./hops/store.ts"
import { verifyHops } from "./hops/verify.ts"
import { workspaceHops } from "./hops/workspace.ts"
import { type DataPlaneOptions, makeRoom } from "./Room.ts"
import { sweep } from "./unfinished/sweep.ts"

const make = (options: DataPlaneOptions) =>
  Effect.gen(function* () {
    const files = yield* Files
    const room = yield* makeRoom(files, yield* Entropy, options)
    return DataPlane.of({
      ...workspaceHops(room),
      ...buildHops(room),
      ...storeHops(room),
      ...verifyHops(room),
      ...deliverHops(room),
      sweep: sweep(files.openDirectory(options.root), files),
    })
  })

/** The data plane on whatever file system the layer is given. Throws `DeadlineRefused` where its deadline cannot be kept. */
export const layerDataPlane = (options: DataPlaneOptions): Layer.Layer<DataPlane, never, Files | Entropy> => {
  const reason = options.deadline_ms === undefined ? undefined : refuseDuration(options.deadline_ms)
  if (reason !== undefined) throw new DeadlineRefused({ hop: undefined, reason })
  return Layer.effect(DataPlane, make(options))
}
