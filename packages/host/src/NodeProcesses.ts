/**
 * {@link Processes} on `node:child_process`.
 *
 * @module
 */
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import type { Readable } from "node:stream"
import { Effect, Layer } from "effect"
import {
  type CapturedOutput,
  type DetachedProcess,
  type DetachedRequest,
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
import { refuseDuration } from "./Duration.ts"
import { guardCommand, GuardLost, superviseGuarded } from "./guarded.ts"
import { endFamily, type FamilyMarker, identify, isAlive, signalProcess } from "./ProcessTree.ts"
import { endOf, errnoOf, supervise, type Supervision } from "./supervise.ts"

const defaultGrace_ms = 2_000

const refusal = (request: ProcessRequest, operation: ProcessOperation, cause: unknown): ProcessError =>
  new ProcessError({ operation, program: request.argv[0], cwd: request.cwd, code: errnoOf(cause), cause })

const environmentOf = (request: ProcessRequest): Record<string, string> => {
  const inherited = (request.inherit ?? []).flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(inherited), ...request.env }
}

/** How a program is started: as itself, or as the guard that is told over a fourth stream what to run. */
interface Start {
  readonly argv: readonly [string, ...ReadonlyArray<string>]
  readonly env: Readonly<Record<string, string>>
  readonly more: ReadonlyArray<"pipe">
}

/** Starts the program and waits until the kernel took it, so that a refusal is an error and not an exit. */
const start = async (
  request: ProcessRequest & Pick<DetachedRequest, "keepsInputOpen">,
  { argv, env, more }: Start = { argv: request.argv, env: environmentOf(request), more: [] },
): Promise<ChildProcess> => {
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
    const takesInput = request.stdin !== undefined || request.keepsInputOpen === true
    try {
      stdio = [takesInput ? "pipe" : "ignore", slot(request.stdout), slot(request.stderr), ...more]
    } catch (cause) {
      throw refusal(request, "output", cause)
    }
    const [program, ...args] = argv
    const child = spawn(program, args, { cwd: request.cwd, env, stdio, detached: true })
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve)
      child.once("error", (cause) => reject(refusal(request, "spawn", cause)))
    })
    // A program may end without reading its input: that is its business, not a failure of ours.
    child.stdin?.on("error", () => {})
    if (request.keepsInputOpen === true) child.stdin?.write(request.stdin ?? new Uint8Array())
    else child.stdin?.end(request.stdin)
    return child
  } catch (cause) {
    throw cause instanceof ProcessError ? cause : refusal(request, "spawn", cause)
  } finally {
    for (const descriptor of opened) closeSync(descriptor)
  }
}

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
  readonly end: () => Promise<ProcessOutcome>
}

const markerOf = ({ env, marker: name }: RunRequest): FamilyMarker | undefined => {
  const value = name === undefined ? undefined : env[name]
  return name === undefined || value === undefined ? undefined : { name, value }
}

const supervision = (child: ChildProcess, request: RunRequest, cut: Promise<"interrupted">) => {
  const { argv, cwd, grace_ms = defaultGrace_ms, timeLimit_ms } = request
  const marker = markerOf(request)
  return request.guarded === true
    ? superviseGuarded(child, { argv, cwd, env: environmentOf(request), grace_ms, timeLimit_ms, marker }, cut)
    : supervise(child, { cut, grace_ms, timeLimit_ms, marker }).done
}

const outcomeOf = (
  request: RunRequest,
  { cut, end, family }: Supervision<"interrupted">,
  stdout: CapturedOutput,
  stderr: CapturedOutput,
): ProcessOutcome => {
  if (end.kind === "refused")
    throw new ProcessError({ operation: "spawn", program: request.argv[0], cwd: request.cwd, code: end.code })
  return { exit: end, timedOut: cut === "time", stdout, stderr, leftovers: family }
}

const watch = (child: ChildProcess, request: RunRequest): Running => {
  const stdout = capture(child.stdout, request.stdout)
  const stderr = capture(child.stderr, request.stderr)
  let interrupt = (): void => {}
  const cut = new Promise<"interrupted">((resolve) => {
    interrupt = () => resolve("interrupted")
  })
  const outcome = supervision(child, request, cut).then(
    (seen) => outcomeOf(request, seen, stdout(), stderr()),
    (cause: unknown) => {
      throw cause instanceof GuardLost ? refusal(request, "guard", cause) : cause
    },
  )
  return {
    outcome,
    end: () => {
      interrupt()
      return outcome
    },
  }
}

const startFor = (request: RunRequest): Promise<ChildProcess> =>
  request.guarded === true ? start(request, { argv: guardCommand, env: {}, more: ["pipe"] }) : start(request)

/** Why a request's times cannot be kept, or `undefined`. */
const refuseTimes = (request: RunRequest): ProcessError | undefined => {
  const times = [
    ["timeLimit_ms", request.timeLimit_ms, 1],
    ["grace_ms", request.grace_ms, 0],
  ] as const
  for (const [field, value, from] of times) {
    const reason = value === undefined ? undefined : refuseDuration(value, { from })
    if (reason !== undefined)
      return new ProcessError({
        operation: "spawn",
        program: request.argv[0],
        cwd: request.cwd,
        code: "EINVAL",
        cause: new RangeError(`${field} ${reason}`),
      })
  }
  return undefined
}

const run = (request: RunRequest): Effect.Effect<ProcessOutcome, ProcessError> =>
  Effect.callback<ProcessOutcome, ProcessError>((resume) => {
    const refused = refuseTimes(request)
    if (refused !== undefined) return resume(Effect.fail(refused))
    const running = startFor(request).then((child) => watch(child, request))
    running
      .then((one) => one.outcome)
      .then(
        (outcome) => resume(Effect.succeed(outcome)),
        (cause: unknown) =>
          resume(Effect.fail(cause instanceof ProcessError ? cause : refusal(request, "spawn", cause))),
      )
    return Effect.promise(
      () =>
        running
          .then((one) => one.end())
          .then((outcome) => request.whenInterrupted?.(outcome))
          .catch(() => undefined), // the failure has been given to whoever still listens
    )
  })

const spawnDetached = (request: DetachedRequest): Effect.Effect<DetachedProcess, ProcessError> =>
  Effect.tryPromise({
    try: async () => {
      const child = await start(request)
      const pid = child.pid ?? 0
      const exited = endOf(child)
      child.unref()
      const wait = Effect.callback<ProcessExit>((resume) => {
        child.ref() // while somebody waits for it, the event loop must not run dry
        void exited.then((end) => {
          if (end.kind !== "refused") resume(Effect.succeed(end))
        })
        return Effect.sync(() => child.unref())
      })
      const endInput = (bytes?: Uint8Array) =>
        Effect.callback<void>((resume) => {
          const { stdin } = child
          if (stdin === null || stdin.writableEnded || stdin.destroyed) return resume(Effect.void)
          const done = () => resume(Effect.void)
          stdin.once("close", done)
          if (bytes === undefined) stdin.end(done)
          else stdin.end(bytes, done)
        })
      return { pid, identity: identify(pid), exited: wait, endInput }
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
