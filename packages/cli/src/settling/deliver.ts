/**
 * Hands over the bytes of a verified run, checked once more on the way.
 *
 * @module
 */
import type { Context } from "@waybill/command"
import { deliverJob } from "@waybill/runtime"
import { Effect } from "effect"
import { resolve } from "node:path"
import { runHere, settlementLayer } from "../Opening.ts"
import type { Place } from "../Place.ts"

/** Delivers to a file, whose receipt is then written to stdout, or with `-` to stdout itself. */
export const deliver = async (runId: string, to: string, place: Place, ctx: Context): Promise<void> => {
  const layer = settlementLayer(place)
  if (to !== "-") {
    const file = resolve(process.cwd(), to)
    const receipt = await runHere(Effect.provide(deliverJob(runId, { file }), layer), ctx.signal)
    await ctx.write(`${JSON.stringify(receipt)}\n`)
    return
  }
  const sink = (chunk: Uint8Array) => Effect.promise(() => ctx.write(Uint8Array.from(chunk)))
  const receipt = await runHere(Effect.provide(deliverJob(runId, { sink }), layer), ctx.signal)
  ctx.log(`delivered ${receipt.bytes} bytes, ${receipt.sha256}`)
}
