/**
 * The port that keeps two runners off one job.
 *
 * @module
 */
import { type Directory, Files } from "@waybill/host"
import { folderName } from "@waybill/data-plane"
import { Clock, Context, Effect, Layer, Option, Random, Schema, type Scope } from "effect"
import { hostname } from "node:os"
import { HoldFailed, RunHeld } from "./Errors.ts"
import type { Holder } from "./Holder.ts"

export class Holds extends Context.Service<
  Holds,
  {
    /** True when the run is held until the scope ends; false when somebody else has it. Never waits. */
    readonly tryHold: (runId: string) => Effect.Effect<boolean, HoldFailed, Scope.Scope>
    /** Who held the run last: whoever has it now, where somebody has. */
    readonly holder: (runId: string) => Effect.Effect<Holder | undefined>
    /** Host path of the folder that is its own, where it has one: nothing is delivered into it. */
    readonly folder?: string
  }
>()("@waybill/runtime/Holds") {}

/** Waits until the run can be held, at most so long, and tells who has it. Looks often at first and then less often. */
export const hold = (
  runId: string,
  wait_ms: number,
  onWaiting: (holder: Holder | undefined) => Effect.Effect<void>,
): Effect.Effect<void, HoldFailed | RunHeld, Holds | Scope.Scope> =>
  Effect.gen(function* () {
    const holds = yield* Holds
    let waited_ms = 0
    let told: string | undefined
    for (let look_ms = 5; !(yield* holds.tryHold(runId)); look_ms = Math.min(look_ms * 2, 500)) {
      const holder = yield* holds.holder(runId)
      if (waited_ms >= wait_ms)
        return yield* new RunHeld({ runId, waited_ms: wait_ms, ...(holder === undefined ? {} : { holder }) })
      const name = JSON.stringify(holder ?? null)
      if (name !== told) yield* onWaiting(holder)
      told = name
      const pause_ms = Math.min(look_ms * (0.5 + (yield* Random.next)), wait_ms - waited_ms)
      yield* Effect.sleep(pause_ms)
      waited_ms += pause_ms
    }
  })

const Note = Schema.fromJsonString(Schema.Struct({ who: Schema.String, since_ms: Schema.Number }))
const note_bytes_max = 4096
const noteName = (runId: string): string => `${folderName(runId)}.holder`

const writeNote = (directory: Directory, runId: string, holder: Holder) =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* directory.openFile(noteName(runId), { access: "write", create: "missing" })
      const bytes = new TextEncoder().encode(JSON.stringify(holder))
      yield* file.truncate(0)
      yield* file.write(bytes, 0)
    }),
  )

const readNote = (directory: Directory, runId: string) =>
  Effect.gen(function* () {
    const file = yield* directory.openFile(noteName(runId), { access: "read" })
    const bytes = new Uint8Array(note_bytes_max)
    const count = yield* file.read(bytes, 0)
    return yield* Schema.decodeUnknownEffect(Note)(new TextDecoder().decode(bytes.subarray(0, count)))
  })

export interface FileHoldsOptions {
  /** Host path of the folder for the locks; made on first use. */
  readonly root: string
  /** How others are told who holds a run; the process and its host by default. */
  readonly who?: string
}

/** Holds by kernel locks under a folder: they end with their process, however it ends. Beside each lies who took it last. */
export const layerFileHolds = (options: FileHoldsOptions): Layer.Layer<Holds, never, Files> =>
  Layer.effect(
    Holds,
    Effect.map(Files, (files) => {
      const { root, who = `process ${process.pid} on ${hostname()}` } = options
      return {
        folder: root,
        tryHold: (runId: string) =>
          Effect.gen(function* () {
            const directory = yield* files.openDirectory(root, { create: true })
            const lock = yield* directory.lock(`${folderName(runId)}.lock`)
            if (!(yield* lock.tryAcquire)) return false
            // A note for others. That it could not be written is no reason to give up the run.
            yield* Effect.ignore(writeNote(directory, runId, { who, since_ms: yield* Clock.currentTimeMillis }))
            return true
          }).pipe(Effect.mapError((cause) => new HoldFailed({ runId, cause }))),
        // The lock may just have been taken, and the note not be written yet.
        holder: (runId: string) =>
          Effect.scoped(Effect.flatMap(files.openDirectory(root), (directory) => readNote(directory, runId))).pipe(
            Effect.option,
            Effect.map(Option.getOrUndefined),
          ),
      }
    }),
  )
