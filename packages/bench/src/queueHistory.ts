/**
 * What a job costs from its claim to its end, behind a history of other jobs that have ended.
 *
 * @module
 */
import type { Conditions, CurveTools } from "./Benchmark.ts"
import { jobspecEvents } from "./jobspecEvents.ts"
import { fill, makeRoot, removeRoot } from "./jsonlFolder.ts"
import { startFileQueue, startPostgresQueue } from "./ledgerQueues.ts"
import { behindHistories, history_events } from "./postgresHistory.ts"
import type { PeerQueue } from "./queuePeers.ts"
import type { Curve } from "./Report.ts"

const workers = 16
const jobs = 128
const rounds = 7
/** More than a history leaves unfinished. */
const left_jobs = 256

export const queue_histories = {
  files: `claim, heartbeat and end of a job in files, ${workers} workers`,
  postgres: `claim, heartbeat and end of a job in PostgreSQL, ${workers} workers`,
}

/** The fastest of some rounds, in µs for each job. */
const workBehind = async (queue: PeerQueue): Promise<number> => {
  // Those that the history has left under way are worked off before the time begins.
  await queue.work(left_jobs, workers)
  const times: Array<number> = []
  for (let round = 0; round < rounds; round++) {
    await queue.fill(jobs)
    const started = performance.now()
    const done = await queue.work(jobs, workers)
    times.push(performance.now() - started)
    if (done !== jobs) throw new Error(`${done} jobs completed, want ${jobs}`)
  }
  await queue.close()
  return (Math.min(...times) / jobs) * 1000
}

const behindFiles = async ({ progress, scaled }: CurveTools & Conditions): Promise<Curve["points"]> => {
  const lengths = history_events.map((full) => scaled(full))
  const events = jobspecEvents(lengths.at(-1) ?? 0)
  const points = []
  for (const length of lengths) {
    progress(`working behind ${length} events in files`)
    const root = await makeRoot()
    await fill(root, events.slice(0, length))
    points.push({ x: length, y: Number((await workBehind(await startFileQueue(root))).toPrecision(3)) })
    await removeRoot(root)
  }
  return points
}

/** Both stores over the same histories. */
export const queueHistories = async (url: string, tools: CurveTools & Conditions): Promise<ReadonlyArray<Curve>> => {
  const [x, y] = ["events before it", "µs for each job"]
  const inPostgres = (schema: string) => startPostgresQueue(url, schema).then(workBehind)
  return [
    { name: queue_histories.files, x, y, points: await behindFiles(tools) },
    { name: queue_histories.postgres, x, y, points: await behindHistories(url, tools, inPostgres) },
  ]
}
