/**
 * One run, from the side that answers: the latch, the limit, the signals, and the certainty that nothing is left.
 *
 * Whoever takes the latch first decides the answer: the handler's result, its failure, the time limit, a signal, or the
 * end of its process. What comes later is dropped.
 *
 * @module
 */
import { type ErrorDetail, type StepReport, signal_codes } from "@waybill/command-contract"
import type { Application } from "./Application.ts"
import { redact } from "./PlainText.ts"
import type { Host } from "./Host.ts"
import { startInline } from "./InlineRunner.ts"
import type { Outcome } from "./Outcome.ts"
import { type Progress, makeProgress } from "./Progress.ts"
import type { FromRunner, RunRequest, StopReason } from "./Protocol.ts"
import type { RunnerEvents } from "./ProcessRunner.ts"
import type { Registered } from "./Registered.ts"
import { makeStepTracker } from "./StepTracker.ts"
import { visibleBlock } from "./Visible.ts"
import { makeStrayOutput } from "./StrayOutput.ts"

/** What became of a run: all that an answer says, but for the facts about the run itself. */
export interface Ended {
  readonly outcome: Outcome
  readonly warnings: ReadonlyArray<string>
  readonly partial: boolean
  /** Whether a command that streams has written anything. */
  readonly streamed: boolean
}

/** A runner whose event loop is alive says so within this time; otherwise it is ended at once. */
const hear_ms_max = 500
/** Cleanup of a run that was stopped; a service has a time of its own to finish what it is doing. */
const grace_ms = 1_000

type Latch =
  | { readonly by: "outcome"; readonly outcome: Outcome }
  | { readonly by: "stop"; readonly reason: StopReason }
  | { readonly by: "exit"; readonly code: number | null; readonly signal: string | null }
  | { readonly by: "unstarted"; readonly error: Error }

const failure = (
  exit_code: number,
  error: Pick<ErrorDetail, "code" | "message" | "retryable" | "signal" | "context">,
  data: object | null,
): Outcome => {
  const { code, message, retryable, ...more } = error
  return { ok: false, exit_code, error: { code, message, retryable, phase: "execution", exit_code, ...more }, data }
}

const stepData = (report: StepReport | undefined): object | null => (report === undefined ? null : { ...report })

/** The answer for an end that no handler chose. */
const endedBy = (
  latch: Exclude<Latch, { readonly by: "outcome" }>,
  command: Registered,
  request: RunRequest,
  report: StepReport | undefined,
): Outcome => {
  const data = stepData(report)
  // What was wanted of the stream has been had, or there is nowhere to say more: the output's watcher has said so.
  if (latch.by === "stop" && (latch.reason === "reader" || latch.reason === "output")) return { ok: true, data: null }
  if (latch.by === "stop" && latch.reason === "timeout") {
    const retryable = command.published.exit_codes["10"]?.retryable === true
    const timeout_ms = request.total_ms ?? 0
    const message = `${command.published.path} did not end within its limit of ${timeout_ms} ms.`
    return failure(10, { code: "TIMEOUT", message, retryable, context: { timeout_ms } }, data)
  }
  if (latch.by === "stop") {
    const signal = latch.reason === "SIGINT" ? "SIGINT" : "SIGTERM"
    const message = `${command.published.path} was ended by ${signal}.`
    return failure(signal_codes[signal], { code: "CANCELLED", message, retryable: false, signal }, data)
  }
  const exit_code = report !== undefined && report.completed_steps.length > 0 ? 3 : 1
  if (latch.by === "unstarted") {
    const message = `The process of the handler could not be started: ${latch.error.message}.`
    return failure(1, { code: "HANDLER_EXITED", message, retryable: false }, data)
  }
  const how = latch.signal === null ? `with code ${latch.code ?? 0}` : `by ${latch.signal}`
  const message = `The process of the handler ended ${how} before the handler did.`
  const context = { code: latch.code, signal: latch.signal }
  return failure(exit_code, { code: "HANDLER_EXITED", message, retryable: false, context }, data)
}

export interface SuperviseFacts {
  readonly app: Application
  readonly command: Registered
  readonly request: RunRequest
  readonly host: Host
  /** Lines about steps: to stderr or stdout, as the caller asked. */
  readonly stepLine: (line: string) => void
}

