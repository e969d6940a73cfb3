/**
 * A verifier that is a command: it gets the path of the sealed bytes, and answers by exit code and JSON.
 *
 * @module
 */
import { type CapturedOutput, type ProcessOutcome, Processes } from "@waybill/host"
import { Effect, Result, Schema } from "effect"
import { basename } from "node:path"
import { hideInStream } from "../hideInStream.ts"
import { hideValues } from "../hideValues.ts"
import { InvalidDeclaration } from "../pipeline/Errors.ts"
import { refuseCommand } from "../refuseCommand.ts"
import { VerifierOutputs } from "./VerifierOutputs.ts"
import {
  asProse,
  checkAnswer,
  Checks,
  label_length_max,
  type Verification,
  type Verifier,
  VerifierError,
} from "./Verifier.ts"

export interface CommandVerifierOptions {
  /** By default the program's name. */
  readonly name?: string
  /** Program and arguments, started without a shell. The artifact's path is added as the last argument. */
  readonly command: readonly [string, ...ReadonlyArray<string>]
  readonly cwd: string
  /** Variables besides those of the protocol and PATH. Names that begin with `WAYBILL_` are refused. */
  readonly env?: Readonly<Record<string, string>>
  /**
   * Whether exit code 1 without a word, on standard output or standard error, is a rejection, as it is of `grep -q` and
   * `cmp -s`. By default it is a malfunction, because that is also how Node, Python and many shells end a program that crashed;
   * with a last word on standard error it always is.
   */
  readonly silentRejection?: boolean
  /** How much the command may write before its answer counts as malformed; 4 MiB by default. */
  readonly outputBytes_max?: number
}

/**
 * Every process of a verification bears it. So what leaves the group is found and ended, and so is what a runner and a guard
 * that were both killed have left behind.
 */
const marker = "WAYBILL_VERIFICATION"
const grace_ms = 2_000

const Output = Schema.fromJsonString(Schema.Struct({ checks: Checks, summary: Schema.optionalKey(Schema.String) }))
const decode = Schema.decodeUnknownResult(Output)

type Variables = Readonly<Record<string, string>>

/** What was printed, without the values that the command was given; where it was cut, without the beginning of one either. */
const hidden = ({ bytes, dropped_bytes }: CapturedOutput, env: Variables): CapturedOutput => {
  const hiding = hideInStream(env)
  const kept = hiding.take(bytes)
  if (dropped_bytes > 0) return { bytes: kept, dropped_bytes: dropped_bytes + hiding.cut() }
  return { bytes: Buffer.concat([kept, hiding.end()]), dropped_bytes }
}

type Said = typeof Output.Type

/**
 * The answer as it may go into a fact, for everybody to read and for ever: no text of it holds a value. A name is often longer than the
 * value in whose place it stands, so what was within a limit is cut to it again.
 */
const withoutValues = ({ checks, summary }: Said, env: Variables): Said => {
  const label = (text: string) => asProse(hideValues(text, env), label_length_max)
  const prose = (text: string) => asProse(hideValues(text, env))
  return {
    checks: checks.map(({ fingerprint, message, name, proofRef, status }) => ({
      name: label(name),
      status,
      ...(message === undefined ? {} : { message: prose(message) }),
      ...(proofRef === undefined ? {} : { proofRef: label(proofRef) }),
      ...(fingerprint === undefined ? {} : { fingerprint: label(fingerprint) }),
    })),
    ...(summary === undefined ? {} : { summary: prose(summary) }),
  }
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).trim()

const isObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** What the command meant by exit code 0 or 1 and by what it wrote; anything that is not clearly a verdict is none. */
const verificationOf = (
  name: string,
  code: number,
  output: Uint8Array,
  env: Variables,
  maySilentlyReject: boolean,
): Result.Result<Verification, VerifierError> => {
  const error = (kind: VerifierError["code"], detail: string) =>
    Result.fail(new VerifierError({ verifier: name, code: kind, detail }))
  let text: string
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(output).trim()
  } catch {
    return error("malformed", "its output is not UTF-8")
  }
  const ok = code === 0
  if (text === "") {
    if (ok) return Result.succeed({ ok, checks: [{ name, status: "passed" }] })
    if (!maySilentlyReject)
      return error("failed", "exited with 1 and gave no verdict, which is how a program ends that crashed")
    return Result.succeed({ ok, checks: [{ name, status: "failed" }], reason: `${name} exited with 1` })
  }
  const decoded = decode(text)
  if (Result.isFailure(decoded) && !isObject(text))
    return error(
      "malformed",
      'it printed something that is no {"checks": […]} object; add >/dev/null or -q if its exit code is the answer',
    )
  if (Result.isFailure(decoded)) {
    // A complaint shows pieces of what it is about, and no piece of a value is known for one.
    const complaint = decode(textOf(hidden({ bytes: output, dropped_bytes: 0 }, env).bytes))
    return error("malformed", Result.isFailure(complaint) ? complaint.failure.message : "it is no answer of a verifier")
  }
  const { checks, summary } = withoutValues(decoded.success, env)
  if (ok) return Result.succeed({ ok, checks, ...(summary === undefined ? {} : { summary }) })
  const failed = checks.filter(({ status }) => status === "failed").map((check) => check.name)
  if (failed.length === 0 && summary === undefined) return error("malformed", "it rejects and names no failed check")
  return Result.succeed({ ok, checks, reason: summary ?? asProse(`failed: ${failed.join(", ")}`, 1000) })
}

