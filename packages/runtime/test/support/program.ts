/**
 * A whole settlement as a program of its own, so that a test can let it die at any commit.
 *
 *     node program.ts ROOT [--crash-after=<event type>:<nth> | --slow=agent | --slow=verifier | --agent=<shell script>]
 *
 * A slow agent waits for ROOT/go, a slow verifier never answers; both leave their process id in ROOT/pids. A verifier
 * has failed when it finds another one at work.
 * The agent leaves "draft" in its first attempt and "final" in its second; the verifier takes only "final". Each agent run
 * adds a line to ROOT/runs. Prints the outcome as one JSON object.
 */
import { layerDataPlane } from "@waybill/data-plane"
import { layerNodeEntropy, layerNodeFiles, layerNodeProcesses } from "@waybill/host"
import { Ledger, type RecordedFact } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { Effect, Layer, Stream } from "effect"
import { join } from "node:path"
import {
  commandVerifier,
  layerCommandAgent,
  layerFileHolds,
  settlement_vocabularies,
  settleJob,
} from "../../src/index.ts"

const [root = "", crash = ""] = process.argv.slice(2)
const slow = crash.replace("--slow=", "")
const [crashType = "", crashNth = "1"] = crash.replace("--crash-after=", "").split(":")

const host = Layer.mergeAll(layerNodeFiles, layerNodeEntropy, layerNodeProcesses)
const everything = Layer.mergeAll(
  Ledger.layer(makeJsonlStore({ root }), settlement_vocabularies),
  layerDataPlane({ root: join(root, "data") }),
  layerCommandAgent({ root: join(root, "runs-of-agents") }),
  layerFileHolds({ root: join(root, "holds") }),
).pipe(Layer.provideMerge(host))

const leavePid = `require("fs").appendFileSync(${JSON.stringify(join(root, "pids"))}, process.pid + "\\n");`
const script = crash.startsWith("--agent=") ? crash.slice("--agent=".length) : undefined
const agent = (text: string) => ({
  command:
    script !== undefined
      ? (["/bin/sh", "-c", script] as const)
      : ([
          process.execPath,
          "-e",
          `${slow === "agent" ? leavePid : ""}
     require("fs").appendFileSync(${JSON.stringify(join(root, "runs"))}, process.env.WAYBILL_ATTEMPT + "\\n");
     ${slow === "agent" ? `while (!require("fs").existsSync(${JSON.stringify(join(root, "go"))}));` : ""}
     require("fs").writeFileSync(process.env.WAYBILL_CANDIDATE, ${JSON.stringify(text)} + require("fs").readFileSync("seed.txt", "utf8"))`,
        ] as const),
  timeLimit_ms: 20_000,
})

let seen = 0
const outcome = await Effect.runPromise(
  Effect.gen(function* () {
    const verifier = yield* commandVerifier({
      name: "is-final",
      command: [
        process.execPath,
        "-e",
        slow === "verifier"
          ? `${leavePid} setInterval(() => {}, 1000)`
          : `const fs = require("fs");
         const isAlive = (pid) => { try { return !fs.readFileSync("/proc/" + pid + "/stat", "latin1").includes(") Z ") } catch { return false } };
         const pids = fs.existsSync(${JSON.stringify(join(root, "pids"))}) ? fs.readFileSync(${JSON.stringify(join(root, "pids"))}, "utf8").trim().split("\\n") : [];
         const ok = fs.readFileSync(process.argv.at(-1), "utf8") === "final!"; if (pids.some(isAlive)) process.exit(3);
         console.log(JSON.stringify({ checks: [{ name: "final", status: ok ? "passed" : "failed" }] })); process.exit(ok ? 0 : 1)`,
      ],
      cwd: root,
    })
    const status = yield* settleJob(
      {
        runId: "run-1",
        idempotencyKey: "key-1",
        requestedBy: "a test",
        terminalSchemaId: "text/v1",
        seeds: [{ path: "seed.txt", content: new TextEncoder().encode("!") }],
        candidatePath: "candidate.txt",
        submit: () => agent("draft"),
        verifier,
        recovery: { maxAttempts: 2, submit: () => agent("final") },
      },
      {
        observe: (event) => {
          if (event.kind !== "recorded") return
          const fact: RecordedFact<string, unknown> = event.fact
          if (fact.event_type === crashType && ++seen === Number(crashNth)) process.kill(process.pid, "SIGKILL")
        },
      },
    )
    const ledger = yield* Ledger
    const facts = yield* Stream.runCollect(ledger.readStream("run-1"))
    return { status, facts: facts.map(({ event_type, payload }) => ({ event_type, payload })) }
  }).pipe(Effect.scoped, Effect.provide(everything)),
)
console.log(JSON.stringify(outcome))
