/**
 * The shipped agent: a command, run in the workspace under a wrapper that outlives us.
 *
 * Under one key there is at most one run. The wrapper holds the run's lock for as long as it lives and makes `started.json`
 * before it runs anything; so whoever gets the lock knows that nobody is alive, and sees from what lies there whether
 * nothing has run yet, the run has ended, or its wrapper died.
 *
 * @module
 */
import { Entropy, Processes, refuseDuration } from "@waybill/host"
import { pathSegments, refusePath, submit_reasons } from "@waybill/workspace-job"
import { Effect, Layer, Predicate, Result, Schema } from "effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { refuseCommand } from "../refuseCommand.ts"
import { messageOf } from "../messageOf.ts"
import { Agent, AgentError, type AgentReceipt, type SubmitRequest } from "./Agent.ts"
import {
  flushFolder,
  folderNameOf,
  hasRecord,
  type Launch,
  publish,
  publishOnce,
  readRecord,
  type ReceiptRecord,
  recordNames,
  runMarker,
  type StartedRecord,
  takeLock,
} from "./runFolder.ts"

export interface CommandAgentOptions {
  /** Host path of the folder that keeps the runs' records; it must not be the agent's to write. */
  readonly root: string
}

const look_ms = 25
const reasons: ReadonlySet<string> = new Set(submit_reasons)
const launches_max = 3
const default_grace_ms = 5_000
const default_output_bytes = 4 * 1024 * 1024

const Identity = Schema.Struct({ pid: Schema.Int, start: Schema.String, kernel: Schema.String })
const Output = Schema.Struct({ bytes: Schema.Int, dropped_bytes: Schema.Int })
const Exit = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("code"), code: Schema.Int }),
  Schema.Struct({ kind: Schema.Literal("signal"), signal: Schema.String }),
])
const Started = Schema.Struct({
  key: Schema.String,
  submitRunId: Schema.String,
  startedAt: Schema.String,
  grace_ms: Schema.Int,
  wrapper: Schema.optionalKey(Identity),
})
const AgentRecord = Schema.Struct({ leader: Identity })
const Receipt = Schema.Struct({
  key: Schema.String,
  submitRunId: Schema.NonEmptyString,
  ok: Schema.Boolean,
  reason: Schema.optionalKey(Schema.Literals(submit_reasons)),
  exit: Schema.optionalKey(Exit),
  startedAt: Schema.optionalKey(Schema.String),
  endedAt: Schema.optionalKey(Schema.String),
  stdout: Schema.optionalKey(Output),
  stderr: Schema.optionalKey(Output),
  leftovers: Schema.optionalKey(Schema.Struct({ ended: Schema.Int, remaining: Schema.Array(Schema.Int) })),
  note: Schema.optionalKey(Schema.String),
})

const fromSource = import.meta.url.endsWith(".ts")
const wrapperPath = fileURLToPath(new URL(fromSource ? "./wrapper.ts" : "./wrapper.js", import.meta.url))

const isDamage = ({ code }: AgentError): boolean => code === "folder_damaged"

