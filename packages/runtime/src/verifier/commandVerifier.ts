/**
 * A verifier that is a command: it gets the path of the sealed bytes, and answers by exit code and optional JSON.
 *
 * @module
 */
import { Processes } from "@waybill/host"
import { Effect, Result, Schema } from "effect"
import { basename } from "node:path"
import { checkAnswer, Checks, type Verification, type Verifier, VerifierError } from "./Verifier.ts"

export interface CommandVerifierOptions {
  /** By default the program's name. */
  readonly name?: string
  /** Program and arguments, started without a shell. The artifact's path is added as the last argument. */
  readonly command: readonly [string, ...ReadonlyArray<string>]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly timeLimit_ms?: number
  /** How much the command may write before its answer counts as malformed; 4 MiB by default. */
  readonly outputBytes_max?: number
}

const Output = Schema.fromJsonString(Schema.Struct({ checks: Checks, summary: Schema.optionalKey(Schema.String) }))
const decode = Schema.decodeUnknownResult(Output)

/** Exit code 0 accepts, 1 rejects; anything else says that the command could not come to an answer. */
const verificationOf = (name: string, code: number, text: string): Result.Result<Verification, VerifierError> => {
  const ok = code === 0
  if (text.trim() === "") {
    const checks = [{ name, status: ok ? ("passed" as const) : ("failed" as const) }]
    return Result.succeed(ok ? { ok, checks } : { ok, checks, reason: `${name} exited with ${code}` })
  }
  const output = decode(text)
  if (Result.isFailure(output))
    return Result.fail(
      new VerifierError({ verifier: name, code: "malformed", detail: output.failure.message.slice(0, 500) }),
    )
  const { checks, summary } = output.success
  if (ok) return Result.succeed({ ok, checks, ...(summary === undefined ? {} : { summary }) })
  if (checks.length > 0 && checks.every(({ status }) => status === "passed"))
    return Result.fail(
      new VerifierError({ verifier: name, code: "malformed", detail: "it rejects although every check passed" }),
    )
  const failed = checks.filter(({ status }) => status === "failed").map((check) => check.name)
  return Result.succeed({
    ok,
    checks,
    reason: summary ?? (failed.length === 0 ? `${name} exited with ${code}` : `failed: ${failed.join(", ")}`),
  })
}

/** Makes the verifier. The command runs in its own process group and is ended with it when its time is up. */
export const commandVerifier = (options: CommandVerifierOptions): Effect.Effect<Verifier, never, Processes> =>
  Effect.map(Processes, (processes) => {
    const { command, cwd, env = {}, outputBytes_max = 4 * 1024 * 1024, timeLimit_ms = 240_000 } = options
    const name = options.name ?? basename(command[0])
    const error = (code: VerifierError["code"], detail: string) => new VerifierError({ verifier: name, code, detail })
    return {
      name,
      verify: ({ artifact, attempt, runId }) =>
        Effect.gen(function* () {
          const outcome = yield* Effect.mapError(
            processes.run({
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
              },
              inherit: ["PATH"],
              timeLimit_ms,
              stdout: { kind: "capture", bytes_max: outputBytes_max },
              stderr: { kind: "capture", bytes_max: 65_536 },
            }),
            (cause) => error("failed", cause.message),
          )
          const { exit, stderr, stdout, timedOut } = outcome
          if (timedOut) return yield* error("timeout", `no answer in ${timeLimit_ms} ms`)
          if (exit.kind === "signal") return yield* error("failed", `ended by ${exit.signal}`)
          if (exit.code !== 0 && exit.code !== 1) {
            const said = new TextDecoder().decode(stderr.bytes).trim().slice(0, 500)
            return yield* error("failed", `exited with ${exit.code}${said === "" ? "" : `: ${said}`}`)
          }
          if (stdout.dropped_bytes > 0) return yield* error("malformed", `it wrote more than ${outputBytes_max} bytes`)
          const verification = yield* Effect.fromResult(
            verificationOf(name, exit.code, new TextDecoder().decode(stdout.bytes)),
          )
          return yield* Effect.fromResult(checkAnswer(name, verification))
        }),
    }
  })
