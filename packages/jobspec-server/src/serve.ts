/**
 * A JobSpec v0 server over a ledger.
 *
 * @module
 */
import { JobSpec } from "@waybill/jobspec"
import type { LedgerShape, StoreError } from "@waybill/ledger"
import { Effect, type Scope } from "effect"
import type { App } from "./App.ts"
import { refuseCron } from "./cron.ts"
import { Deadlines } from "./Deadlines.ts"
import { makeFeed } from "./Feed.ts"
import { type Address, type CannotListen, startListener, urlOf } from "./Listener.ts"
import { type Log, noLog } from "./Log.ts"
import { Metrics } from "./Metrics.ts"
import { mendTail } from "./mendTail.ts"
import { makeOutage } from "./Outage.ts"
import { Outflow } from "./Outflow.ts"
import { makeReplayWatch } from "./ReplayWatch.ts"
import { makeRouter } from "./Router.ts"
import { newToken } from "./rotateToken.ts"
import { makeRoutes } from "./routes/table.ts"
import { makeScheduler } from "./Scheduler.ts"
import { askKnown, makeSharedQuery } from "./SharedQuery.ts"
import { noStoredPlans, type StoredPlans } from "./storedPlans.ts"
import { tellWhileLong } from "./tellWhileLong.ts"
import type { Tokens } from "./tokenFile.ts"

export interface ServeOptions {
  readonly ledger: LedgerShape
  readonly tokens: Tokens
  /** A loopback address; port 0 takes any that is free. */
  readonly address: Address
  /** Made with `refuseCron` of this package; by default the contract's types and nothing else. */
  readonly jobspec?: JobSpec.JobSpec
  readonly plans?: Effect.Effect<StoredPlans>
  /** How long a worker holds a job that names no other lease; 60 seconds by default. */
  readonly lease_ms?: number
  /** How long a body may take; 15 seconds by default. */
  readonly body_ms?: number
  /** How long the head of a request may take, in milliseconds; 5000 by default. */
  readonly head_ms?: number
  /** How often it is looked at who has taken nothing of its answer since the last look; every 30 seconds by default. */
  readonly outflow_ms?: number
  /** How much may wait for all readers together; beyond it, whoever has waited longest is cut off. 64 MiB by default. */
  readonly outflow_bytes_max?: number
  /** Host names beside the loopback's that requests may be sent to. */
  readonly hosts?: ReadonlyArray<string>
  /** Browser origins that may change something. */
  readonly origins?: ReadonlyArray<string>
  /** Whether requests may ask for failures. For tests alone. */
  readonly hasFailpoints?: boolean
  readonly now_ms?: () => number
  readonly makeToken?: () => string
  readonly log?: Log
  /** Counts what is answered; told at `/waybill/v1/metrics` with whatever else its owner counts. */
  readonly metrics?: Metrics
}

export interface Serving {
  readonly address: Address
  readonly url: string
  /** Stops taking requests, ends whoever waits, lets the rest end for at most this long. */
  readonly drain: (grace_ms: number) => Effect.Effect<void>
}

/** How often the token file is looked at. */
const tokens_every_ms = 1_000

/** How often schedules are looked at; the shortest period a schedule can have. */
const schedules_every_ms = 1_000

const defaultJobSpec = (): JobSpec.JobSpec => JobSpec.make({ refuseCron })

/** Serves until the scope ends. Everything is folded before the first request is taken. */
export const serve = (options: ServeOptions): Effect.Effect<Serving, StoreError | CannotListen, Scope.Scope> =>
  Effect.gen(function* () {
    const {
      jobspec = defaultJobSpec(),
      ledger,
      log = noLog,
      metrics = new Metrics(),
      now_ms = Date.now,
      plans = noStoredPlans,
      tokens,
    } = options
    const head = ledger.query(jobspec.projections.queue, ({ position }) => position)
    const feed = yield* makeFeed(ledger, head)
    const outflow = new Outflow({
      limit_ms: options.outflow_ms,
      bytes_max: options.outflow_bytes_max,
      onCut: (reason) =>
        metrics.count("waybill_readers_cut_total", "Connections ended because what was sent was not read.", { reason }),
    })
    const ask = yield* makeSharedQuery(ledger, jobspec.projections)
    const app: App = {
      ledger,
      jobspec,
      ask,
      askKnown: askKnown(ledger, jobspec.projections, ask),
      feed,
      metrics,
      outflow,
      now_ms,
      makeToken: options.makeToken ?? newToken,
      lease_ms: options.lease_ms ?? 60_000,
      hasFailpoints: options.hasFailpoints ?? false,
      plans,
      replay: makeReplayWatch(ledger.health, plans, now_ms),
      mendTail: mendTail(ledger, jobspec),
    }
    yield* ledger.queryAll(jobspec.projections, () => undefined)
    // Now, and not while the first submission waits. A ledger that takes no appends is served all the same.
    yield* ledger.saveDueCheckpoints.pipe(
      tellWhileLong(log, "saving what was folded, so that the next start need not fold it"),
      Effect.catch((error) =>
        Effect.sync(() =>
          log("warn", "what was folded could not be saved: the next start folds it again", { error: error.message }),
        ),
      ),
    )
    yield* app.replay(0)
    const routes = yield* makeRoutes(app)
    const watchTokens = Effect.gen(function* () {
      for (;;) {
        yield* Effect.sleep(tokens_every_ms)
        const changed = yield* tokens.refresh
        if (changed !== undefined) log("warn", changed)
      }
    })
    yield* Effect.forkScoped(watchTokens)
    const outage = yield* makeOutage(head, log)
    const tick = makeScheduler({ ledger, jobspec, log, outage })
    const keepTime = Effect.gen(function* () {
      for (;;) {
        yield* tick(now_ms())
        yield* Effect.sleep(schedules_every_ms)
      }
    })
    yield* Effect.forkScoped(keepTime)
    const listening = yield* startListener(
      {
        find: makeRouter(routes),
        tokens,
        hosts: options.hosts ?? [],
        origins: options.origins ?? [],
        deadlines: new Deadlines(options.body_ms ?? 15_000),
        outflow,
        metrics,
        outage,
        log,
      },
      options.address,
      options.head_ms,
    )
    return {
      address: listening.address,
      url: urlOf(listening.address),
      drain: (grace_ms) => Effect.andThen(feed.close, listening.drain(grace_ms)),
    }
  })
