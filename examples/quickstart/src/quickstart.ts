/** The story: settle, deliver, and say how to check it. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { styleText } from "node:util"
import { placeOf, settleHere, type Settlement, stepLine, timeline as tellSteps } from "waybill"
import { deliver, eventsOf } from "./call.ts"
import { lookOf, makeDisplay } from "./display.ts"
import { runIdOf, wordsOf } from "./job.ts"
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
  /** Aborting it ends the waiting; what was recorded stays. */
  readonly signal: AbortSignal
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

type Say = (text: string) => void

/** Settles the bill of materials; answers what became of it, and why the last step that failed did. */
const settle = async (
  { options, repository, root, signal }: Setting,
  input: string,
  runId: string,
  columns: number,
): Promise<Settlement & { readonly cause: string | undefined }> => {
  const isLive = process.stdout.isTTY === true && process.env["TERM"] !== "dumb"
  const display = makeDisplay({ write: (text) => void process.stdout.write(text), isLive })
  let cause: string | undefined
  const show = tellSteps({ ...display, failed: (detail) => void (cause = detail) }, lookOf(columns))
  const silent = tellSteps({ log: () => {}, progress: () => {}, failed: (detail) => void (cause = detail) })
  const settlement = await settleHere(wordsOf(input, runId), placeOf({ root }, {}), {
    env: process.env,
    cwd: repository,
    signal,
    observe: (event) => {
      if (options.json) silent(event)
      else show(event)
      if (event.kind === "recorded" && event.fact.event_type === `workspace_job.${options.crashAfter}`)
        process.kill(process.pid, "SIGKILL")
    },
  })
  return { ...settlement, cause }
}

const tellBefore = (say: Say, events: ReadonlyArray<{ readonly event_type: string }>): void => {
  if (events.some(({ event_type }) => settled.test(event_type)))
    say(`\n  It is settled already, by ${factCount(events.length)}: no agent runs again.`)
  else if (events.length > 0)
    say(`\n  Of an earlier run ${factCount(events.length)} stand; the job goes on from there.`)
}

/** Runs the quickstart; answers with the exit code of the process. */
export const quickstart = async (setting: Setting): Promise<number> => {
  const { lockPath, options, root, shown } = setting
  const columns = Math.min(process.stdout.columns ?? 80, 80)
  const say: Say = (text) => {
    if (!options.json) process.stdout.write(`${text}\n`)
  }
  const lock = readFileSync(lockPath)
  const runId = runIdOf(lock)
  const input = keepInput(root, lock)
  say(styleText("bold", "Waybill settles a bill of materials of this repository"))
  say(`  input    ${shown(lockPath)}`)
  say(`  run      ${runId}`)
  say(`  folder   ${shown(root)}  (everything made lies here)`)
  tellBefore(say, await eventsOf(runId, root))

  const { cause, data, status } = await settle(setting, input, runId, columns)
  const events = await eventsOf(runId, root)
  const attempts = events.filter(({ event_type }) => event_type === "workspace_job.requested").length
  if (options.crashAfter !== undefined)
    console.error(
      `quickstart: this run recorded no ${options.crashAfter}, so --crash-after had nothing to follow; to see a crash, give it an empty --folder`,
    )
  const rejected = rejections(events)
  if (rejected !== "") say(`\n${rejected}`)
  say(`\n${styleText("bold", "Timeline")}\n${timeline(events)}`)
  say(`\n${styleText("bold", "Outcome")}\n  ${ending(status)}`)
  const outcome = { runId, status: status.status, attempts }
  const record = { ledger: data.ledger, facts: events.length }
  if (status.status !== "verified") {
    say(whyItFailed(join(root, ".agents", "waybill", "agent-runs"), shown))
    if (options.json) {
      const failure = status.status === "failed" ? { failure: { ...status.failed.failure, detail: cause } } : {}
      process.stdout.write(`${JSON.stringify({ ...outcome, ...failure, ...record })}\n`)
    }
    return 1
  }
  const delivered = join(root, "delivered", `${runId}.cdx.json`)
  const began_ms = performance.now()
  const receipt = await deliver(runId, delivered, root)
  const took_ms = performance.now() - began_ms
  say(stepLine({ step: "deliver", isWell: true, took_ms, bytes: receipt.bytes }, lookOf(columns)))
  const names = { runId, delivered: shown(delivered), ledger: shown(data.ledger), root: shown(root) }
  say(`\n${checkYourself({ ...names, receipt, facts: events.length })}`)
  if (options.json) {
    const artifact = { path: delivered, sha256: receipt.sha256, bytes: receipt.bytes }
    process.stdout.write(`${JSON.stringify({ ...outcome, artifact, ...record })}\n`)
  }
  return 0
}
