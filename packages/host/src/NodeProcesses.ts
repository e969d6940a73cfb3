/**
 * {@link Processes} on `node:child_process`.
 *
 * @module
 */
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import type { Readable } from "node:stream"
import { setTimeout as delay } from "node:timers/promises"
import { Effect, Layer } from "effect"
import {
  type CapturedOutput,
  type DetachedProcess,
  type OutputTarget,
  ProcessError,
  type ProcessExit,
  Processes,
  type ProcessesService,
  type ProcessOperation,
  type ProcessOutcome,
  type ProcessRequest,
  type RunRequest,
} from "./Processes.ts"
import {
  endFamily,
  endStarted,
  type FamilyEnd,
  type FamilyMarker,
  identify,
  isAlive,
  signalProcess,
  type StartedLeader,
} from "./ProcessTree.ts"

const defaultGrace_ms = 2_000
/** Output that is in the pipe when the whole group is gone is read at once; longer means somebody else holds the pipe. */
const drain_ms = 1_000

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "UNKNOWN"

const refusal = (request: ProcessRequest, operation: ProcessOperation, cause: unknown): ProcessError =>
  new ProcessError({ operation, program: request.argv[0], cwd: request.cwd, code: codeOf(cause), cause })

const environmentOf = (request: ProcessRequest): Record<string, string> => {
  const inherited = (request.inherit ?? []).flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(inherited), ...request.env }
}

/** Starts the program and waits until the kernel took it, so that a refusal is an error and not an exit. */
const start = async (request: ProcessRequest): Promise<ChildProcess> => {
  const opened: Array<number> = []
  const slot = (target: OutputTarget | undefined): "ignore" | "pipe" | number => {
    if (target === undefined || target.kind === "ignore") return "ignore"
    if (target.kind === "capture") return "pipe"
    const descriptor = openSync(target.path, "a", 0o600)
    opened.push(descriptor)
    return descriptor
  }
  try {
    let stdio: StdioOptions
    try {
      stdio = [request.stdin === undefined ? "ignore" : "pipe", slot(request.stdout), slot(request.stderr)]
    } catch (cause) {
      throw refusal(request, "output", cause)
    }
    const [program, ...args] = request.argv
    const child = spawn(program, args, { cwd: request.cwd, env: environmentOf(request), stdio, detached: true })
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve)
      child.once("error", (cause) => reject(refusal(request, "spawn", cause)))
    })
    // A program may end without reading its input: that is its business, not a failure of ours.
    child.stdin?.on("error", () => {})
    child.stdin?.end(request.stdin)
    return child
  } catch (cause) {
    throw cause instanceof ProcessError ? cause : refusal(request, "spawn", cause)
  } finally {
    for (const descriptor of opened) closeSync(descriptor)
  }
}

const exitOf = (code: number | null, signal: NodeJS.Signals | null): ProcessExit =>
  signal === null ? { kind: "code", code: code ?? 0 } : { kind: "signal", signal }

const exitFrom = (child: ChildProcess): Promise<ProcessExit> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(exitOf(child.exitCode, child.signalCode))
    : new Promise((resolve) => child.once("exit", (code, signal) => resolve(exitOf(code, signal))))

const capture = (stream: Readable | null, target: OutputTarget | undefined): (() => CapturedOutput) => {
  const bytes_max = target?.kind === "capture" ? target.bytes_max : 0
  const kept: Array<Uint8Array> = []
  let kept_bytes = 0
  let dropped_bytes = 0
  stream?.on("data", (chunk: Uint8Array) => {
    const part = chunk.subarray(0, Math.max(0, bytes_max - kept_bytes))
    if (part.length > 0) kept.push(part)
    kept_bytes += part.length
    dropped_bytes += chunk.length - part.length
  })
  return () => ({ bytes: new Uint8Array(Buffer.concat(kept)), dropped_bytes })
}

interface Running {
  readonly outcome: Promise<ProcessOutcome>
  readonly end: () => Promise<unknown>
}

const markerOf = ({ env, marker: name }: RunRequest): FamilyMarker | undefined => {
  const value = name === undefined ? undefined : env[name]
  return name === undefined || value === undefined ? undefined : { name, value }
}

const supervise = (child: ChildProcess, request: RunRequest): Running => {
  const pid = child.pid ?? 0
  const leader: StartedLeader = {
    pid,
    identity: identify(pid),
    exited: exitFrom(child),
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
  }
  const stdout = capture(child.stdout, request.stdout)
  const stderr = capture(child.stderr, request.stderr)
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()))
  let timedOut = false
  let ending: Promise<FamilyEnd> | undefined
  const end = () => (ending ??= endStarted(leader, request.grace_ms ?? defaultGrace_ms, markerOf(request)))
  const timer =
    request.timeLimit_ms === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true
          void end()
        }, request.timeLimit_ms)
  const finish = async (): Promise<ProcessOutcome> => {
    const exit = await exitFrom(child)
    clearTimeout(timer)
    const leftovers = await end()
    await Promise.race([closed, delay(drain_ms, undefined, { ref: false })])
    child.stdout?.destroy()
    child.stderr?.destroy()
    return { exit, timedOut, stdout: stdout(), stderr: stderr(), leftovers }
  }
  const outcome = finish()
  return { outcome, end: () => Promise.all([end(), outcome]) }
}

const run = (request: RunRequest): Effect.Effect<ProcessOutcome, ProcessError> =>
  Effect.callback<ProcessOutcome, ProcessError>((resume) => {
    const running = start(request).then((child) => supervise(child, request))
    running
      .then((one) => one.outcome)
      .then(
        (outcome) => resume(Effect.succeed(outcome)),
        (cause: unknown) =>
          resume(Effect.fail(cause instanceof ProcessError ? cause : refusal(request, "spawn", cause))),
      )
    return Effect.promise(() =>
      running.then(
        (one) => one.end(),
        () => undefined, // it never started, and the failure has been given to whoever still listens
      ),
    )
  })

const spawnDetached = (request: ProcessRequest): Effect.Effect<DetachedProcess, ProcessError> =>
  Effect.tryPromise({
    try: async () => {
      const child = await start(request)
      const pid = child.pid ?? 0
      const exited = exitFrom(child)
      child.unref()
      const wait = Effect.callback<ProcessExit>((resume) => {
        child.ref() // while somebody waits for it, the event loop must not run dry
        void exited.then((exit) => resume(Effect.succeed(exit)))
        return Effect.sync(() => child.unref())
      })
      return { pid, identity: identify(pid), exited: wait }
    },
    catch: (cause) => (cause instanceof ProcessError ? cause : refusal(request, "spawn", cause)),
  })

const service: ProcessesService = {
  node: process.execPath,
  run,
  spawnDetached,
  isAlive: (identity) => Effect.sync(() => isAlive(identity)),
  signal: (identity, signal) => Effect.sync(() => signalProcess(identity, signal)),
  endFamily: (selection, grace_ms) => Effect.promise(() => endFamily(selection, grace_ms)),
}

/** Real programs on this machine. */
export const layerNodeProcesses: Layer.Layer<Processes> = Layer.succeed(Processes, service)
