/**
 * Serves JobSpec v0 over a place's ledger until it is told to stop.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import { layerNodeFiles } from "@waybill/host"
import { CannotListen, makeLog, parseAddress, readWorkPlan, runServer } from "@waybill/jobspec-server"
import { VerifierOutputs } from "@waybill/runtime"
import { Effect, Redacted } from "effect"
import { damagesOf, refuseDamaged } from "../keeping/damage.ts"
import { otherTypes } from "../jobs/JobSpecHere.ts"
import { unlessForbidden } from "../notPermitted.ts"
import { openStore } from "../Opening.ts"
import { ownFolder, type Place } from "../Place.ts"
import { keepOutputs } from "../settling/verifierOutputs.ts"
import { tokenFileOf } from "./tokenFileOf.ts"

export interface ServeWords {
  readonly addr: string
  readonly "token-file"?: string | undefined
  readonly lease_ms: number
  readonly grace_ms: number
  readonly failpoints: boolean
  readonly workers: number
  readonly "work-plan"?: string | undefined
  readonly "job-type": ReadonlyArray<string>
}

const addressOf = (text: string) => {
  const address = parseAddress(text)
  if (!(address instanceof CannotListen)) return address
  throw new CommandError({
    exit: "ARG_ERROR",
    code: "ADDRESS_REFUSED",
    message: `--addr: ${address.message}.`,
    fix_required: "Name an address of this machine, such as 127.0.0.1:8765.",
  })
}

/** Resumes when the signal aborts. */
const aborted = (signal: AbortSignal): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const told = () => resume(Effect.void)
    if (signal.aborted) told()
    else signal.addEventListener("abort", told, { once: true })
  })

/** The first line says where; everything else is said on stderr, one JSON object per line. Returns when all is stopped. */
export const serve = async (words: ServeWords, place: Place, ctx: Context): Promise<void> => {
  const { failpoints, grace_ms, lease_ms } = words
  const { root, schema, url: database } = place
  const address = addressOf(words.addr)
  const log = makeLog((line) => void process.stderr.write(line), Date.now)
  const damages = Effect.scoped(Effect.flatMap(openStore(place, "write"), damagesOf))
  const program = Effect.gen(function* () {
    if (words.workers > 0)
      yield* Effect.scoped(Effect.flatMap(openStore(place, "write"), (store) => refuseDamaged(store, place)))
    const plan = words["work-plan"] === undefined ? undefined : yield* readWorkPlan(words["work-plan"])
    const serving = yield* runServer({
      root,
      address,
      log,
      lease_ms,
      hasFailpoints: failpoints,
      job_types: otherTypes(words["job-type"]),
      token_file: tokenFileOf(words, place, ctx.env),
      ...(plan === undefined
        ? {}
        : { workers: { count: words.workers, plan, folder: ownFolder(place), drain_ms: grace_ms, env: ctx.env } }),
      ...(database === undefined ? {} : { database: Redacted.make(database) }),
      ...(schema === undefined ? {} : { schema }),
    })
    const { isNewToken, url } = serving
    const first = { url, pid: process.pid, root, token_file: serving.token_file, made_token: isNewToken }
    yield* Effect.promise(() => ctx.write(first))
    log("info", "serving", { url })
    // Readiness says it as well; whoever has just started a server hears of it without asking.
    yield* Effect.forkScoped(
      Effect.match(damages, {
        onFailure: ({ message }) => log("warn", "the ledger cannot be looked at", { reason: message }),
        onSuccess: ([first]) => {
          if (first !== undefined) log("warn", "the ledger is damaged", { code: "LEDGER_DAMAGED", first })
        },
      }),
    )
    yield* aborted(ctx.signal)
    const reason: unknown = ctx.signal.reason
    log("info", "draining", { reason: reason instanceof Error ? reason.message : String(reason) })
    yield* serving.drain(grace_ms)
  })
  const keep = keepOutputs(place, (why) => log("warn", why))
  await unlessForbidden(() =>
    Effect.runPromise(
      program.pipe(Effect.scoped, Effect.provideService(VerifierOutputs, keep), Effect.provide(layerNodeFiles)),
    ),
  )
  // What was folded is saved by now, and the ledger let go of: nothing is left that takes time.
  log("info", "stopped")
}
