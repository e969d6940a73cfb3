/**
 * A runner that can be killed while its verifier is at work: asks a command about some bytes and prints the answer.
 *
 *     node verifyingRunner.ts ROOT SCRIPT
 */
import { layerNodeProcesses } from "@waybill/host"
import { Effect, Stream } from "effect"
import { createHash } from "node:crypto"
import { commandVerifier } from "../../src/index.ts"
import { ask } from "../../src/verifier/ask.ts"

const [root = "", script = ""] = process.argv.slice(2)
const verification = await Effect.runPromise(
  Effect.gen(function* () {
    const verifier = yield* commandVerifier({ name: "v", command: ["/bin/sh", "-c", script, "sh"], cwd: root })
    return yield* Effect.exit(
      ask(verifier, {
        runId: "run-1",
        attempt: 1,
        verificationId: createHash("sha256").update(root).digest("hex"),
        // Another path in each process, as the data plane gives it.
        artifact: {
          path: `${root}/copy-${process.pid}`,
          bytes: 0,
          sha256: `sha256:${"0".repeat(64)}`,
          schemaId: "text/v1",
          stream: Stream.empty,
        },
        receipt: { submitRunId: "run_1", ok: true, diagnostics: {} },
      }),
    )
  }).pipe(Effect.provide(layerNodeProcesses)),
)
console.log(JSON.stringify(verification))
