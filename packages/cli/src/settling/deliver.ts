/**
 * Hands over the bytes of a verified run, checked once more on the way.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import type { Destination, StorageFailed } from "@waybill/data-plane"
import { Ledger } from "@waybill/ledger"
import { deliverJob } from "@waybill/runtime"
import { Effect } from "effect"
import { dirname } from "node:path"
import { refuseNowhere } from "../Nowhere.ts"
import { runHere } from "../Opening.ts"
import { refuseDamaged } from "../keeping/damage.ts"
import { settlementLayer } from "../Settlements.ts"
import { commandAbout, fromHere, type Place } from "../Place.ts"
import { noSuchRun } from "./explain.ts"

/** A folder that is there and in which nothing can be made, as in /proc, says that what is to be made is missing. */
const takesNone = (error: StorageFailed, to: Destination): StorageFailed | CommandError => {
  const { code, path } = error.cause
  if (!("file" in to) || code !== "ENOENT" || dirname(path) !== dirname(to.file)) return error
  return new CommandError({
    exit: "PRECONDITION",
    code: "NOT_PERMITTED",
    message: `--to ${to.file}: no file can be made in ${dirname(path)}.`,
    fix_required: "Name a file in a folder that takes new files.",
    cause: error,
  })
}

const hand = (runId: string, to: Destination, place: Place) =>
  Effect.gen(function* () {
    yield* refuseDamaged(yield* Ledger, place, "nothing was delivered")
    const delivered = Effect.catchTag(deliverJob(runId, to), "StorageFailed", (error) =>
      Effect.fail(takesNone(error, to)),
    )
    return yield* Effect.catchTag(delivered, "NotDeliverable", (refusal) =>
      Effect.fail(
        refusal.status === "missing"
          ? noSuchRun(runId, place)
          : new CommandError({
              exit: "CONFLICT",
              code: "NOT_DELIVERABLE",
              message: `Run ${runId} is ${refusal.status}; only a verified artifact is delivered.`,
              suggestion: `See what became of it with: ${commandAbout(runId, place, "explain")}`,
            }),
      ),
    )
  })

/** Delivers to a file, whose receipt is then written to stdout, or with `-` to stdout itself. */
export const deliver = async (runId: string, to: string, place: Place, ctx: Context): Promise<void> => {
  refuseNowhere(place)
  const layer = settlementLayer(place)
  if (to !== "-") {
    const file = fromHere(to)
    const receipt = await runHere(Effect.provide(hand(runId, { file }, place), layer), ctx.signal)
    if (ctx.isForPeople) ctx.log(`delivered ${receipt.bytes} bytes to ${file}, ${receipt.sha256}`)
    else await ctx.write(`${JSON.stringify(receipt)}\n`)
    return
  }
  const sink = (chunk: Uint8Array) => Effect.promise(() => ctx.write(Uint8Array.from(chunk)))
  const receipt = await runHere(Effect.provide(hand(runId, { sink }, place), layer), ctx.signal)
  ctx.log(`delivered ${receipt.bytes} bytes, ${receipt.sha256}`)
}
