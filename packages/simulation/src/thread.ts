/**
 * A thread that works through batches of seeds for `runSeeds`.
 *
 * @module
 */
import { parentPort } from "node:worker_threads"
import { type Batch, runBatch } from "./runSeeds.ts"

parentPort?.on("message", (batch: Batch) => {
  void runBatch(batch).then((sum) => parentPort?.postMessage(sum))
})