const toReceipt = (folder: string, record: typeof Receipt.Type): AgentReceipt => {
  const { endedAt, exit, key: _, leftovers, note, ok, reason, startedAt, stderr, stdout, submitRunId } = record
  const diagnostics = {
    ...(exit === undefined ? {} : { exit }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(stdout === undefined ? {} : { stdout: { path: join(folder, recordNames.stdout), ...stdout } }),
    ...(stderr === undefined ? {} : { stderr: { path: join(folder, recordNames.stderr), ...stderr } }),
    ...(leftovers === undefined ? {} : { leftovers }),
    ...(note === undefined ? {} : { note }),
  }
  return ok ? { submitRunId, ok, diagnostics } : { submitRunId, ok, reason: reason ?? "tool_error", diagnostics }
}

/** Why a key cannot be one, or `undefined`. */
const refuseKey = (key: string): string | undefined =>
  key === "" || Buffer.byteLength(key) > 4096 ? "the key has 1 to 4096 bytes" : undefined

const isSize = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value >= 0
const isJson = (value: unknown): boolean => {
  try {
    return typeof JSON.stringify(value) === "string"
  } catch {
    return false
  }
}

/** Why a request cannot be run, or `undefined`. The spec may come from untyped code, and is looked at as such. */
const refuse = ({ candidatePath, spec }: SubmitRequest): string | undefined => {
  if (!Predicate.isObject(spec)) return "there is no spec"
  const { command, env = {}, exitReasons = {}, grace_ms = 0, input = null, outputBytes_max = 0, timeLimit_ms } = spec
  const badCommand = refuseCommand(command, env)
  if (badCommand !== undefined) return badCommand
  const badLimit = refuseDuration(timeLimit_ms)
  if (badLimit !== undefined) return `timeLimit_ms ${badLimit}`
  const badGrace = refuseDuration(grace_ms, { from: 0 })
  if (badGrace !== undefined) return `grace_ms ${badGrace}`
  if (!isSize(outputBytes_max)) return "outputBytes_max is a number from 0"
  const unknown = Object.values(exitReasons).find((reason) => !reasons.has(reason))
  if (unknown !== undefined) return `exitReasons names ${JSON.stringify(unknown)}, which is no reason`
  if (!isJson(input)) return "the input is no JSON"
  const badPath = refusePath(candidatePath)
  return badPath === undefined ? undefined : `the candidate path ${badPath}`
}

const make = ({ root }: CommandAgentOptions) =>
  Effect.gen(function* () {
    const processes = yield* Processes
    const entropy = yield* Entropy

    const attempt = <A>(key: string, run: () => A): Effect.Effect<A, AgentError> =>
      Effect.try({
        try: run,
        catch: (cause) =>
          new AgentError({
            code: cause instanceof SyntaxError ? "folder_damaged" : "folder_refused",
            key,
            detail: messageOf(cause),
            cause,
          }),
      })

    const read = <S extends Schema.Codec<unknown>>(key: string, folder: string, name: string, schema: S) =>
      Effect.gen(function* () {
        const record = yield* attempt(key, () => readRecord(folder, name))
        if (record === undefined) return undefined
        const decoded = Schema.decodeUnknownResult(schema)(record)
        if (Result.isSuccess(decoded)) return decoded.success as S["Type"]
        return yield* new AgentError({
          code: "folder_damaged",
          key,
          detail: `${join(folder, name)} is not what was written`,
        })
      })

    const folderOf = (key: string) => join(root, folderNameOf(key))
    const makeFolder = (key: string) =>
      attempt(key, () => {
        const folder = folderOf(key)
        if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) flushFolder(root)
        return folder
      })

    const receiptIn = (key: string, folder: string) =>
      Effect.map(read(key, folder, recordNames.receipt, Receipt), (record) =>
        record === undefined ? undefined : toReceipt(folder, record),
      )

    /** Ends all that is left of a run whose wrapper is dead. */
    const endRun = (key: string, folder: string, started: typeof Started.Type) =>
      Effect.gen(function* () {
        const agent = yield* read(key, folder, recordNames.agent, AgentRecord)
        const marker = { name: runMarker, value: started.submitRunId }
        return yield* processes.endFamily(
          agent === undefined ? { marker } : { marker, leader: agent.leader },
          started.grace_ms,
        )
      })

    /** For the holder of the lock: nobody is alive who could write a receipt, so we do. */
    const giveUp = (key: string, folder: string, started: typeof Started.Type, note: string) =>
      Effect.gen(function* () {
        const end = yield* endRun(key, folder, started)
        const receipt: ReceiptRecord = {
          key,
          submitRunId: started.submitRunId,
          ok: false,
          reason: "interrupted",
          startedAt: started.startedAt,
          leftovers: { ended: end.ended.length, remaining: end.remaining.map(({ pid }) => pid) },
          note,
        }
        yield* attempt(key, () => publish(folder, recordNames.receipt, receipt))
      })

    /** Runs `body` under the run's lock; `undefined` when somebody alive has it. */
    const locked = <A, E>(key: string, folder: string, body: Effect.Effect<A, E>) =>
      Effect.acquireUseRelease(
        attempt(key, () => takeLock(folder)),
        (lock) => (lock === undefined ? Effect.succeed(undefined) : Effect.map(body, (value) => ({ value }))),
        (lock) => Effect.sync(() => lock?.release()),
      )

    /** What the lock's holder finds: an end, or that nothing has run. A dead run is ended on the way. */
    const settleDead = (key: string, folder: string, note: string) =>
      Effect.gen(function* () {
        if (hasRecord(folder, recordNames.receipt)) return "ended" as const
        const started = yield* read(key, folder, recordNames.started, Started)
        if (started === undefined) return "idle" as const
        yield* giveUp(key, folder, started, note)
        return "ended" as const
      })

    /**
     * The receipt, or `undefined` as long as there is none. One that is damaged counts once nobody is alive who would put the
     * true one in its place; what is left of its run is ended first.
     */
    const receiptAtLast = (key: string, folder: string) =>
      Effect.catchIf(receiptIn(key, folder), isDamage, () =>
        Effect.gen(function* () {
          const found = yield* locked(
            key,
            folder,
            Effect.tapErrorTag(receiptIn(key, folder), "AgentError", () =>
              read(key, folder, recordNames.started, Started).pipe(
                Effect.flatMap((started) =>
                  started === undefined ? Effect.void : Effect.asVoid(endRun(key, folder, started)),
                ),
                // Which record is damaged has been found already.
                Effect.catchIf(isDamage, () => Effect.void),
              ),
            ),
          )
          return found?.value
        }),
      )

    const launch = (request: SubmitRequest, folder: string) =>
      Effect.gen(function* () {
        const { attempt: index, candidatePath, key, runId, spec, workspace } = request
        const message: Launch = {
          folder,
          key,
          submitRunId: `run_${yield* entropy.hex(16)}`,
          runId,
          attempt: index,
          workspace,
          candidate: join(workspace, ...pathSegments(candidatePath)),
          command: spec.command,
          env: spec.env ?? {},
          timeLimit_ms: spec.timeLimit_ms,
          grace_ms: spec.grace_ms ?? default_grace_ms,
          outputBytes_max: spec.outputBytes_max ?? default_output_bytes,
          exitReasons: spec.exitReasons ?? {},
          input: spec.input ?? null,
        }
        return yield* processes
          .spawnDetached({
            argv: [processes.node, ...(fromSource ? ["--conditions=@waybill/source"] : []), wrapperPath],
            cwd: folder,
            env: {},
            inherit: ["PATH"],
            stdin: new TextEncoder().encode(JSON.stringify(message)),
            stderr: { kind: "file", path: join(folder, recordNames.wrapperLog) },
          })
          .pipe(
            Effect.mapError((cause) => new AgentError({ code: "wrapper_failed", key, detail: cause.message, cause })),
          )
      })

    const submit = (request: SubmitRequest): Effect.Effect<AgentReceipt, AgentError> =>
      Effect.gen(function* () {
        const { key } = request
        const badKey = refuseKey(key)
        if (badKey !== undefined) return yield* new AgentError({ code: "request_invalid", key, detail: badKey })
        const folder = yield* makeFolder(key)
        let launches = 0
        for (;;) {
          const receipt = yield* receiptAtLast(key, folder)
          if (receipt !== undefined) return receipt
          const found = yield* locked(
            key,
            folder,
            settleDead(key, folder, "its wrapper died before it wrote a receipt"),
          )
          if (found?.value === "ended") continue
          if (found === undefined) {
            yield* Effect.sleep(look_ms)
            continue
          }
          // Only what is to be started has to be startable: a run that is there is found under any spec.
          const detail = refuse(request)
          if (detail !== undefined) return yield* new AgentError({ code: "request_invalid", key, detail })
          if (launches++ >= launches_max)
            return yield* new AgentError({
              code: "wrapper_failed",
              key,
              detail: `it ended ${launches_max} times before it began; see ${join(folder, recordNames.wrapperLog)}`,
            })
          // A wrapper that an earlier runner launched may still come; whichever is first makes `started.json`, the other leaves.
          const wrapper = yield* launch(request, folder)
          yield* Effect.raceFirst(
            Effect.asVoid(wrapper.exited),
            Effect.gen(function* () {
              while (!hasRecord(folder, recordNames.started)) yield* Effect.sleep(look_ms)
            }),
          )
        }
      })

    const cancel = (key: string): Effect.Effect<AgentReceipt, AgentError> =>
      Effect.gen(function* () {
        const folder = yield* makeFolder(key)
        const unstarted = Effect.gen(function* () {
          if ((yield* settleDead(key, folder, "its wrapper died before it wrote a receipt")) === "ended") return
          const submitRunId = `run_${yield* entropy.hex(16)}`
          const started: StartedRecord = { key, submitRunId, startedAt: "", grace_ms: 0 }
          yield* attempt(key, () => publishOnce(folder, recordNames.started, started))
          yield* giveUp(key, folder, started, "cancelled before it began")
        })
        let isSignalled = false
        for (let waited_ms = 0; ; waited_ms += look_ms) {
          const receipt = yield* receiptIn(key, folder)
          if (receipt !== undefined) return receipt
          if ((yield* locked(key, folder, unstarted)) !== undefined) continue
          const started = yield* read(key, folder, recordNames.started, Started)
          if (started?.wrapper !== undefined && !isSignalled)
            isSignalled = yield* processes.signal(started.wrapper, "SIGTERM")
          if (waited_ms > (started?.grace_ms ?? 0) + 10_000)
            return yield* new AgentError({ code: "run_unreachable", key, detail: "it is alive and does not end" })
          yield* Effect.sleep(look_ms)
        }
      })

    return Agent.of({ submit, cancel, find: (key) => receiptIn(key, folderOf(key)) })
  })

/** Agents as commands. See the page on agents and verifiers for what a command is given. */
export const layerCommandAgent = (options: CommandAgentOptions): Layer.Layer<Agent, never, Processes | Entropy> =>
  Layer.effect(Agent, make(options))
