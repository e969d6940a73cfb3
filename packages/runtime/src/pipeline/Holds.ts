/**
 * The port that keeps two runners off one job.
 *
 * @module
 */
import { Files } from "@waybill/host"
import { folderName } from "@waybill/data-plane"
import { Context, Effect, Layer, Random, type Scope } from "effect"
import { HoldFailed, RunHeld } from "./Errors.ts"

export class Holds extends Context.Service<
  Holds,
  {
    /** True when the run is held until the scope ends; false when somebody else has it. Never waits. */
    readonly tryHold: (runId: string) => Effect.Effect<boolean, HoldFailed, Scope.Scope>
  }
>()("@waybill/runtime/Holds") {}

/** Waits until the run can be held, at most so long. Looks often at first and then less often. */
export const hold = (runId: string, wait_ms: number): Effect.Effect<void, HoldFailed | RunHeld, Holds | Scope.Scope> =>
  Effect.gen(function* () {
    const holds = yield* Holds
    let waited_ms = 0
    for (let look_ms = 5; !(yield* holds.tryHold(runId)); look_ms = Math.min(look_ms * 2, 500)) {
      if (waited_ms >= wait_ms) return yield* new RunHeld({ runId, waited_ms: wait_ms })
      const pause_ms = Math.min(look_ms * (0.5 + (yield* Random.next)), wait_ms - waited_ms)
      yield* Effect.sleep(pause_ms)
      waited_ms += pause_ms
    }
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
