/**
 * One run of one handler: its context, its result made fit for an answer, its failure explained, its cleanup.
 *
 * Runs in the child process, or inline. Whatever happens is told as it happens, so that nothing is lost when the process
 * ends in the middle.
 *
 * @module
 */
import { CommandError } from "./CommandError.ts"
import type { ArgumentError, ErrorDetail } from "@waybill/command-contract"
import type { Application, Problem, Style } from "./Application.ts"
import { argumentFix } from "./argumentFix.ts"
import { shorten } from "./Cap.ts"
import { makeContext } from "./MakeContext.ts"
import { type Failure, causes, explain } from "./Failure.ts"
import { NotJson, toJsonable } from "./Jsonable.ts"
import { paramOf } from "./Parse.ts"
import { redact } from "./PlainText.ts"
import { isEffect, runEffect } from "./Effects.ts"
import type { Outcome } from "./Outcome.ts"
import { checkOutput } from "./OutputCheck.ts"
import type { RunRequest, StopReason } from "./Protocol.ts"
import type { Registered } from "./Registered.ts"
import { pageFacts } from "./Pages.ts"
import type { Stage } from "./Stage.ts"

export interface Performance {
  readonly outcome: Promise<Outcome>
  /** Aborts the signal, runs the cleanup, and settles when both are done or the time is up. */
  readonly stop: (reason: StopReason, grace_ms: number) => Promise<void>
  /** Ends the run for something that nobody caught. */
  readonly fail: (thrown: unknown, code: string) => void
}

/** How long all cleanup together may take. */
export const cleanup_ms_max = 1_000
const drain_ms_max = 1_000

const wait = (limit_ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, limit_ms).unref()
  })

/** What a hook found, told as the framework tells what it finds itself: first the word that is wrong, then why. */
const refusal = (
  app: Application,
  command: Registered,
  problems: ReadonlyArray<Problem>,
  secrets: ReadonlyArray<string>,
): Outcome => {
  const { flags, path } = command.published
  const errors = problems.map(({ code = "VALUE_REFUSED", field, message: found }): ArgumentError => {
    const param = paramOf(field, flags[field])
    const message = redact(found, secrets)
    return { param, field, code, message: message.startsWith(param) ? message : `${param}: ${message}` }
  })
  return {
    ok: false,
    exit_code: 2,
    data: null,
    error: {
      code: "ARG_ERROR",
      message: errors.map(({ message }) => (/[.!?]$/.test(message) ? message : `${message}.`)).join(" "),
      retryable: false,
      phase: "validation",
      exit_code: 2,
      fix_required: argumentFix(errors),
      suggestion: `See: ${app.invocation ?? app.name} ${path.replaceAll(".", " ")} --help`,
      errors,
    },
  }
}

