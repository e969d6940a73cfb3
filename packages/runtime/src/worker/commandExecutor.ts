/**
 * An executor that is a command.
 *
 * @module
 */
import { folderName } from "@waybill/data-plane"
import { Files, Processes, refuseDuration } from "@waybill/host"
import type { Report } from "@waybill/jobspec"
import { Effect, Result } from "effect"
import { join } from "node:path"
import { hideValues } from "../hideValues.ts"
import { messageOf } from "../messageOf.ts"
import { InvalidDeclaration } from "../pipeline/Errors.ts"
import { refuseCommand } from "../refuseCommand.ts"
import { readCommandResult } from "./commandResult.ts"
import { type Executor, WorkFailed } from "./Executor.ts"
import type { ClaimedJob } from "./WorkQueue.ts"

export interface CommandExecutorOptions {
  /** Program and arguments, started without a shell. */
  readonly command: readonly [string, ...ReadonlyArray<string>]
  /** Host path of the folder that keeps each attempt's payload and log; made on first use. */
  readonly root: string
  /** Where the command runs; the attempt's own folder by default. */
  readonly cwd?: string
  /** Variables besides those of the protocol and PATH. Names that begin with `WAYBILL_` are refused. */
  readonly env?: Readonly<Record<string, string>>
  /** Where the command finds the payload, beside the file `WAYBILL_PAYLOAD`; on standard input by default. */
  readonly payload?: "stdin" | "file" | "env"
  /** After this long the command and all that it started is ended, and the job fails. Without it there is no limit. */
  readonly timeLimit_ms?: number
  /** Between SIGTERM and SIGKILL; 2 s by default. */
  readonly grace_ms?: number
  /** How much the command may write on standard output; 1 MiB by default. */
  readonly outputBytes_max?: number
}

const marker = "WAYBILL_WORK"
const default_grace_ms = 2_000
/** Linux takes no variable that is longer than 128 KiB. */
const variable_bytes_max = 120_000

/**
 * Makes the executor. The command gets the payload as JSON, and `WAYBILL_JOB_ID`, `WAYBILL_JOB_TYPE`, `WAYBILL_ATTEMPT` and
 * `WAYBILL_PAYLOAD` (the path of a file with the payload). With exit code 0 the job is completed; standard output is empty or one JSON
 * object with `artifacts` and `artifact_refs`. With any other code the job fails, with the `failure` that the object names
 * or else with the exit code. Standard error goes to a log file, which the job's artifact `log` names.
 *
 * The command leads a process group of its own. When it has ended, its time is up, the hold is lost or this process is gone,
 * however it died, everything it started is ended too.
 */
export const commandExecutor = (
  options: CommandExecutorOptions,
): Effect.Effect<Executor, InvalidDeclaration, Processes | Files> =>
  Effect.gen(function* () {
    const processes = yield* Processes
    const files = yield* Files
    const {
      command,
      cwd,
      env = {},
      grace_ms = default_grace_ms,
      payload: place = "stdin",
      root,
      timeLimit_ms,
    } = options
    const { outputBytes_max = 1024 * 1024 } = options
    const badLimit = timeLimit_ms === undefined ? undefined : refuseDuration(timeLimit_ms)
    const badGrace = refuseDuration(grace_ms, { from: 0 })
    const refused =
      refuseCommand(command, env) ??
      (badLimit === undefined ? undefined : `timeLimit_ms ${badLimit}`) ??
      (badGrace === undefined ? undefined : `grace_ms ${badGrace}`)
    if (refused !== undefined) return yield* new InvalidDeclaration({ field: "commandExecutor", reason: refused })

    const failed = (message: string, report: Report = {}) =>
      new WorkFailed({ failure: { message: hideValues(message, env) }, report })

    /** The attempt's own folder with the payload in it. */
    const prepare = (folder: string, bytes: Uint8Array) =>
      Effect.scoped(
        Effect.gen(function* () {
          const directory = yield* files.openDirectory(folder, { create: true })
          const file = yield* directory.openFile("payload.json", { access: "write", create: "missing" })
          yield* file.truncate(0)
          yield* file.write(bytes, 0)
        }),
      ).pipe(Effect.mapError((cause) => failed(`the folder ${folder} could not be prepared: ${messageOf(cause)}`)))

    const execute = (job: ClaimedJob): Effect.Effect<Report, WorkFailed> =>
      Effect.gen(function* () {
        const { attempt, job_id, job_type, lease_epoch, payload } = job
        const folder = join(root, folderName(job_id), String(lease_epoch))
        const text = JSON.stringify(payload)
        const bytes = new TextEncoder().encode(text)
        if (place === "env" && bytes.length > variable_bytes_max)
          return yield* failed(`the payload has ${bytes.length} bytes; a variable holds ${variable_bytes_max} at most`)
        yield* prepare(folder, bytes)
        const log = join(folder, "stderr.log")
        const { exit, leftovers, stdout, timedOut } = yield* processes
          .run({
            argv: command,
            cwd: cwd ?? folder,
            env: {
              ...env,
              WAYBILL_JOB_ID: job_id,
              WAYBILL_JOB_TYPE: job_type,
              WAYBILL_ATTEMPT: String(attempt),
              WAYBILL_PAYLOAD: join(folder, "payload.json"),
              ...(place === "env" ? { WAYBILL_PAYLOAD_JSON: text } : {}),
              [marker]: `${folderName(job_id)}.${lease_epoch}`,
            },
            inherit: ["PATH"],
            ...(place === "stdin" ? { stdin: bytes } : {}),
            stdout: { kind: "capture", bytes_max: outputBytes_max },
            stderr: { kind: "file", path: log },
            marker,
            guarded: true,
            grace_ms,
            ...(timeLimit_ms === undefined ? {} : { timeLimit_ms }),
          })
          .pipe(Effect.mapError((cause) => failed(cause.message)))
        const kept: Report = { artifacts: { log } }
        if (timedOut) return yield* failed(`executor timed out after ${timeLimit_ms} ms`, kept)
        if (leftovers.remaining.length > 0)
          return yield* failed(`left ${leftovers.remaining.length} processes that could not be ended`, kept)
        if (exit.kind === "signal") return yield* failed(`ended by ${exit.signal}`, kept)
        const said =
          stdout.dropped_bytes > 0
            ? Result.fail(`it wrote more than ${outputBytes_max} bytes`)
            : readCommandResult(stdout.bytes, (text) => hideValues(text, env))
        if (Result.isFailure(said))
          return yield* failed(`exited with ${exit.code}; its result cannot be read: ${said.failure}`, kept)
        const { failure, ...made } = said.success
        const report: Report = { ...made, artifacts: { ...kept.artifacts, ...made.artifacts } }
        if (exit.code === 0 && failure === undefined) return report
        return yield* new WorkFailed({ failure: failure ?? { message: `exited with ${exit.code}` }, report })
      })
    return { execute }
  })
