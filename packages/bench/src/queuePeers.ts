/**
 * The queues of others over PostgreSQL, each used as its documentation recommends, behind one shape.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises"
import type { PeerModules } from "./Peers.ts"

/** A queue to put jobs into and to work them off. */
export interface PeerQueue {
  /** Adds one job, with another payload than the usual one where it is given; answers when it is committed. */
  readonly add: (payload?: object) => Promise<void>
  /** Adds many at once, to have something to work on. */
  readonly fill: (jobs: number) => Promise<void>
  /**
   * Works off so many jobs that are there, by so many workers at once. Answers how many were completed. Where it can do without,
   * a heartbeat may be left out.
   */
  readonly work: (jobs: number, workers: number, hasHeartbeat?: boolean) => Promise<number>
  readonly close: () => Promise<void>
}

/** A queue whose library takes many jobs in one call. */
export interface PeerLibrary extends PeerQueue {
  /** Adds all of them in one call and one commit; answers when it is committed. */
  readonly addAll: (payloads: ReadonlyArray<object>) => Promise<void>
}

export const job_body = { job_type: "rpi.run", payload: { goal: "make the report", test_first: true } }
const queue = "bench"
/** As many as writers in the widest benchmark, for every peer. */
export const connections_max = 32

interface Boss {
  readonly on: (event: "error", told: (cause: unknown) => void) => void
  readonly start: () => Promise<unknown>
  readonly stop: (options: { readonly graceful: boolean }) => Promise<void>
  readonly createQueue: (name: string, options: { readonly heartbeatSeconds: number }) => Promise<void>
  readonly send: (name: string, data: object) => Promise<string | null>
  readonly insert: (name: string, jobs: ReadonlyArray<{ readonly data: object }>) => Promise<unknown>
  readonly fetch: (name: string) => Promise<ReadonlyArray<{ readonly id: string }>>
  readonly touch: (name: string, id: string) => Promise<unknown>
  readonly complete: (name: string, id: string) => Promise<unknown>
}
interface BossModule {
  readonly PgBoss: new (options: {
    readonly connectionString: string
    readonly max: number
    readonly supervise: boolean
    readonly schedule: boolean
  }) => Boss
}

/** pg-boss: `send`, and the three calls of a worker that fetches for itself: `fetch`, `touch`, `complete`. */
export const startPgBoss = async (url: string, { load }: PeerModules): Promise<PeerLibrary> => {
  const { PgBoss } = (await load("pg-boss")) as BossModule
  const boss = new PgBoss({ connectionString: url, max: connections_max, supervise: false, schedule: false })
  let failure: unknown
  boss.on("error", (cause) => (failure ??= cause))
  await boss.start()
  await boss.createQueue(queue, { heartbeatSeconds: 60 })
  const addAll = async (payloads: ReadonlyArray<object>): Promise<void> => {
    await boss.insert(
      queue,
      payloads.map((data) => ({ data })),
    )
  }
  const workOne = async (): Promise<boolean> => {
    const [job] = await boss.fetch(queue)
    if (job === undefined) return false
    await boss.touch(queue, job.id)
    await boss.complete(queue, job.id)
    return true
  }
  return {
    add: async (payload = job_body) => {
      if ((await boss.send(queue, payload)) === null) throw new Error("pg-boss took no job", { cause: failure })
    },
    addAll,
    fill: (jobs) => addAll(Array.from({ length: jobs }, () => job_body)),
    work: async (jobs, workers) => {
      let left = jobs
      let done = 0
      await Promise.all(
        Array.from({ length: workers }, async () => {
          while (left-- > 0) if (await workOne()) done++
        }),
      )
      return done
    },
    close: () => boss.stop({ graceful: false }),
  }
}

export interface Emitter {
  readonly on: (event: "error", told: () => void) => void
}
export interface Pool {
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  readonly on: (event: "error" | "connect", told: (client: Emitter) => void) => void
  readonly end: () => Promise<void>
}
export interface PgModule {
  readonly default: {
    readonly Pool: new (options: { readonly connectionString: string; readonly max: number }) => Pool
  }
}
interface JobSpecification {
  readonly identifier: string
  readonly payload: object
}
interface Utils {
  readonly migrate: () => Promise<void>
  readonly addJob: (identifier: string, payload: object) => Promise<unknown>
  readonly addJobs: (jobs: ReadonlyArray<JobSpecification>) => Promise<unknown>
  readonly release: () => Promise<void>
}
interface GraphileModule {
  readonly makeWorkerUtils: (options: { readonly pgPool: Pool; readonly logger: unknown }) => Promise<Utils>
  readonly runOnce: (options: {
    readonly pgPool: Pool
    readonly logger: unknown
    readonly preset: {
      readonly worker: { readonly concurrentJobs: number; readonly localQueue?: { readonly size: number } }
    }
    readonly noHandleSignals: boolean
    readonly taskList: Readonly<Record<string, () => Promise<void>>>
  }) => Promise<void>
  readonly Logger: new (factory: () => () => void) => unknown
}

/** Until every connection is given back, and nobody waits for one. */
const untilIdle = async (pool: Pool): Promise<void> => {
  while (pool.waitingCount > 0 || pool.idleCount < pool.totalCount) await setImmediate()
}

/**
 * graphile-worker: `addJob`, and a runner that ends when nothing waits, with a local queue of so many jobs or without one. It has no
 * heartbeat: a lock is held for hours. It does not wait until a job's end is committed, neither before its next job nor before it
 * ends: so its work is done when its connections are idle.
 */
export const startGraphile = async (
  url: string,
  { load }: PeerModules,
  local_queue_size?: number,
): Promise<PeerLibrary> => {
  const { Logger, makeWorkerUtils, runOnce } = (await load("graphile-worker")) as GraphileModule
  const { default: pg } = (await load("pg")) as PgModule
  const pgPool = new pg.Pool({ connectionString: url, max: connections_max })
  // The server is stopped before the last connection is given back.
  pgPool.on("error", () => {})
  pgPool.on("connect", (client) => client.on("error", () => {}))
  const logger = new Logger(() => () => {})
  const utils = await makeWorkerUtils({ pgPool, logger })
  await utils.migrate()
  const addAll = async (payloads: ReadonlyArray<object>): Promise<void> =>
    void (await utils.addJobs(payloads.map((payload) => ({ identifier: queue, payload }))))
  return {
    add: async (payload = job_body) => void (await utils.addJob(queue, payload)),
    addAll,
    fill: (jobs) => addAll(Array.from({ length: jobs }, () => job_body)),
    work: async (_, workers) => {
      let done = 0
      const task = async (): Promise<void> => void done++
      const localQueue = local_queue_size === undefined ? {} : { localQueue: { size: local_queue_size } }
      const preset = { worker: { concurrentJobs: workers, ...localQueue } }
      await runOnce({ pgPool, logger, preset, noHandleSignals: true, taskList: { [queue]: task } })
      await untilIdle(pgPool)
      return done
    },
    close: async () => {
      await utils.release()
      await pgPool.end()
    },
  }
}
