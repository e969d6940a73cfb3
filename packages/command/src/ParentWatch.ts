/**
 * Ends a handler's process, and its group, when its supervisor is gone. The channel tells that as well, but only to an event loop
 * that turns; a thread of its own looks on while a handler loops, or waits for a child.
 *
 * @module
 */
import { Worker } from "node:worker_threads"

const look_ms = 250

/** As text, so that it needs no file beside a bundled program. */
const looking = `
const { workerData: { group, look_ms, parent } } = require("node:worker_threads")
setInterval(() => {
  if (process.ppid !== parent) process.kill(-group, "SIGKILL")
}, look_ms)
`

/** @param parent the id of the supervisor, as it was before anything could go wrong */
export const watchParent = (parent: number): void => {
  const thread = new Worker(looking, {
    eval: true,
    workerData: { group: process.pid, look_ms, parent },
    execArgv: [],
    env: {},
  })
  thread.unref()
  // Where no thread can be had, the channel has to do.
  thread.on("error", () => undefined)
}
