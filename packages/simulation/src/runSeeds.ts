/**
 * Many seeds, in this thread or in several.
 *
 * @module
 */
import { Worker } from "node:worker_threads"
import { findLaws } from "./findLaws.ts"
import { count, emptySum, merge, type Sum } from "./report.ts"
import { simulate } from "./simulate.ts"

export interface Batch {
  readonly from: number
  readonly count: number
}

export interface RunSeedsOptions extends Batch {
  readonly workers: number
  readonly onProgress?: (sum: Sum) => void
}

/** So many seeds at a time: small enough that all threads end together. */
const batch_seeds = 100

/** A batch in this thread. */
export const runBatch = async (batch: Batch): Promise<Sum> => {
  const laws = await findLaws()
  const sum = emptySum()
  for (let seed = batch.from; seed < batch.from + batch.count; seed++) count(sum, simulate(seed, { laws }))
  return sum
}

const inThread = (take: () => Batch | undefined, done: (sum: Sum) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./thread.ts", import.meta.url), { execArgv: process.execArgv })
    const next = (): void => {
      const batch = take()
      if (batch === undefined) {
        worker.terminate().then(() => resolve(), reject)
        return
      }
      worker.postMessage(batch)
    }
    worker.on("message", (sum: Sum) => {
      done(sum)
      next()
    })
    worker.on("error", reject)
    next()
  })

/** All seeds of a range; what fails is among the answer. */
export const runSeeds = async ({ count, from, onProgress, workers }: RunSeedsOptions): Promise<Sum> => {
  const sum = emptySum()
  let next = from
  const take = (): Batch | undefined => {
    if (next >= from + count) return undefined
    const batch = { from: next, count: Math.min(batch_seeds, from + count - next) }
    next += batch.count
    return batch
  }
  const done = (part: Sum): void => {
    merge(sum, part)
    onProgress?.(sum)
  }
  if (workers > 1) await Promise.all(Array.from({ length: workers }, () => inThread(take, done)))
  else for (let batch = take(); batch !== undefined; batch = take()) done(await runBatch(batch))
  return sum
}