/** Starts a run. Its outcome is known once its cleanup is done. */
export const perform = (app: Application, command: Registered, request: RunRequest, stage: Stage): Performance => {
  const { handlers, published } = command
  const stopped = new AbortController()
  const made = makeContext(command, request, stage, stopped.signal)
  const { ctx } = made
  const ending = Promise.withResolvers<Outcome>()
  let hasStarted = false
  let runsEffect = false

  const warn = (text: string) => stage.tell({ type: "warning", text })
  const answerTo = (value: unknown, signal: AbortSignal) => (isEffect(value) ? runEffect(value, signal) : value)

  let cleanup: Promise<void> | undefined
  const cleanUp = (limit_ms: number): Promise<void> => {
    const run = async () => {
      const declared = hasStarted && handlers.cleanup !== undefined ? [() => handlers.cleanup?.(request.args)] : []
      for (const each of [...made.cleanups.toReversed(), ...declared]) {
        try {
          // Its own signal: cleanup runs when the run's has been aborted.
          await answerTo(await each(), new AbortController().signal)
        } catch (error) {
          warn(`CLEANUP_FAILED: ${error instanceof Error ? error.message : String(error)}`)
        }
      }
      made.closeNetwork()
    }
    cleanup ??= Promise.race([run(), wait(limit_ms)])
    return cleanup
  }

  /** Parts of a failure that are not JSON are left out: the failure itself must come through. */
  const jsonable = (value: unknown): unknown => {
    try {
      return toJsonable(value, request.secrets) ?? null
    } catch (error) {
      warn(`SERIALIZATION_FAILED: ${error instanceof Error ? error.message : String(error)}`)
      return null
    }
  }
  const shownError = (error: ErrorDetail) =>
    Object.fromEntries(Object.entries(error).map(([key, value]) => [key, jsonable(value)] as const))

  const failed = (failure: Failure, thrown: unknown): Outcome => {
    for (const text of failure.warnings) warn(text)
    const isTold = request.verbosity === "debug" || (failure.isAccident && request.verbosity !== "quiet")
    if (failure.stack !== undefined && isTold && !isOwnStop(thrown, stopped.signal)) stage.log(failure.stack)
    const { exit_code } = failure
    const error = { ...failure.error, ...shownError(failure.error) }
    const data = failure.data === null ? null : asObject(jsonable(failure.data))
    const report = made.steps.report("failure")
    const isResult = CommandError.is(thrown) && thrown.options.isResult === true && data !== null
    const text = isResult && request.style !== undefined ? rendered(data, request.style) : undefined
    if (report === undefined) return { ok: false, exit_code, error, data, ...(text === undefined ? {} : { text }) }
    const merged = { ...data, ...report }
    // A word out of order is the author's mistake, however far the run had come.
    const isViolation = error.code === "STEP_PROTOCOL_VIOLATION"
    if (isViolation || made.steps.completed() === 0) return { ok: false, exit_code, error, data: merged }
    const code = error.code === "UNHANDLED_EXCEPTION" ? "PARTIAL_FAILURE" : error.code
    return {
      ok: false,
      exit_code: 3,
      data: merged,
      error: { ...withoutRetry(error), code, exit_code: 3, phase: "execution" },
    }
  }
  const explained = (thrown: unknown, accident?: string): Outcome =>
    failed(
      explain(thrown, {
        command,
        secrets: request.secrets,
        development: request.development,
        network: made.networkContext,
        ...(accident === undefined ? {} : { accident }),
      }),
      thrown,
    )

  const execute = async (): Promise<unknown> => {
    const isDryRun = request.dry_run && typeof handlers.dry_run === "function"
    const handler = isDryRun && typeof handlers.dry_run === "function" ? handlers.dry_run : handlers.execute
    hasStarted = true
    const returned: unknown = handler(request.args, ctx)
    runsEffect = isEffect(returned)
    if (!isEffect(returned) && !(typeof returned === "object" && returned !== null && "then" in returned)) {
      if (request.development) warn("SYNC_HANDLER: execute answered a plain value; make it an async function")
    }
    const value: unknown = await answerTo(await returned, stopped.signal)
    // A job that a dry run only describes was never started.
    if (published.job_descriptor_schema === undefined || isDryRun) return value
    const { startJob } = await import("./Jobs.ts")
    const usesStore = app.jobs?.status === undefined
    return startJob(
      app,
      stage.env,
      { path: published.path, schema: published.job_descriptor_schema, usesStore },
      value,
      stage.now_ms(),
    )
  }

  /** The work is done: a text that cannot be made falls back to the table. */
  const rendered = (value: unknown, style: Style): string | undefined => {
    try {
      return handlers.render?.(value, style)
    } catch (error) {
      warn(`RENDER_FAILED: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  }

  const succeeded = async (value: unknown): Promise<Outcome> => {
    const running = made.steps.running()
    if (running !== undefined) {
      warn(`STEP_NOT_COMPLETED: ${running} was started and never completed`)
      made.steps.complete(running)
    }
    if (published.stream !== undefined || published.service === true) return { ok: true, data: null }
    const { data, wrapped } = asData(toJsonable(value, request.secrets))
    if (wrapped) warn("RESULT_WRAPPED: the command answered a bare value; it stands in data.value")
    await checkOutput(published.output_schema, data, warn)
    const text = request.style === undefined ? undefined : rendered(value, request.style)
    const report = made.steps.report("success")
    const whole = report === undefined ? data : { ...data, ...report }
    const short = shorten(whole, request.size_max_bytes)
    return {
      ok: true,
      data: asObject(short.data),
      ...(command.list_limit === undefined ? {} : { pagination: pageFacts(data, made.page()) }),
      ...(short.truncation === undefined ? {} : { truncation: short.truncation }),
      ...(text === undefined ? {} : { text }),
    }
  }

  const run = async (): Promise<Outcome> => {
    try {
      const problems = (await handlers.validate?.(request.args, { env: ctx.env })) ?? []
      if (problems.length > 0) return refusal(app, command, problems, request.secrets)
      if (request.validate_only) return { ok: true, data: { valid: true } }
      await made.prepare()
      const value = await execute()
      const left = await stage.drain(Math.min(drain_ms_max, ctx.timeouts.remainingMs() ?? drain_ms_max))
      if (left.length > 0) warn(`UNAWAITED_ASYNC: the handler settled while work was going on: ${left.join(", ")}`)
      return await succeeded(value)
    } catch (thrown) {
      return explained(thrown, thrown instanceof NotJson ? "SERIALIZATION_FAILED" : undefined)
    }
  }

  const settled = run()
  void settled.then(async (outcome) => {
    await cleanUp(cleanup_ms_max)
    ending.resolve(outcome)
  })
  return {
    outcome: ending.promise,
    stop: async (reason, grace_ms) => {
      stopped.abort(reasonOf(reason, request.total_ms))
      // An Effect's finalizers are its cleanup; a service ends in its own time. A promise may never settle.
      const heeds = published.service === true || runsEffect
      const time = wait(grace_ms)
      if (heeds) await Promise.race([settled, time])
      await Promise.race([cleanUp(grace_ms), time])
    },
    fail: (thrown, code) => {
      const outcome = explained(thrown, code)
      void cleanUp(cleanup_ms_max).then(() => ending.resolve(outcome))
    },
  }
}

/** Whether something was thrown because the run was told to stop: no accident, and its stack leads nowhere. */
const isOwnStop = (thrown: unknown, { aborted, reason }: AbortSignal): boolean => {
  if (!aborted) return false
  return causes(thrown).some(
    (each) => each === reason || each["name"] === "AbortError" || each["name"] === "TimeoutError",
  )
}

const reasonOf = (reason: StopReason, total_ms: number | undefined): DOMException =>
  reason === "timeout"
    ? new DOMException(`The limit of ${total_ms ?? 0} ms ran out.`, "TimeoutError")
    : new DOMException(
        reason === "reader"
          ? "Nobody reads the output any more."
          : reason === "output"
            ? "The output cannot be written."
            : `${reason} was received.`,
        "AbortError",
      )

/** What stopped midway is never repeated blindly, so its hints to repeat go as well. */
const withoutRetry = (error: ErrorDetail): ErrorDetail => ({
  ...Object.fromEntries(Object.entries(error).filter(([key]) => !key.startsWith("retry_"))),
  code: error.code,
  message: error.message,
  phase: error.phase,
  retryable: false,
})

const asObject = (value: unknown): object | null => (typeof value === "object" ? value : null)

const asData = (value: unknown): { readonly data: object; readonly wrapped: boolean } => {
  if (value === undefined || value === null) return { data: {}, wrapped: false }
  return typeof value === "object" ? { data: value, wrapped: false } : { data: { value }, wrapped: true }
}
