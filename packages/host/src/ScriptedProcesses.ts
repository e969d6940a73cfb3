/**
 * {@link Processes} without programs: a script says how each one goes.
 *
 * @module
 */
import { Effect, Layer } from "effect"
import {
  type DetachedProcess,
  type ProcessError,
  type ProcessExit,
  Processes,
  type ProcessOutcome,
  type ProcessRequest,
  type RunRequest,
} from "./Processes.ts"
import type { ProcessIdentity } from "./ProcessTree.ts"

/** What a scripted program does. Left out: it ends at once with code 0 and says nothing. */
export interface ScriptedProgram {
  readonly exit?: ProcessExit
  readonly stdout?: string | Uint8Array
  readonly stderr?: string | Uint8Array
  /** How long it takes, on the clock of the test. A time limit below it ends the program by SIGTERM. */
  readonly takes_ms?: number
}

/** The script: looks at a request and says how the program goes, or why it cannot be started. */
export type ProcessScript = (request: ProcessRequest) => ScriptedProgram | ProcessError

export interface ScriptedProcesses {
  readonly layer: Layer.Layer<Processes>
  /** Every request so far, in the order of starting. */
  readonly requests: ReadonlyArray<ProcessRequest>
}

const bytesOf = (text: string | Uint8Array | undefined): Uint8Array =>
  typeof text === "string" ? new TextEncoder().encode(text) : (text ?? new Uint8Array())

const captured = (text: string | Uint8Array | undefined, target: RunRequest["stdout"]) => {
  const bytes = target?.kind === "capture" ? bytesOf(text) : new Uint8Array()
  const kept = bytes.slice(0, target?.kind === "capture" ? target.bytes_max : 0)
  return { bytes: kept, dropped_bytes: bytes.length - kept.length }
}

const nobody = { ended: [], remaining: [] }

/**
 * Makes a scripted implementation. Time passes on Effect's clock, so a test decides when.
 *
 * @example
 * const processes = scriptedProcesses((request) =>
 *   request.argv[0] === "verify" ? { exit: { kind: "code", code: 1 }, stdout: '{"checks":[]}' } : {},
 * )
 */
export const scriptedProcesses = (script: ProcessScript): ScriptedProcesses => {
  const requests: Array<ProcessRequest> = []
  const alive = new Map<number, ProcessIdentity>()
  const begin = (request: ProcessRequest): Effect.Effect<ScriptedProgram, ProcessError> =>
    Effect.suspend(() => {
      requests.push(request)
      const program = script(request)
      return "_tag" in program ? Effect.fail(program) : Effect.succeed(program)
    })

  const run = (request: RunRequest): Effect.Effect<ProcessOutcome, ProcessError> =>
    Effect.gen(function* () {
      const program = yield* begin(request)
      const takes_ms = program.takes_ms ?? 0
      const timedOut = request.timeLimit_ms !== undefined && takes_ms > request.timeLimit_ms
      const outcome = {
        timedOut,
        stdout: captured(program.stdout, request.stdout),
        stderr: captured(program.stderr, request.stderr),
        leftovers: nobody,
      }
      const ended: ProcessExit = { kind: "signal", signal: "SIGTERM" }
      yield* Effect.onInterrupt(Effect.sleep(timedOut ? request.timeLimit_ms : takes_ms), () =>
        Effect.sync(() => request.whenInterrupted?.({ ...outcome, exit: ended })),
      )
      return { ...outcome, exit: timedOut ? ended : (program.exit ?? { kind: "code", code: 0 }) }
    })

  const spawnDetached = (request: ProcessRequest): Effect.Effect<DetachedProcess, ProcessError> =>
    Effect.gen(function* () {
      const program = yield* begin(request)
      const pid = requests.length
      const identity = { pid, start: "0", kernel: "scripted" }
      alive.set(pid, identity)
      const exited = Effect.sleep(program.takes_ms ?? 0).pipe(
        Effect.map((): ProcessExit => {
          alive.delete(pid)
          return program.exit ?? { kind: "code", code: 0 }
        }),
      )
      return { pid, identity, exited, endInput: () => Effect.void }
    })

  const layer = Layer.succeed(Processes, {
    node: "node",
    run,
    spawnDetached,
    isAlive: (identity) => Effect.sync(() => alive.has(identity.pid)),
    signal: (identity) => Effect.sync(() => alive.delete(identity.pid)),
    endFamily: ({ leader }) =>
      Effect.sync(() =>
        leader !== undefined && alive.delete(leader.pid) ? { ended: [leader], remaining: [] } : nobody,
      ),
  })
  return { layer, requests }
}
