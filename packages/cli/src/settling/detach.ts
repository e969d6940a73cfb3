/**
 * Settles in a process of its own, which goes on when the terminal is closed and when whoever asked has gone.
 *
 * The call answers when the job is in the ledger, and not before: what it names then survives whatever happens to it.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import { type ErrorDetail, exit_codes, type ResponseEnvelope } from "@waybill/command-contract"
import { folderName } from "@waybill/data-plane"
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { askJob } from "../jobs/askJob.ts"
import { jobCommands } from "../jobs/JobDescription.ts"
import { ownFolder, type Place } from "../Place.ts"
import { idsOf, type SettleWords } from "./Declare.ts"
import { detached_variable, isTold } from "./Detached.ts"
import { settleWords } from "./settleWords.ts"

/** This program's own file: in the sources, as it is built, and as it is bundled. */
const program = ["../main.ts", "../main.js", "./waybill.js"]
  .map((name) => fileURLToPath(new URL(name, import.meta.url)))
  .find((path) => existsSync(path))

const look_ms = 100
/** Options that would make the runner wait for a debugger, or take the starter's. */
const inspected = /^--inspect/u

interface Runner {
  readonly child: ChildProcess
  readonly answer: string
  readonly log: string
}

/** Its answer and its log go to files: a pipe would end with whoever reads it. */
const startRunner = (words: SettleWords, runId: string, place: Place, ctx: Context): Runner => {
  if (program === undefined) throw new Error("the program's own file is not where it was built")
  const folder = join(ownFolder(place), "runners", folderName(runId))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const name = `${Date.now()}-${process.pid}`
  const [answer, log] = [join(folder, `${name}.json`), join(folder, `${name}.log`)]
  const out = openSync(answer, "wx", 0o600)
  const err = openSync(log, "wx", 0o600)
  const { schema, url } = place
  try {
    const child = spawn(
      process.execPath,
      [
        ...process.execArgv.filter((option) => !inspected.test(option)),
        program,
        ...settleWords(words, runId, place).toSpliced(1, 0, "--verbose", "--output=json"),
      ],
      {
        detached: true,
        stdio: ["ignore", out, err, "ipc"],
        env: {
          ...ctx.env,
          [detached_variable]: "1",
          ...(url === undefined ? { WAYBILL_LEDGER: "" } : { WAYBILL_LEDGER: url }),
          ...(schema === undefined ? { WAYBILL_LEDGER_SCHEMA: "" } : { WAYBILL_LEDGER_SCHEMA: schema }),
        },
      },
    )
    return { child, answer, log }
  } finally {
    closeSync(out)
    closeSync(err)
  }
}

/** The name of an exit code, for an error that is passed on. */
const exitName = (code: number | undefined): string => {
  if (code === 80) return "VERIFIER_REJECTED"
  if (code === 81) return "JOB_FAILED"
  return Object.entries(exit_codes).find(([, number]) => number === code)?.[0] ?? "GENERAL_ERROR"
}

const passedOn = ({ code, detail, exit_code, fix_required, message, suggestion }: ErrorDetail, data: object | null) =>
  new CommandError({
    exit: exitName(exit_code),
    code,
    message,
    ...(typeof detail === "string" ? { detail } : {}),
    ...(typeof suggestion === "string" ? { suggestion } : {}),
    ...(typeof fix_required === "string" ? { fix_required } : {}),
    ...(data === null ? {} : { data }),
  })

/** What a runner that has ended already has answered; throws what it failed with. */
const answerOf = ({ answer, log }: Runner): object => {
  let envelope: ResponseEnvelope
  try {
    envelope = JSON.parse(readFileSync(answer, "utf8"))
  } catch (cause) {
    throw new CommandError({
      exit: "GENERAL_ERROR",
      code: "RUNNER_LOST",
      message: "The runner ended before the job was in the ledger, and left no answer.",
      suggestion: `See what it said in: ${log}`,
      cause,
    })
  }
  if (!envelope.ok) throw passedOn(envelope.error, typeof envelope.data === "object" ? envelope.data : null)
  return envelope.data ?? {}
}

/** The id of the run that the runner's job turned out to be, once it is in the ledger; `undefined`: the runner has ended. */
const recorded = (child: ChildProcess, place: Place, signal: AbortSignal): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    let isOver = false
    const end = (runId: string | undefined) => {
      isOver = true
      resolve(runId)
    }
    /** Whoever has the run has recorded it, or is about to. */
    const look = async (runId: string): Promise<void> => {
      while (!isOver) {
        if ((await askJob(runId, place, signal)) !== undefined) return end(runId)
        await sleep(look_ms, undefined, { signal })
      }
    }
    child.on("message", (message) => {
      if (!isTold(message)) return
      if (message.told === "recorded") end(message.run_id)
      else look(message.run_id).catch(reject)
    })
    child.once("exit", () => end(undefined))
    child.once("error", reject)
  })

/** Starts the runner and answers the descriptor of its job; of a job that has ended already, what became of it. */
export const detach = async (words: SettleWords, place: Place, ctx: Context): Promise<object> => {
  const { runId } = idsOf(words)
  const runner = startRunner({ ...words, "run-id": runId }, runId, place, ctx)
  const { child, log } = runner
  const stop = () => void child.kill("SIGTERM")
  ctx.signal.addEventListener("abort", stop, { once: true })
  const found = await recorded(child, place, ctx.signal)
  ctx.signal.removeEventListener("abort", stop)
  if (found === undefined) return answerOf(runner)
  if (child.connected) child.disconnect()
  child.unref()
  const state = await askJob(found, place, ctx.signal)
  return {
    job_id: found,
    run_id: found,
    ...state?.descriptor,
    ...jobCommands(found, place),
    pid: child.pid,
    log_file: log,
  }
}
