/**
 * What a job costs from its claim to its end, behind a history of other jobs that have ended.
 *
 * @module
 */
import type { Conditions, CurveTools } from "./Benchmark.ts"
import { jobspecEvents } from "./jobspecEvents.ts"
import { fill, makeRoot, removeRoot } from "./jsonlFolder.ts"
import { type Behind, mediansInTurns, medianOf } from "./inTurns.ts"
import { type LedgerQueue, startFileQueue, startPostgresQueue } from "./ledgerQueues.ts"
import { behindHistories, history_events } from "./postgresHistory.ts"
import type { Curve } from "./Report.ts"

const workers = 16
const jobs = 128
const rounds = 30
/** More than a history leaves unfinished. */
const left_jobs = 256

export const queue_histories = {
  files: `claim, heartbeat and end of a job in files, ${workers} workers`,
  postgres: `claim, heartbeat and end of a job in PostgreSQL, ${workers} workers`,
}

/** Those that the history has left under way are worked off, and what was folded is saved, before the time begins. */
const workBehind = async (queue: LedgerQueue, events: number, close: () => Promise<void>): Promise<Behind> => {
  await queue.work(left_jobs, workers)
  await queue.save()
  return {
    events,
    round: async () => {
      await queue.fill(jobs)
      const started = performance.now()
      const done = await queue.work(jobs, workers)
      if (done !== jobs) throw new Error(`${done} jobs completed, want ${jobs}`)
      return ((performance.now() - started) / jobs) * 1000
    },
    close: async () => {
      await queue.close()
      await close()
    },
  }
}

const behindFiles = async ({ progress, scaled }: CurveTools & Conditions): Promise<ReadonlyArray<Behind>> => {
  const all: Array<Behind> = []
  for (const length of history_events.map((full) => scaled(full))) {
    progress(`filling files with ${length} events`)
    const root = await makeRoot()
    await fill(root, jobspecEvents(length))
    all.push(await workBehind(await startFileQueue(root), length, () => removeRoot(root)))
  }
  return all
}

/** Both stores over the same histories: the middle of some rounds. */
export const queueHistories = async (url: string, tools: CurveTools & Conditions): Promise<ReadonlyArray<Curve>> => {
  const [x, y] = ["events before the first round", `µs for each job, ${medianOf(rounds)}`]
  const files = await mediansInTurns(await behindFiles(tools), rounds, tools)
  const nothing = () => Promise.resolve()
  const inPostgres = await behindHistories(url, tools, async (schema, events) =>
    workBehind(await startPostgresQueue(url, schema), events, nothing),
  )
  return [
    { name: queue_histories.files, x, y, points: files },
    { name: queue_histories.postgres, x, y, points: await mediansInTurns(inPostgres, rounds, tools) },
  ]
}
