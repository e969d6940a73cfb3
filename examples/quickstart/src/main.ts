/**
 * The quickstart: settles a bill of materials of this very repository.
 *
 *     npm run quickstart -- [--json] [--crash-after=FACT] [--folder=DIR] [--help]
 */
import { layerDataPlane } from "@waybill/data-plane"
import { layerNodeEntropy, layerNodeFiles, layerNodeProcesses } from "@waybill/host"
import { Ledger } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { deliverJob, layerCommandAgent, layerFileHolds, type Observer, settleJob } from "@waybill/runtime"
import { fact_types, WorkspaceJob } from "@waybill/workspace-job"
import { Effect, Layer, Stream } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs, styleText } from "node:util"
import { makeDisplay } from "./display.ts"
import { declareJob } from "./job.ts"
import { checkYourself, ending, rejections, timeline } from "./report.ts"

const help = `Settles a bill of materials of this repository: a sloppy first attempt is rejected
by its verifier, repaired, verified and delivered. Everything it makes lies in
one folder; remove it to start anew.

Usage: npm run quickstart -- [options]

  --json                print one JSON object instead of the story
  --crash-after=FACT    kill this process (SIGKILL) right after the first FACT it
                        records; run again to see the job resume. FACT is one of
                        ${fact_types.map(({ event_type }) => event_type.replace("workspace_job.", "")).join("\n                        ")}
  --folder=DIR          where to keep everything; .waybill/quickstart by default
  --help                this text
`

const readArguments = () => {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: "boolean", default: false },
        "crash-after": { type: "string" },
        folder: { type: "string" },
        help: { type: "boolean", default: false },
      },
    })
    const crashAfter = values["crash-after"]?.replace(/^workspace_job\./u, "")
    if (crashAfter !== undefined && !fact_types.some(({ event_type }) => event_type === `workspace_job.${crashAfter}`))
      throw new Error(`--crash-after: there is no fact ${JSON.stringify(crashAfter)}; --help lists them`)
    return { json: values.json, help: values.help, crashAfter, folder: values.folder }
  } catch (cause) {
    console.error(`quickstart: ${cause instanceof Error ? cause.message : String(cause)}`)
    process.exit(2)
  }
}

const options = readArguments()
if (options.help) {
  process.stdout.write(help)
  process.exit(0)
}

const repository = fileURLToPath(new URL("../../../", import.meta.url))
const root = resolve(options.folder ?? join(repository, ".waybill", "quickstart"))
const lockPath = join(repository, "package-lock.json")
/** Short where it can be: below the repository, from where the commands are typed. */
const shown = (path: string): string => {
  const short = relative(repository, path)
  return short.startsWith("..") ? path : short
}
const say = (text: string): void => {
  if (!options.json) process.stdout.write(`${text}\n`)
}

const display = makeDisplay({
  write: (text) => void process.stdout.write(text),
  isLive: process.stdout.isTTY === true,
  columns: Math.min(process.stdout.columns ?? 80, 80),
})

const observe: Observer = (event) => {
  if (!options.json) display(event)
  if (event.kind === "recorded" && event.fact.event_type === `workspace_job.${options.crashAfter}`)
    process.kill(process.pid, "SIGKILL")
}

const layers = Layer.mergeAll(
  Ledger.layer(makeJsonlStore({ root }), [WorkspaceJob]),
  layerDataPlane({ root: join(root, "data") }),
  layerCommandAgent({ root: join(root, "agent-runs") }),
  layerFileHolds({ root: join(root, "holds") }),
).pipe(Layer.provideMerge(Layer.mergeAll(layerNodeFiles, layerNodeEntropy, layerNodeProcesses)))

const quickstart = Effect.gen(function* () {
  const lock = readFileSync(lockPath)
  const ledger = yield* Ledger
  const job = yield* declareJob(lockPath, lock, repository)
  say(styleText("bold", "Waybill settles a bill of materials of this repository"))
  say(`  input    ${shown(lockPath)}`)
  say(`  run      ${job.runId}`)
  say(`  folder   ${shown(root)}  (everything made lies here)`)
  const recordedBefore = yield* Stream.runCount(ledger.readStream(job.runId))
  if (recordedBefore > 0) say(`\n  ${recordedBefore} facts are recorded already; the job goes on from there.`)

  const status = yield* settleJob(job, { observe, terminalPath: "bom.cdx.json", actor: "quickstart" })
  const events = yield* Stream.runCollect(ledger.readStream(job.runId))
  const attempts = events.filter(({ event_type }) => event_type === "workspace_job.requested").length
  const rejected = rejections(events)
  if (rejected !== "") say(`\n${styleText("bold", "What the verifier said of the rejected attempt")}\n${rejected}`)
  say(`\n${styleText("bold", "Timeline")}\n${timeline(events)}`)
  say(`\n${styleText("bold", "Outcome")}\n  ${ending(status)}`)
  if (status.status !== "verified") {
    if (options.json)
      process.stdout.write(
        `${JSON.stringify({ runId: job.runId, status: status.status, attempts, ledger: ledger.where, facts: events.length })}\n`,
      )
    return 1
  }
  const delivered = join(root, "delivered", `${job.runId}.cdx.json`)
  const receipt = yield* deliverJob(job.runId, { file: delivered })
  say(`  delivered to ${shown(delivered)}`)
  say(`  ${receipt.bytes} bytes, ${receipt.sha256}\n`)
  say(checkYourself(shown(delivered), shown(ledger.where), receipt))
  if (options.json)
    process.stdout.write(
      `${JSON.stringify({
        runId: job.runId,
        status: status.status,
        attempts,
        artifact: { path: delivered, sha256: receipt.sha256, bytes: receipt.bytes },
        ledger: ledger.where,
        facts: events.length,
      })}\n`,
    )
  return 0
}).pipe(Effect.scoped, Effect.provide(layers))

if (!existsSync(lockPath)) {
  console.error("quickstart: there is no package-lock.json to make a bill of materials of")
  process.exit(2)
}

process.exitCode = await Effect.runPromise(
  Effect.catch(quickstart, (error) =>
    Effect.sync(() => {
      console.error(`quickstart: ${error.message}`)
      return 1
    }),
  ),
)
