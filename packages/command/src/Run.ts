/**
 * From the words to the exit code.
 *
 * @module
 */
import { type FrameworkError, type Meta, type ResponseEnvelope, diagnoseCommand } from "@waybill/command-contract"
import { type RunFacts, envelopeOf } from "./Answer.ts"
import type { Application } from "./Application.ts"
import { check } from "./Check.ts"
import { readSizeLimit } from "./Cap.ts"
import { type Catalogue, catalogue } from "./Catalogue.ts"
import type { Host } from "./Host.ts"
import { makeRequestId, readTraceId } from "./Ids.ts"
import { watchOutput } from "./Output.ts"
import { redact } from "./PlainText.ts"
import { type Asked, type Plan, plan, readAnswerOptions } from "./Plan.ts"
import type { Outcome } from "./Outcome.ts"
import type { RunRequest } from "./Protocol.ts"
import type { Registered } from "./Registered.ts"
import { formOf, respond, styleOf } from "./Respond.ts"
import { shellWord } from "./ShellWord.ts"
import { type Ended, supervise } from "./Supervise.ts"
import type { Validated } from "./Validate.ts"

const request_id_bytes = 10

/** A variable under the program's own prefix, or under the common one. */
const variable = (app: Application, host: Host, name: string): string | undefined =>
  host.env[`${app.name.replaceAll("-", "_").toUpperCase()}_${name}`] ?? host.env[`TOOL_${name}`]

const isFrameworkError = (error: unknown): error is FrameworkError =>
  error instanceof Error && "_tag" in error && error._tag === "FrameworkError"

/** One answer of this process. */
class Session {
  readonly #began_ms: number
  readonly #started_ms: number
  readonly request_id: string
  readonly trace_id: string | undefined
  readonly size: ReturnType<typeof readSizeLimit>
  readonly app: Application
  readonly host: Host
  readonly options: ReturnType<typeof readAnswerOptions>

