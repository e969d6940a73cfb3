import { it } from "vitest"
import { fuzz } from "./support/fuzz.ts"
import { withServer } from "./support/server.ts"

it(
  "5 000 generated requests, under a seed of their own each time: answers are as described, no refusal changes the ledger",
  withServer({ hasFailpoints: true }, async (server) => {
    const seed = Number(process.env["WAYBILL_SEED"] ?? Date.now() % 2 ** 31)
    console.log(`fuzz: WAYBILL_SEED=${seed}`)
    console.log(`fuzz: answers by status ${JSON.stringify(await fuzz(server, seed, 5000))}`)
  }),
)
