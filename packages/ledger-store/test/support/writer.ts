/** A process that appends numbered notes to a root until it is killed, saying each one's number once it is acknowledged. */
import { layerNodeFiles } from "@waybill/host"
import { Effect } from "effect"
import { writeSync } from "node:fs"
import { makeJsonlStore } from "../../src/index.ts"
import { ledgerOver, origin, written } from "./texts.ts"

const [root = "", name = "", rotate_bytes = ""] = process.argv.slice(2)

await Effect.runPromise(
  Effect.gen(function* () {
    const ledger = yield* ledgerOver(yield* makeJsonlStore({ root, rotate_bytes: Number(rotate_bytes) }))
    for (let n = 0; ; n++) {
      const texts = n % 3 === 2 ? [`${name}:${n}a`, `${name}:${n}b`, `${name}:${n}c`] : [`${name}:${n}`]
      const facts = yield* ledger.append(
        texts.map((text) => written(name, text)),
        origin(`${name}-${n}`),
      )
      // Written at once: an acknowledgement that waits in a buffer dies with the process.
      for (const [i, { position }] of facts.entries()) writeSync(1, `${position} ${texts[i] ?? ""}\n`)
    }
  }).pipe(Effect.scoped, Effect.provide(layerNodeFiles)),
)
