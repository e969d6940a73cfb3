/**
 * Looking at a ledger: what is in it, whether it is what was written, and what it came to at an earlier time.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import { encodeLine, foldAll, Ledger, type RecordedEvent } from "@waybill/ledger"
import { chainHead, importLines, printHead, repairLedger } from "@waybill/ledger-store"
import { Jobs } from "@waybill/workspace-job"
import { Effect, Stream } from "effect"
import { accessSync, constants, createReadStream } from "node:fs"
import { jobSpecOf } from "../jobs/JobSpecHere.ts"
import { openStore, runHere, runOnFiles } from "../Opening.ts"
import { refuseNowhere } from "../Nowhere.ts"
import { ledgerLayer } from "../Ledgers.ts"
import { type Damaged, endOnDamage, refuseDamaged, tellDamage } from "./damage.ts"
import { commandLine, type Place } from "../Place.ts"
import { isGone, refuseIrregular } from "../refuseIrregular.ts"

const upTo = (at: number | undefined, place: Place, ctx: Context) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    let goesOn = false
    const isWithin = ({ position }: RecordedEvent): boolean => {
      goesOn = at !== undefined && position > at
      return !goesOn
    }
    const found: Array<RecordedEvent> = []
    yield* tellDamage(ledger, false, place, ctx)
    yield* Stream.runForEach(Stream.takeWhile(ledger.read(), isWithin), (event) =>
      Effect.sync(() => void found.push(event)),
    )
    const last = found.at(-1)?.position ?? 0
    if (at !== undefined && at > last && !goesOn)
      ctx.warn(
        "BEYOND_THE_END",
        `nothing stands at position ${at}: this is how it is at ${last}, where the ledger ends`,
      )
    return found
  })

export const show = (position: number | undefined, place: Place, ctx: Context) => {
  refuseNowhere(place)
  const program = Effect.gen(function* () {
    const ledger = yield* Ledger
    yield* tellDamage(ledger, false, place, ctx)
    if (position !== undefined) {
      const [event] = yield* Stream.runCollect(Stream.take(ledger.read({ after: position - 1 }), 1))
      if (event?.position !== position)
        return yield* Effect.fail(
          new CommandError({
            exit: "NOT_FOUND",
            code: "POSITION_NOT_FOUND",
            message: `Nothing that can be read stands at position ${position}.`,
            suggestion: `See where the ledger ends with: ${commandLine(place, "ledger", "show")}`,
          }),
        )
      return { where: ledger.where, event }
    }
    const types = new Map<string, number>()
    let head = 0
    yield* Stream.runForEach(ledger.read(), (event) =>
      Effect.sync(() => {
        head = event.position
        types.set(event.event_type, (types.get(event.event_type) ?? 0) + 1)
      }),
    )
    const health = yield* ledger.health
    return {
      where: ledger.where,
      head,
      events: [...types.values()].reduce((sum, count) => sum + count, 0),
      health,
      types: [...types].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([event_type, count]) => ({ event_type, count })),
    }
  })
  return runHere(Effect.provide(program, ledgerLayer(place, "read")), ctx.signal)
}

export const repair = async (place: Place, ctx: Context) => {
  refuseNowhere(place)
  if (place.url !== undefined)
    (await import("./databaseLedger.ts")).refuseInDatabase(place, "there is no damaged file to be acknowledged")
  const options = { root: place.root, actor: "waybill", requestId: ctx.requestId }
  const { fact, flaws } = await runOnFiles(repairLedger(options), ctx.signal)
  return { effect: fact === undefined ? "noop" : "created", position: fact?.position ?? null, flaws }
}

export const head = async (place: Place, ctx: Context) => {
  refuseNowhere(place)
  if (place.url !== undefined)
    (await import("./databaseLedger.ts")).refuseInDatabase(place, "there is no head to be printed")
  const found = await runOnFiles(chainHead(place.root), ctx.signal)
  if (found !== undefined) return { head: printHead(found), ...found }
  throw new CommandError({
    exit: "NOT_FOUND",
    code: "NOTHING_SEALED",
    message: `Nothing in the ledger of ${place.root} is sealed yet.`,
    suggestion: "A record is sealed with the append behind it; ask again after the next one.",
  })
}

/** Any projection as it was at a position. */
export const replay = (at: number | undefined, projection: "runs" | "queue" | "jobs", place: Place, ctx: Context) => {
  refuseNowhere(place)
  const program = Effect.map(upTo(at, place, ctx), (events) => {
    const { projections } = jobSpecOf()
    const folded =
      projection === "runs"
        ? foldAll(Jobs, events)
        : projection === "queue"
          ? foldAll(projections.queue, events)
          : foldAll(projections.jobs, events)
    const limit = ctx.list.limit ?? Number.POSITIVE_INFINITY
    const entities: Array<{ readonly key: string; readonly entity: unknown }> = []
    for (const [key, entity] of folded.entries()) if (entities.length < limit) entities.push({ key, entity })
    ctx.page({ total: folded.size })
    const anomalies = [...folded.anomalous()].map(([key, found]) => ({ key, anomalies: found }))
    return {
      entities,
      projection,
      position: folded.position,
      events: folded.events,
      skipped: folded.skipped,
      anomalies,
    }
  })
  return runHere(Effect.provide(program, ledgerLayer(place, "read")), ctx.signal)
}

/**
 * Every record that can be read, as a line that `import` takes; how many there are is said beside. Ends with LEDGER_DAMAGED behind
 * the last line when one was left out that nobody has acknowledged, unless `skip` takes that.
 */
export const exportLines = (damaged: Damaged, place: Place, ctx: Context): Promise<void> => {
  refuseNowhere(place)
  const program = Effect.gen(function* () {
    const ledger = yield* Ledger
    let records = 0
    yield* Stream.runForEach(ledger.read(), (event) =>
      Effect.promise(async () => {
        records += 1
        await ctx.write(`${encodeLine(event)}\n`)
      }),
    )
    ctx.log(`exported ${records} records`)
    yield* endOnDamage(ledger, damaged, `${records} records were printed, not all there were`, place, ctx)
  })
  return runHere(Effect.provide(program, ledgerLayer(place, "read")), ctx.signal)
}

const refuseUnreadable = (path: string): void => {
  try {
    accessSync(path, constants.R_OK)
  } catch (cause) {
    throw new CommandError({
      exit: "ARG_ERROR",
      code: "FILE_UNREADABLE",
      message: isGone(cause)
        ? `FILE: there is no file ${path}.`
        : `FILE ${path}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      fix_required: "Name a file of lines such as ledger export prints, or - for stdin.",
      cause,
    })
  }
}

/** Fills an empty ledger with the lines of a file, or of stdin. */
export const importFile = async (from: string, place: Place, ctx: Context) => {
  if (from !== "-") {
    refuseIrregular("FILE", from)
    refuseUnreadable(from)
  }
  const lines = Stream.fromAsyncIterable<Uint8Array, Error>(
    from === "-" ? process.stdin : createReadStream(from),
    (cause) => (cause instanceof Error ? cause : new Error(String(cause))),
  )
  await runOnFiles(
    Effect.flatMap(openStore(place, "write"), (store) => refuseDamaged(store, place)),
    ctx.signal,
  )
  const records =
    place.url === undefined
      ? await runOnFiles(importLines({ root: place.root, lines }), ctx.signal)
      : await runHere((await import("./databaseLedger.ts")).importThere(place.url, place.schema, lines), ctx.signal)
  return { root: place.root, records, next_command: commandLine(place, "ledger", "verify") }
}