/**
 * Makes the verifier. It accepts by exit code 0, and rejects by exit code 1 with the checks that failed on standard output;
 * everything else says that the command could not come to an answer.
 *
 * The command runs in its own process group and has the time that the job gives its verifier (`verifierDeadline_ms`). When
 * it has ended, its time is up, or this process is gone, however it died, everything it started is ended too, also what has
 * left the group. A command or a variable that can never be started is refused when the verifier is made.
 */
export const commandVerifier = (
  options: CommandVerifierOptions,
): Effect.Effect<Verifier, InvalidDeclaration, Processes> =>
  Effect.gen(function* () {
    const processes = yield* Processes
    const keep = yield* VerifierOutputs
    const { command, cwd, env = {}, outputBytes_max = 4 * 1024 * 1024, silentRejection = false } = options
    const refused = refuseCommand(command, env)
    if (refused !== undefined) return yield* new InvalidDeclaration({ field: "commandVerifier", reason: refused })
    const name = hideValues(options.name ?? basename(command[0]), env)
    const error = (code: VerifierError["code"], detail: string) =>
      new VerifierError({ verifier: name, code, detail: hideValues(detail, env) })
    return {
      name,
      verify: ({ artifact, attempt, runId, verificationId }) =>
        Effect.gen(function* () {
          // Nobody else verifies this attempt now, so whoever still does was left by a runner that died.
          yield* processes.endFamily({ marker: { name: marker, value: verificationId } }, grace_ms)
          const keepOf = ({ exit, stderr, stdout }: ProcessOutcome, wasCutOff: boolean) => {
            const outputs = { stdout: hidden(stdout, env), stderr: hidden(stderr, env) }
            return Effect.as(keep({ runId, attempt, verifier: name, exit, wasCutOff, ...outputs }), outputs.stderr)
          }
          let cutOff: ProcessOutcome | undefined
          const outcome = yield* processes
            .run({
              argv: [...command, artifact.path],
              cwd,
              env: {
                ...env,
                WAYBILL_ARTIFACT: artifact.path,
                WAYBILL_SHA256: artifact.sha256,
                WAYBILL_BYTES: String(artifact.bytes),
                WAYBILL_SCHEMA: artifact.schemaId,
                WAYBILL_RUN_ID: runId,
                WAYBILL_ATTEMPT: String(attempt),
                [marker]: verificationId,
              },
              marker,
              guarded: true,
              grace_ms,
              inherit: ["PATH"],
              stdout: { kind: "capture", bytes_max: outputBytes_max },
              stderr: { kind: "capture", bytes_max: 65_536 },
              whenInterrupted: (seen) => {
                cutOff = seen
              },
            })
            .pipe(
              Effect.mapError((cause) => error("failed", cause.message)),
              Effect.onInterrupt(() => (cutOff === undefined ? Effect.void : keepOf(cutOff, true))),
            )
          const { exit, leftovers, stdout } = outcome
          const shown = yield* keepOf(outcome, false)
          if (leftovers.remaining.length > 0)
            return yield* error("failed", `left ${leftovers.remaining.length} processes that could not be ended`)
          const dropped = shown.dropped_bytes === 0 ? "" : ` … and ${shown.dropped_bytes} bytes more`
          const said = `${textOf(shown.bytes)}${dropped}`
          const andSaid = said === "" ? "" : `: ${said}`
          if (exit.kind === "signal") return yield* error("failed", `ended by ${exit.signal}${andSaid}`)
          if (exit.code !== 0 && exit.code !== 1) return yield* error("failed", `exited with ${exit.code}${andSaid}`)
          if (stdout.dropped_bytes > 0) return yield* error("malformed", `it wrote more than ${outputBytes_max} bytes`)
          const verification = yield* Effect.fromResult(
            // Who crashed says so where nobody looks for a verdict.
            verificationOf(name, exit.code, stdout.bytes, env, silentRejection && said === ""),
          ).pipe(
            Effect.mapError(({ code, detail }) => error(code, said === "" ? detail : `${detail}; it said: ${said}`)),
          )
          return yield* Effect.fromResult(checkAnswer(name, verification))
        }),
    }
  })
