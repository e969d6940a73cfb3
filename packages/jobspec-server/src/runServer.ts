/**
 * A whole server process: the root's lock, the ledger, the tokens, the first line, the end.
 *
 * @module
 */
import type { Files } from "@waybill/host"
import { JobSpec, lease_ms_default, vocabularies } from "@waybill/jobspec"
import { Ledger, type Store } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { WorkspaceJob } from "@waybill/workspace-job"
import { Effect, type Redacted, type Scope } from "effect"
import { join } from "node:path"
import { refuseCron } from "./cron.ts"
import { daemonFolder, holdRoot, writeActivation } from "./activation.ts"
import type { Address } from "./Listener.ts"
import type { Log } from "./Log.ts"
import { Metrics } from "./Metrics.ts"
import { newToken } from "./rotateToken.ts"
import { mendTail } from "./mendTail.ts"
import { serve, type Serving } from "./serve.ts"
import { makeStoredPlans } from "./storedPlans.ts"
import { tellWhileLong } from "./tellWhileLong.ts"
import { makeTokenFile, tokensOf } from "./tokenFile.ts"
import { contracted } from "./workers/WorkPlan.ts"
import type { Surroundings } from "./workers/startWorkers.ts"
import type { WorkersOptions } from "./workers/WorkersOptions.ts"

export interface RunOptions {
  /** The project directory. Its `.agents/daemon` holds the activation file, the token made at a first start, and the ledger. */
  readonly root: string
  readonly address: Address
  /** Made with a new token where there is none; `.agents/daemon/token` by default. */
  readonly token_file?: string
  /** `postgres://…`; absent: the root's files. */
  readonly database?: Redacted.Redacted
  readonly schema?: string
  readonly lease_ms?: number
  readonly hasFailpoints?: boolean
  /** Types of jobs beside the contract's. */
  readonly job_types?: ReadonlyArray<string>
  /** Has jobs worked on in this process. Their types are taken beside the contract's. */
  readonly workers?: Omit<WorkersOptions, "lease_ms">
  readonly log: Log
}

export interface Running extends Serving {
  readonly token_file: string
  readonly isNewToken: boolean
}

/** Who asks over HTTP is better told soon that the database is away than kept waiting until it is back. */
const database_patience_ms = 3_000

const openStore = ({ database, root, schema }: RunOptions) =>
  Effect.gen(function* () {
    if (database === undefined) return yield* makeJsonlStore({ root })
    // Loaded where it is used: most servers have no database.
    const { makePostgresStore } = yield* Effect.promise(() => import("@waybill/ledger-store/postgres"))
    return yield* makePostgresStore({
      url: database,
      patience_ms: database_patience_ms,
      ...(schema === undefined ? {} : { schema }),
    })
  })

/** Tells how far a store was read to be folded; nothing while what was folded before is looked at. */
const watchFolding = (
  store: Store,
): { readonly store: Store; readonly reached: () => { readonly position?: number } } => {
  let reached = 0
  const watched =
    (read: Store["readAfter"]): Store["readAfter"] =>
    (position, limit) => {
      reached = Math.max(reached, position)
      return read(position, limit)
    }
  const { foldAfter, readAfter } = store
  return {
    store: {
      ...store,
      ...(foldAfter === undefined ? { readAfter: watched(readAfter) } : { foldAfter: watched(foldAfter) }),
    },
    reached: () => (reached === 0 ? {} : { position: reached }),
  }
}

const jobspecOf = ({ job_types = [], workers }: RunOptions): JobSpec.JobSpec => {
  const names = new Set([...job_types, ...Object.keys(workers?.plan.types ?? {})])
  const jobTypes = [...names].filter((name) => !contracted.has(name)).map((name) => ({ name }))
  return JobSpec.make({ jobTypes, refuseCron })
}

/** Starts the workers; answers how they are drained. */
const work = (options: WorkersOptions, surroundings: Surroundings) =>
  Effect.gen(function* () {
    // Loaded where it is used: most servers run nothing.
    const { startWorkers } = yield* Effect.promise(() => import("./workers/startWorkers.ts"))
    const { drain } = yield* startWorkers(options, surroundings)
    return drain
  })

/** Starts a server that lives as long as the scope. */
export const runServer = (options: RunOptions): Effect.Effect<Running, Error, Files | Scope.Scope> =>
  Effect.gen(function* () {
    const { address, log, root } = options
    yield* holdRoot(root)
    const token_file = options.token_file ?? join(daemonFolder(root), "token")
    const isNewToken = yield* Effect.promise(() => makeTokenFile(token_file, newToken()))
    if (isNewToken) log("info", "a token was made; only you can read it", { token_file })
    const tokens = yield* tokensOf(token_file)
    const jobspec = jobspecOf(options)
    const folded = Object.values(jobspec.projections)
    const { reached, store } = watchFolding(yield* openStore(options))
    const ledger = yield* Ledger.make(store, [...vocabularies, WorkspaceJob], folded).pipe(
      tellWhileLong(log, "reading the ledger", reached),
    )
    // Nothing that was acknowledged is in it, but whoever looks after the machine wants to know.
    const { torn = [], torn_bytes } = yield* ledger.health
    const isMended = yield* Effect.result(mendTail(ledger, jobspec))
    for (const { error, line_number } of torn)
      log(
        "warn",
        isMended._tag === "Success"
          ? "the ledger ended in a write that was cut off: it lies in quarantine, or was completed where it was whole"
          : `the ledger ends in a write that was cut off; the next append sees to it, once it can: ${isMended.failure.message}`,
        { line_number, error, torn_bytes },
      )
    const metrics = new Metrics()
    const { lease_ms = lease_ms_default } = options
    const serving = yield* serve({
      ledger,
      tokens,
      address,
      log,
      plans: makeStoredPlans(root),
      jobspec,
      lease_ms,
      metrics,
      ...(options.hasFailpoints === undefined ? {} : { hasFailpoints: options.hasFailpoints }),
    })
    const workers = options.workers === undefined ? undefined : { ...options.workers, lease_ms }
    const drainWorkers = workers === undefined ? Effect.void : yield* work(workers, { ledger, jobspec, log, metrics })
    yield* writeActivation(root, serving.address, { now_ms: Date.now(), token_file })
    return {
      ...serving,
      drain: (grace_ms) =>
        Effect.all([drainWorkers, serving.drain(grace_ms)], {
          concurrency: "unbounded",
          discard: true,
        }),
      token_file,
      isNewToken,
    }
  })
