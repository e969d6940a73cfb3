/**
 * Runs a handler in this process: for tests of a program, and for commands that only compute. A blocked event loop blocks
 * everything here; that is what the other runner is for.
 *
 * @module
 */
import type { Application } from "./Application.ts"
import type { Host } from "./Host.ts"
import { perform } from "./Perform.ts"
import { clear_line } from "./Progress.ts"
import type { RunnerEvents, RunnerHandle } from "./ProcessRunner.ts"
import type { RunRequest } from "./Protocol.ts"
import type { Registered } from "./Registered.ts"

/** Takes what is printed on stdout while a handler runs. */
const guardStdout = (take: (chunk: Uint8Array) => void): (() => void) => {
  const { stdout } = process
  const original = stdout.write.bind(stdout)
  const guard: typeof stdout.write = (chunk: string | Uint8Array, ...rest: ReadonlyArray<unknown>) => {
    take(typeof chunk === "string" ? Buffer.from(chunk) : chunk)
    for (const each of rest) if (typeof each === "function") queueMicrotask(() => Reflect.apply(each, undefined, []))
    return true
  }
  stdout.write = guard
  return () => {
    if (stdout.write === guard) stdout.write = original
  }
}

export const startInline = (
  host: Host,
  app: Application,
  command: Registered,
  request: RunRequest,
  events: RunnerEvents,
): RunnerHandle => {
  const closed = Promise.withResolvers<void>()
  // The program's own commands print nothing, so their start-up does not pay for the stream.
  const release = command.by === "framework" ? () => undefined : guardStdout(events.stray)
  const performance = perform(app, command, request, {
    tell: events.message,
    log: (line) => host.stderr.write(`${request.progress ? clear_line : ""}${line}\n`),
    stream: async (chunk) => {
      await events.stream(typeof chunk === "string" ? Buffer.from(chunk) : chunk)
    },
    now_ms: host.now_ms,
    env: host.env,
    drain: async () => [],
  })
  const forget = host.onAccident(performance.fail)
  void performance.outcome.then((outcome) => {
    events.message({ type: "end", outcome })
    closed.resolve()
  })
  return {
    send: (message) => {
      if (message.type !== "stop") return
      events.message({ type: "stopping" })
      void performance.stop(message.reason, message.grace_ms).then(() => events.message({ type: "stopped" }))
    },
    exited: closed.promise,
    drained: closed.promise,
    end: async () => {
      release()
      forget()
    },
  }
}
