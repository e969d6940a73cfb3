/**
 * A runner that can be killed from outside: asks for one agent run and prints the receipt.
 *
 *     node runner.ts ROOT [STEP VICTIMS]
 */
import { Effect } from "effect"
import { Agent } from "../../src/index.ts"
import { type Accident, agentIn, honestWork, requestFor } from "./agentLab.ts"

const [root = "", step, victims] = process.argv.slice(2)
const accident = step === undefined ? undefined : { step, victims: victims as Accident["victims"] }
const receipt = await Effect.runPromise(
  Agent.use((agent) => agent.submit(requestFor(root, honestWork))).pipe(Effect.provide(agentIn(root, accident))),
)
console.log(JSON.stringify(receipt))
