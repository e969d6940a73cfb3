/**
 * Hands over the bytes of a verified run, checked once more on the way.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import type { Destination } from "@waybill/data-plane"
import { Ledger } from "@waybill/ledger"
import { deliverJob } from "@waybill/runtime"
import { Effect } from "effect"
import { resolve } from "node:path"
import { refuseNowhere } from "../Nowhere.ts"
import { runHere } from "../Opening.ts"
import { refuseDamaged } from "../keeping/damage.ts"
import { settlementLayer } from "../Settlements.ts"
import { commandAbout, type Place } from "../Place.ts"
import { noSuchRun } from "./explain.ts"

const hand = (runId: string, to: Destination, place: Place) =>
  Effect.gen(function* () {
    yield* refuseDamaged(yield* Ledger, place, "nothing was delivered")
    return yield* Effect.catchTag(deliverJob(runId, to), "NotDeliverable", (refusal) =>
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
    const file = resolve(process.cwd(), to)
    const receipt = await runHere(Effect.provide(hand(runId, { file }, place), layer), ctx.signal)
    await ctx.write(`${JSON.stringify(receipt)}\n`)
    return
  }
  const sink = (chunk: Uint8Array) => Effect.promise(() => ctx.write(Uint8Array.from(chunk)))
  const receipt = await runHere(Effect.provide(hand(runId, { sink }, place), layer), ctx.signal)
  ctx.log(`delivered ${receipt.bytes} bytes, ${receipt.sha256}`)
}