/** Runs a handler to its end, whatever that is. Always settles within the limit and a few seconds. */
export const supervise = async (facts: SuperviseFacts): Promise<Ended> => {
  const { command, host, request, stepLine } = facts
  const latch = Promise.withResolvers<Latch>()
  const heard = Promise.withResolvers<void>()
  const cleaned = Promise.withResolvers<void>()
  const settledLate = Promise.withResolvers<Outcome>()
  const abandoned = Promise.withResolvers<void>()
  const warnings: Array<string> = []
  const told: Array<string> = []
  const stray = makeStrayOutput()
  const steps = makeStepTracker(command.published.steps, () => undefined)
  let isLatched = false
  let isStopping = false
  let isReaderGone = false
  let streamed = false

  const take = (by: Latch) => {
    if (isLatched) return
    isLatched = true
    isStopping = by.by === "stop"
    latch.resolve(by)
  }
  const endless = command.published.service === true || command.published.stream !== undefined
  const progress: Progress = makeProgress(host, request.progress && !endless, command.published.path)

  const events: RunnerEvents = {
    message: (message: FromRunner) => {
      switch (message.type) {
        case "step":
          if (isLatched) return
          steps[message.event === "step_start" ? "start" : "complete"](message.step)
          stepLine(JSON.stringify({ event: message.event, step: message.step }))
          return
        case "warning":
          // Who is stopped may still say what it leaves behind.
          if (isLatched && !isStopping && !message.text.startsWith("CLEANUP_FAILED")) return
          if (!endless) return void warnings.push(message.text)
          // It may go on for ever: nobody waits for its end to hear of it.
          told.push(message.text)
          if (request.verbosity !== "quiet") host.stderr.write(`warning: ${visibleBlock(message.text)}\n`)
          return
        case "progress":
          progress.say(message.text)
          return
        case "stopping":
          heard.resolve()
          return
        case "stopped":
          cleaned.resolve()
          return
        case "end":
          settledLate.resolve(message.outcome)
          take({ by: "outcome", outcome: message.outcome })
          return
        case "ready":
        case "group":
          return
      }
    },
    stray: stray.take,
    said: (chunk) => {
      if (chunk.length > 0) host.stderr.write(chunk)
    },
    stream: async (chunk) => {
      if (isReaderGone) return
      streamed = true
      const result = await host.stdout.stream(chunk)
      if (result === "written") return
      isReaderGone = true
      // A service goes on without a reader: others depend on it.
      if (command.published.service !== true) take({ by: "stop", reason: result === "closed" ? "reader" : "output" })
    },
    exited: (code, signal) => {
      heard.resolve()
      cleaned.resolve()
      take({ by: "exit", code, signal })
    },
    unstarted: (error) => take({ by: "unstarted", error }),
  }

  const stopDeadline =
    request.remaining_ms === undefined
      ? () => undefined
      : host.after(request.remaining_ms, () => take({ by: "stop", reason: "timeout" }))
  const seen = new Set<string>()
  const stopSignals = host.onSignal((signal, sent) => {
    // After the answer is decided only a reader that has stalled can hold things up.
    if ((signal === "SIGINT" && seen.has(signal)) || (isLatched && endless)) abandoned.resolve()
    seen.add(signal)
    take({ by: "stop", reason: sent ?? signal })
  })

  const runner = await start(facts, events)
  runner.send({ type: "start", request })
  const by = await latch.promise
  const report = steps.report("failure")

  const isService = command.published.service === true
  if (by.by === "stop") {
    const stop_ms = isService ? command.grace_ms : grace_ms
    runner.send({ type: "stop", reason: by.reason, grace_ms: stop_ms })
    const isAlive = await raceTime(host, hear_ms_max, Promise.race([heard.promise, abandoned.promise]))
    // Whether a service ended well is known when its handler has settled, or when its process is gone.
    const gone = runner.drained.then(() => raceTime(host, hear_ms_max, settledLate.promise))
    const over = isService ? Promise.race([settledLate.promise, gone]) : cleaned.promise
    if (isAlive) await raceTime(host, stop_ms, Promise.race([over, abandoned.promise]))
    await runner.end("kill")
    await raceTime(host, grace_ms, Promise.race([runner.drained, abandoned.promise]))
  } else {
    await raceTime(host, grace_ms, Promise.race([runner.exited, abandoned.promise]))
    const mayLeave = command.leavesProcesses && by.by === "outcome" && by.outcome.ok
    await runner.end(mayLeave ? "leave" : by.by === "outcome" ? "tidy" : "kill")
    await Promise.race([runner.drained, abandoned.promise])
  }
  const settled = isService ? await Promise.race([settledLate.promise, Promise.resolve(undefined)]) : undefined
  const endedWell = by.by === "stop" && by.reason !== "timeout" && settled?.ok === true
  stopDeadline()
  progress.end()
  stopSignals()
  const outcome = by.by === "outcome" ? by.outcome : endedWell ? settled : endedBy(by, command, request, report)
  return {
    outcome,
    // What was told already is told again only in the answer of a failure, which holds everything.
    warnings: [
      ...(outcome.ok ? [] : told),
      ...warnings,
      ...stray.warnings().map((text) => redact(text, request.secrets)),
    ],
    partial: by.by === "stop" && by.reason !== "reader" && by.reason !== "output" && !endedWell,
    streamed,
  }
}

/** True when the promise settled in time. */
const raceTime = (host: Host, limit_ms: number, promise: Promise<unknown>): Promise<boolean> =>
  new Promise((resolve) => {
    const cancel = host.after(limit_ms, () => resolve(false))
    void promise.then(() => {
      cancel()
      resolve(true)
    })
  })

const start = async ({ app, command, host, request }: SuperviseFacts, events: RunnerEvents) => {
  if (command.isolation === "inline" || host.program === undefined)
    return startInline(host, app, command, request, events)
  const { startRunner } = await import("./ProcessRunner.ts")
  // The handler is elsewhere: what breaks here is the program's own start, and does not decide the answer.
  host.onAccident((thrown) => {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
    if (request.verbosity !== "quiet") host.stderr.write(`${redact(text, request.secrets)}\n`)
  })
  return startRunner(host.program, host.words, request, events)
}
