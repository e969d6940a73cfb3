/** A process that appends numbered notes to a schema until it is killed, saying each one's number once it is acknowledged. */
import { makePostgresStore } from "@waybill/ledger-store/postgres"
import { Effect, Redacted } from "effect"
import { writeSync } from "node:fs"
import { ledgerOver, origin, written } from "./texts.ts"

const [url = "", schema = "", name = ""] = process.argv.slice(2)

await Effect.runPromise(
  Effect.gen(function* () {
    const ledger = yield* ledgerOver(yield* makePostgresStore({ url: Redacted.make(url), schema }))
    for (let n = 0; ; n++) {
      const texts = n % 3 === 2 ? [`${name}:${n}a`, `${name}:${n}b`, `${name}:${n}c`] : [`${name}:${n}`]
      const facts = yield* ledger.append(
        texts.map((text) => written(name, text)),
        origin(`${name}-${n}`),
      )
      // Written at once: an acknowledgement that waits in a buffer dies with the process.
      for (const [i, { position }] of facts.entries()) writeSync(1, `${position} ${texts[i] ?? ""}\n`)
    }
  }).pipe(Effect.scoped),
)
