/**
 * A worker as a program of its own, on the files of a ledger.
 *
 *     node workerProgram.ts ROOT [DRAIN_MS [LEASE_MS]]
 *
 * Its command adds its process id to ROOT/pids and ends when ROOT/go is there. Each event is a line of JSON on standard output.
 * SIGTERM asks it to end. The lease lasts longer than any test, unless it is said: on a busy machine a worker may send no heartbeat for
 * as long as it likes.
 */
import { layerNodeEntropy, layerNodeFiles, layerNodeProcesses } from "@waybill/host"
import { vocabularies } from "@waybill/jobspec"
import { Ledger } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { Effect, Fiber, Layer } from "effect"
import { join } from "node:path"
import { commandExecutor, layerLedgerQueue, runWorker, type WorkerEvent } from "../../src/index.ts"
import { jobspec } from "./workplace.ts"

const [root = "", drain_ms = "600000", lease_ms = "600000"] = process.argv.slice(2)
const host = Layer.mergeAll(layerNodeFiles, layerNodeEntropy, layerNodeProcesses)
const script = `const fs = require("fs")
  fs.appendFileSync(${JSON.stringify(join(root, "pids"))}, process.pid + "\\n")
  const look = () => { if (fs.existsSync(${JSON.stringify(join(root, "go"))})) process.exit(0); setTimeout(look, 5) }
  look()`
const observe = (event: WorkerEvent): void =>
  console.log(JSON.stringify({ kind: event.kind, ...("reason" in event ? { reason: event.reason } : {}) }))

const worker = Effect.runFork(
  Effect.gen(function* () {
    const executor = yield* commandExecutor({ command: [process.execPath, "-e", script], root: join(root, "work") })
    const terms = { lease_ms: Number(lease_ms), heartbeat_ms: 200, drain_ms: Number(drain_ms) }
    return yield* runWorker({ executors: { "test.work": executor }, ...terms, observe })
  }).pipe(
    Effect.provide(
      layerLedgerQueue({ jobspec }).pipe(
        Layer.provideMerge(Ledger.layer(makeJsonlStore({ root }), vocabularies)),
        Layer.provideMerge(host),
      ),
    ),
  ),
)
process.once("SIGTERM", () => Effect.runFork(Fiber.interrupt(worker)))