  constructor(app: Application, host: Host) {
    this.app = app
    this.host = host
    this.#began_ms = host.monotonic_ms()
    this.#started_ms = host.now_ms()
    this.request_id = makeRequestId(this.#started_ms, host.random(request_id_bytes))
    this.trace_id = readTraceId(variable(app, host, "TRACE_ID"))
    this.size = readSizeLimit(variable(app, host, "MAX_OUTPUT_BYTES"))
    this.options = readAnswerOptions(host.words)
  }

  get form() {
    return formOf(this.host, this.options.output)
  }
  get started_ms() {
    return this.#started_ms
  }
  elapsed_ms(): number {
    return this.host.monotonic_ms() - this.#began_ms
  }

  facts(command: Registered | undefined, timeout_ms: number | undefined): RunFacts {
    return {
      command: command?.published.path,
      contract_version: command === undefined ? undefined : (command.published.contract_version ?? "1.0.0"),
      duration_ms: Math.max(0, Math.floor(this.elapsed_ms())),
      timeout_ms: timeout_ms ?? 0,
      started_ms: this.#started_ms,
      request_id: this.request_id,
      trace_id: this.trace_id,
    }
  }

  /** How to get what the size limit cut off. */
  hint(command: Registered | undefined, envelope: ResponseEnvelope, secrets: ReadonlyArray<string>): string {
    const line = [this.app.invocation ?? this.app.name, ...this.host.words.map(shellWord)].join(" ")
    const { returned_count, truncated } = envelope.meta
    if (command?.list_limit !== undefined && truncated === true && (returned_count ?? 0) > 0) {
      const words = [this.app.invocation ?? this.app.name, command.published.path.replaceAll(".", " ")]
      return `${words.join(" ")} --limit ${returned_count ?? 1}`
    }
    return `TOOL_MAX_OUTPUT_BYTES=${this.size.bytes * 4} ${redact(line, secrets)}`
  }

  async answer(
    command: Registered | undefined,
    timeout_ms: number | undefined,
    ended: Ended,
    more: Partial<Meta> = {},
    secrets: ReadonlyArray<string> = [],
    /** Whether this is said about the command, such as its schema, and not by a run of it. */
    aboutIt = false,
  ): Promise<number> {
    const warnings = this.size.warning === undefined ? ended.warnings : [...ended.warnings, this.size.warning]
    const envelope = envelopeOf(this.app, this.facts(command, timeout_ms), { ...ended, warnings }, more)
    const { outcome } = ended
    const stream =
      command?.published.stream ?? (command?.published.service === true ? { format: "jsonl" as const } : undefined)
    const isManifest = command?.published.path === "manifest" && command.by === "framework"
    await respond(this.host, {
      envelope,
      form: this.form,
      verbosity: this.options.verbosity,
      size_max_bytes: isManifest ? Number.POSITIVE_INFINITY : this.size.bytes,
      hint: this.hint(command, envelope, secrets),
      text: outcome.text,
      stream:
        stream === undefined || aboutIt || more.validation_only === true
          ? undefined
          : { format: stream.format, started: ended.streamed },
    })
    return outcome.ok ? 0 : outcome.exit_code
  }
}

const ended = (outcome: Ended["outcome"]): Ended => ({ outcome, warnings: [], partial: false, streamed: false })

const answerBrokenRegistration = (session: Session, error: FrameworkError): Promise<number> =>
  session.answer(
    undefined,
    undefined,
    ended({
      ok: false,
      exit_code: 1,
      data: null,
      error: {
        code: error.code,
        message: `The program's own registrations are wrong: ${error.message.split("\n")[0] ?? ""}`,
        retryable: false,
        phase: "validation",
        exit_code: 1,
        context: { violations: error.violations },
      },
    }),
  )

const showVersion = async (session: Session): Promise<number> => {
  const { app, host, options } = session
  if (options.output === "json") {
    return session.answer(undefined, undefined, ended({ ok: true, data: { name: app.name, version: app.version } }))
  }
  await host.stdout.write(`${app.name} ${app.version}\n`)
  return 0
}

const showHelp = async (
  session: Session,
  known: Catalogue,
  asked: Extract<Plan, { kind: "help" }>,
): Promise<number> => {
  const { app, host, options } = session
  const { commandHelp, groupHelp, usageOf } = await import("./Help.ts")
  const { command, group } = asked
  const invocation = app.invocation ?? app.name
  const text = (style: ReturnType<typeof styleOf>) =>
    command === undefined ? groupHelp(app, known.commands, group, style) : commandHelp(app, command, style)
  const form = session.form
  if (form === "human" || form === "plain") {
    await host.stdout.write(text({ ...styleOf(host, form), columns: host.stdout.columns }))
    return 0
  }
  if (options.verbosity !== "quiet") host.stderr.write(text({ columns: host.stderr.columns, colour: false }))
  const below = [...known.commands.keys()].filter((path) => group === "" || path.startsWith(`${group}.`))
  const words = command === undefined ? group.replaceAll(".", " ") : command.published.path.replaceAll(".", " ")
  const data = {
    usage:
      command === undefined
        ? `${invocation} ${words === "" ? "" : `${words} `}COMMAND [flags]`
        : usageOf(invocation, command),
    commands: (command === undefined ? below : [...command.published.subcommands]).map((path) =>
      path.replaceAll(".", " "),
    ),
  }
  const schema_ref = command === undefined ? `${invocation} --schema` : `${invocation} ${words} --schema`
  await session.answer(undefined, undefined, ended({ ok: true, data }), { help: true, schema_ref })
  return 0
}

/** In development an author hears of what is legal and still likely a mistake. */
const tellDiagnostics = ({ app, host, options }: Session): void => {
  if (host.env["NODE_ENV"] !== "development" || options.verbosity === "quiet") return
  for (const { declaration } of app.commands) {
    for (const { code, command, message } of diagnoseCommand(declaration))
      host.stderr.write(`${code}: ${command}: ${message}\n`)
  }
}

const requestOf = (session: Session, command: Registered, validated: Validated, asked: Asked): RunRequest => {
  const { host, options } = session
  const { connect_timeout_ms, timeout_ms } = validated.limits
  const { flags } = command.published
  const secrets = Object.entries(validated.args)
    .filter(([name]) => flags[name]?.secret === true)
    .flatMap(([, value]) => (Array.isArray(value) ? value.map(String) : [String(value)]))
  const form = session.form
  return {
    path: command.published.path,
    args: validated.args,
    total_ms: timeout_ms,
    connect_ms: connect_timeout_ms,
    started_ms: session.started_ms,
    remaining_ms: timeout_ms === undefined ? undefined : Math.max(1, timeout_ms - session.elapsed_ms()),
    ...asked,
    verbosity: options.verbosity,
    development: host.env["NODE_ENV"] === "development",
    style: form === "human" || form === "plain" ? styleOf(host, form) : undefined,
    progress: host.stderr.isTTY && options.verbosity !== "quiet",
    request_id: session.request_id,
    trace_id: session.trace_id,
    secrets,
    size_max_bytes: session.size.bytes,
  }
}

/** A refusal is certain already, so a check that takes longer is not waited for. */
const further_ms_max = 2_000

/** A refused line, with what the command's own check says of the words that are right so far. */
const refuse = async (session: Session, { error, further }: Extract<Plan, { kind: "refused" }>): Promise<Outcome> => {
  const refused = { ok: false, exit_code: 2, error, data: null } as const
  if (further === undefined) return refused
  const { app, host } = session
  const { command, refusal, validated } = further
  const asked = { validate_only: true, dry_run: false, limit: undefined, cursor: undefined }
  const request: RunRequest = {
    ...requestOf(session, command, validated, asked),
    remaining_ms: further_ms_max,
    // What goes wrong in a check that was given half of its arguments is no news.
    verbosity: "quiet",
    development: false,
    progress: false,
  }
  const { outcome } = await supervise({ app, command, request, host, stepLine: () => undefined })
  if (outcome.ok) return refused
  if (outcome.error.code === "CANCELLED") return outcome
  return outcome.error.code === "ARG_ERROR" ? { ...refused, error: refusal(outcome.error.errors ?? []) } : refused
}

const runHandler = async (session: Session, asked: Extract<Plan, { kind: "run" }>): Promise<number> => {
  const { app, host, options } = session
  const { command, validated } = asked
  const request = requestOf(session, command, validated, asked.asked)
  const stepLine = (line: string) => {
    if (options.output === "jsonl") void host.stdout.write(`${line}\n`)
    else if (options.verbosity !== "quiet" && (options.output === "json" || options.verbosity !== "normal"))
      host.stderr.write(`${line}\n`)
  }
  const end = await supervise({ app, command, request, host, stepLine })
  const more = asked.asked.validate_only ? { validation_only: true } : {}
  return session.answer(command, validated.limits.timeout_ms, end, more, request.secrets)
}

const follow = async (session: Session, known: Catalogue, asked: Plan): Promise<number> => {
  const { host } = session
  switch (asked.kind) {
    case "version":
      return showVersion(session)
    case "help":
      return showHelp(session, known, asked)
    case "bare":
      await host.stdout.write(`${JSON.stringify(asked.value)}\n`)
      return 0
    case "data":
      return session.answer(
        asked.command,
        asked.command.timeout_ms,
        ended({ ok: true, data: asked.data }),
        asked.meta,
        [],
        true,
      )
    case "refused":
      return session.answer(asked.command, asked.command?.timeout_ms, ended(await refuse(session, asked)))
    case "run":
      tellDiagnostics(session)
      return runHandler(session, asked)
  }
}

/**
 * Runs a program once and answers its exit code. Nothing is thrown: whatever goes wrong is in the answer.
 *
 * The registrations are checked first, but for help and version.
 */
export const run = async (app: Application, given: Host): Promise<number> => {
  const { exitCode, host } = watchOutput(given)
  return exitCode(await answerCall(app, host))
}

const answerCall = async (app: Application, host: Host): Promise<number> => {
  const session = new Session(app, host)
  try {
    const flags = host.words.slice(0, host.words.includes("--") ? host.words.indexOf("--") : undefined)
    const isHarmless =
      host.words.length === 0 || ["--help", "-h", "--version", "-V"].some((flag) => flags.includes(flag))
    if (!isHarmless) check(app)
    const known = catalogue(app)
    return await follow(session, known, plan(app.invocation ?? app.name, known, host.words))
  } catch (error) {
    if (isFrameworkError(error)) return answerBrokenRegistration(session, error)
    // A broken registration can also break help, which looks at it unchecked.
    const message = error instanceof Error ? error.message : String(error)
    host.stderr.write(`${error instanceof Error ? (error.stack ?? message) : message}\n`)
    const detail = { code: "FRAMEWORK_FAILED", message, retryable: false, phase: "execution", exit_code: 1 } as const
    return session.answer(undefined, undefined, ended({ ok: false, exit_code: 1, data: null, error: detail }))
  }
}
