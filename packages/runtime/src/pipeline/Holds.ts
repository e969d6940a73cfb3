/**
 * The port that keeps two runners off one job.
 *
 * @module
 */
import { Files } from "@waybill/host"
import { folderName } from "@waybill/data-plane"
import { Context, Effect, Layer, Random, type Scope } from "effect"
import { HoldFailed } from "./Errors.ts"

export class Holds extends Context.Service<
  Holds,
  {
    /** True when the run is held until the scope ends; false when somebody else has it. Never waits. */
    readonly tryHold: (runId: string) => Effect.Effect<boolean, HoldFailed, Scope.Scope>
  }
>()("@waybill/runtime/Holds") {}

/** Waits until the run can be held. Looks often at first and then less often. */
export const hold = (runId: string): Effect.Effect<void, HoldFailed, Holds | Scope.Scope> =>
  Effect.gen(function* () {
    const holds = yield* Holds
    for (let wait_ms = 5; !(yield* holds.tryHold(runId)); wait_ms = Math.min(wait_ms * 2, 500))
      yield* Effect.sleep(wait_ms * (0.5 + (yield* Random.next)))
  })

/** Holds by kernel locks under a folder: they end with their process, however it ends. */
export const layerFileHolds = (options: { readonly root: string }): Layer.Layer<Holds, never, Files> =>
  Layer.effect(
    Holds,
    Effect.map(Files, (files) => ({
      tryHold: (runId: string) =>
        Effect.gen(function* () {
          const directory = yield* files.openDirectory(options.root, { create: true })
          const lock = yield* directory.lock(`${folderName(runId)}.lock`)
          return yield* lock.tryAcquire
        }).pipe(Effect.mapError((cause) => new HoldFailed({ runId, cause }))),
    })),
  )
