/** A process that takes the append lock of a root, says so, and keeps it until it is killed. */
import { layerNodeFiles } from "@waybill/host"
import { Effect } from "effect"
import { writeSync } from "node:fs"
import { makeJsonlStore } from "../../src/index.ts"

const [root = ""] = process.argv.slice(2)

// Waiting alone keeps no process alive.
setInterval(() => {}, 60_000)
await Effect.runPromise(
  Effect.flatMap(makeJsonlStore({ root }), (store) =>
    store.commit(() =>
      Effect.andThen(
        Effect.sync(() => writeSync(1, "held\n")),
        Effect.never,
      ),
    ),
  ).pipe(Effect.scoped, Effect.provide(layerNodeFiles)),
)
