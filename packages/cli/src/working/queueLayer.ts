/**
 * The queue that a worker takes its jobs from.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import { layerNodeRequests } from "@waybill/host"
import { Ledger } from "@waybill/ledger"
import {
  checkServer,
  layerLedgerQueue,
  layerServerQueue,
  type QueueUnavailable,
  type ServerError,
  type ServerOptions,
} from "@waybill/runtime"
import { Effect, Layer, Redacted } from "effect"
import { refuseDamaged } from "../keeping/damage.ts"
import { jobSpecOf } from "../jobs/JobSpecHere.ts"
import { ledgerLayer, machine } from "../Ledgers.ts"
import { commandLine, type Place } from "../Place.ts"
import { tokenFor } from "../server/Client.ts"
import { nobodyThere, refusedBy, strange } from "../server/refusals.ts"
import type { ServerPlace } from "../server/ServerPlace.ts"

/** The place's own queue, for workers on this machine. Of a damaged ledger nobody takes work. */
export const localQueue = (place: Place, types: ReadonlyArray<string>) => {
  const sound = Layer.effectDiscard(Effect.flatMap(Ledger, (ledger) => refuseDamaged(ledger, place)))
  return Layer.merge(sound, layerLedgerQueue({ jobspec: jobSpecOf(types) })).pipe(
    Layer.provide(ledgerLayer(place, "write")),
  )
}

/** Reads the token anew for every call, so that a rotated one counts. */
const tokenOf = async (server: ServerPlace): Promise<Effect.Effect<Redacted.Redacted>> => {
  let last = await tokenFor(server, "work")
  return Effect.promise(async () => {
    // A file that cannot be read now is left with the token of before: the server decides whether that counts.
    last = await tokenFor(server, "work").catch(() => last)
    return Redacted.make(last)
  })
}

/** Why workers cannot work there, as an error that says what to do. */
const explained = (server: ServerPlace, { cause, message }: QueueUnavailable): Error => {
  const error = cause as ServerError
  switch (error._tag) {
    case "ServerUnreachable":
      return error.code === "TIME_LIMIT"
        ? new CommandError({
            exit: "TIMEOUT",
            code: "REQUEST_TIMEOUT",
            message: `The server at ${server.url} did not answer in time.`,
            suggestion: `Raise --connect-timeout, or look at it with: ${commandLine(server, "list")}`,
          })
        : nobodyThere(server, error.code, error)
    case "NoWorkerRoutes":
      return strange(server, `has no routes for workers (${error.status} at ${error.path})`)
    case "UnexpectedAnswer":
      return strange(server, `is no Waybill server: ${error.reason}`)
    case "NotAuthorized":
    case "ServerBusy":
      return refusedBy(server, error.status, error.said, undefined)
    case "ServerRefused":
      return refusedBy(server, error.status, error.said, error.code)
    default:
      return new Error(message)
  }
}

/** The queue of a server that was asked whether this worker may work there. */
export const serverQueue = async (server: ServerPlace, { timeouts }: Pick<Context, "timeouts">) => {
  const options: ServerOptions = {
    url: server.url,
    token: await tokenOf(server),
    ...(timeouts.connectMs === undefined ? {} : { call_ms: timeouts.connectMs }),
  }
  const check = checkServer(options).pipe(
    Effect.catchTag("QueueUnavailable", (unavailable) => Effect.fail(explained(server, unavailable))),
  )
  return Layer.effectDiscard(check).pipe(
    Layer.flatMap(() => layerServerQueue(options)),
    Layer.provide(Layer.merge(layerNodeRequests, machine)),
  )
}
