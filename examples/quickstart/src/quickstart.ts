/** The story: declare, settle, deliver, and say how to check it. */
import { layerDataPlane } from "@waybill/data-plane"
import { layerNodeEntropy, layerNodeFiles, layerNodeProcesses } from "@waybill/host"
import { Ledger } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import {
  deliverJob,
  layerCommandAgent,
  layerFileHolds,
  type Observer,
  settlement_vocabularies,
  settleJob,
} from "@waybill/runtime"
import { Clock, Data, Effect, Layer, Stream } from "effect"
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { styleText } from "node:util"
import { formatStep, makeDisplay } from "./display.ts"
import { declareJob, runIdOf } from "./job.ts"
import type { Options } from "./options.ts"
import { checkYourself, ending, rejections, timeline, whyItFailed } from "./report.ts"

export interface Setting {
  readonly options: Options
  readonly repository: string
  readonly lockPath: string
  /** Where everything lies. */
  readonly root: string
  /** A path as it is shown. */
  readonly shown: (path: string) => string
}

/** The copy of the lock file could not be written. */
class InputNotKept extends Data.TaggedError("InputNotKept")<{ readonly folder: string; readonly cause: unknown }> {
  override get message(): string {
    return `${this.folder}: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}

/** The lock file as the job has it. Whoever judges the result is given this copy: the original may change meanwhile. */
const keepInput = (root: string, lock: Uint8Array): string => {
  const path = join(root, "inputs", `${runIdOf(lock)}.package-lock.json`)
  if (existsSync(path) && readFileSync(path).equals(lock)) return path
  mkdirSync(dirname(path), { recursive: true })
  const unfinished = `${path}.${process.pid}`
  writeFileSync(unfinished, lock, { flush: true })
  renameSync(unfinished, path)
  return path
}

const settled = /^workspace_job\.(verified|failed)$/u

const factCount = (count: number): string => (count === 1 ? "1 fact" : `${count} facts`)

/** Runs the quickstart; answers with the exit code of the process. */
export const quickstart = ({ lockPath, options, repository, root, shown }: Setting) => {
  const columns = Math.min(process.stdout.columns ?? 80, 80)
  const say = (text: string): void => {
    if (!options.json) process.stdout.write(`${text}\n`)
  }
  const display = makeDisplay({
    write: (text) => void process.stdout.write(text),
    isLive: process.stdout.isTTY === true && process.env["TERM"] !== "dumb",
    columns,
  })
  let cause: string | undefined
  const observe: Observer = (event) => {
    if (event.kind === "step" && event.state === "failed") cause = event.detail
    if (!options.json) display(event)
    if (event.kind === "recorded" && event.fact.event_type === `workspace_job.${options.crashAfter}`)
      process.kill(process.pid, "SIGKILL")
  }
  const layers = Layer.mergeAll(
    Ledger.layer(makeJsonlStore({ root }), settlement_vocabularies),
    layerDataPlane({ root: join(root, "data") }),
    layerCommandAgent({ root: join(root, "agent-runs") }),
    layerFileHolds({ root: join(root, "holds") }),
  ).pipe(Layer.provideMerge(Layer.mergeAll(layerNodeFiles, layerNodeEntropy, layerNodeProcesses)))

  return Effect.gen(function* () {
    const lock = readFileSync(lockPath)
    const ledger = yield* Ledger
    const input = yield* Effect.try({
      try: () => keepInput(root, lock),
      catch: (cause) => new InputNotKept({ folder: join(root, "inputs"), cause }),
    })
    const job = yield* declareJob(input, lock, repository)
    say(styleText("bold", "Waybill settles a bill of materials of this repository"))
    say(`  input    ${shown(lockPath)}`)
    say(`  run      ${job.runId}`)
    say(`  folder   ${shown(root)}  (everything made lies here)`)
    const before = yield* Stream.runCollect(ledger.readStream(job.runId))
    if (before.some(({ event_type }) => settled.test(event_type)))
      say(`\n  It is settled already, by ${factCount(before.length)}: no agent runs again.`)
    else if (before.length > 0)
      say(`\n  Of an earlier run ${factCount(before.length)} stand; the job goes on from there.`)

    const status = yield* settleJob(job, { observe, terminalPath: "bom.cdx.json", actor: "quickstart" })
    const events = yield* Stream.runCollect(ledger.readStream(job.runId))
    const attempts = events.filter(({ event_type }) => event_type === "workspace_job.requested").length
    if (options.crashAfter !== undefined)
      console.error(
        `quickstart: this run recorded no ${options.crashAfter}, so --crash-after had nothing to follow; to see a crash, give it an empty --folder`,
      )
    const rejected = rejections(events)
    if (rejected !== "") say(`\n${rejected}`)
    say(`\n${styleText("bold", "Timeline")}\n${timeline(events)}`)
    say(`\n${styleText("bold", "Outcome")}\n  ${ending(status)}`)
    const outcome = { runId: job.runId, status: status.status, attempts }
    if (status.status !== "verified") {
      say(whyItFailed(join(root, "agent-runs"), shown))
      if (options.json) {
        const failure = status.status === "failed" ? { failure: { ...status.failed.failure, detail: cause } } : {}
        process.stdout.write(
          `${JSON.stringify({ ...outcome, ...failure, ledger: ledger.where, facts: events.length })}\n`,
        )
      }
      return 1
    }
    const delivered = join(root, "delivered", `${job.runId}.cdx.json`)
    const started = yield* Clock.currentTimeMillis
    const receipt = yield* deliverJob(job.runId, { file: delivered })
    const ended = yield* Clock.currentTimeMillis
    say(formatStep({ step: "deliver", state: "done", bytes: receipt.bytes }, ended - started, columns))
    say(
      `\n${checkYourself({ runId: job.runId, delivered: shown(delivered), ledger: shown(ledger.where), receipt, facts: events.length })}`,
    )
    if (options.json) {
      const artifact = { path: delivered, sha256: receipt.sha256, bytes: receipt.bytes }
      process.stdout.write(`${JSON.stringify({ ...outcome, artifact, ledger: ledger.where, facts: events.length })}\n`)
    }
    return 0
  }).pipe(Effect.scoped, Effect.provide(layers))
}
