/**
 * The shipped agent: a command, run in the workspace under a wrapper that outlives us.
 *
 * Under one key there is at most one run. The wrapper holds the run's lock for as long as it lives and makes `started.json`
 * before it runs anything; so whoever gets the lock knows that nobody is alive, and sees from what lies there whether
 * nothing has run yet, the run has ended, or its wrapper died.
 *
 * An agent can take all of that away. So the wrapper waits until the start is recorded in the caller's register as well; a run
 * that was begun, by this call or according to the register, and has no records is missing, and no other is begun.
 *
 * @module
 */
import { Entropy, Processes } from "@waybill/host"
import { explainErrno } from "@waybill/host/errno"
import { pathSegments, submit_reasons } from "@waybill/workspace-job"
import { Effect, Layer, Result, Schema } from "effect"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { messageOf } from "../messageOf.ts"
import { Agent, AgentError, type AgentReceipt, type BegunRun, type StartRegister, type SubmitRequest } from "./Agent.ts"
import { encodeLaunch, goBytes } from "./launchPipe.ts"
import {
  flushFolder,
  folderNameOf,
  hasRecord,
  type Launch,
  publishOnce,
  publishReceipt,
  readRecord,
  readWithdrawal,
  type ReceiptRecord,
  recordNames,
  runMarker,
  isStartedAs,
  type StartedRecord,
  sweepFolder,
} from "./runFolder.ts"
import { takeLock } from "./runLock.ts"
import { refuseKey, refuseRequest } from "./refuseRequest.ts"

export interface CommandAgentOptions {
  /** Host path of the folder that keeps the runs' records; it must not be the agent's to write. */
  readonly root: string
}

const look_ms = 25
const digestOf = (secret: string): string => `sha256:${createHash("sha256").update(secret).digest("hex")}`
const launches_max = 3
const exit_no_room = 4
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
        yield* attempt(key, () => publishReceipt(folder, receipt))
      })

    /** Runs `body` under the run's lock; `undefined` when somebody alive has it. */
    const locked = <A, E>(key: string, folder: string, body: Effect.Effect<A, E>) =>
      Effect.acquireUseRelease(
        attempt(key, () => {
          const lock = takeLock(folder)
          if (lock !== undefined) sweepFolder(folder)
          return lock
        }),
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

    const endBegun = (submitRunId: string) =>
      processes.endFamily({ marker: { name: runMarker, value: submitRunId } }, default_grace_ms)

    /**
     * The receipt of a run whose wrapper is gone; `undefined` where somebody has just taken it away. An agent may have killed the
     * wrapper and written the receipt itself: whatever still bears the run's id is ended first.
     */
    const lastReceipt = (key: string, folder: string, begun: string | undefined) =>
      Effect.gen(function* () {
        const receipt = yield* Effect.result(receiptIn(key, folder))
        const started = yield* Effect.result(read(key, folder, recordNames.started, Started))
        const known = Result.isSuccess(started) ? started.success : undefined
        // Which record is damaged is found where it is needed.
        if (known !== undefined) yield* Effect.catchIf(endRun(key, folder, known), isDamage, () => Effect.void)
        const told = Result.isSuccess(receipt) ? receipt.success?.submitRunId : undefined
        for (const id of new Set([begun, told])) if (id !== undefined && id !== known?.submitRunId) yield* endBegun(id)
        return yield* Effect.fromResult(receipt)
      })

    const launch = (request: SubmitRequest, folder: string, submitRunId: string, withdrawal: string) =>
      Effect.gen(function* () {
        const { attempt: index, candidatePath, key, runId, spec, workspace } = request
        const message: Launch = {
          folder,
          key,
          submitRunId,
          withdrawal,
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
            stdin: encodeLaunch(message),
            keepsInputOpen: true,
            stderr: { kind: "file", path: join(folder, recordNames.wrapperLog) },
          })
          .pipe(
            Effect.mapError((cause) => new AgentError({ code: "wrapper_failed", key, detail: cause.message, cause })),
          )
      })

    /**
     * Launches a wrapper, and lets it begin once that is recorded. Answers the id of the run that was begun; the wrapper's exit
     * where none was, because somebody was faster, or it went wrong. With `again`, a run that was recorded and did not begin.
     */
    const begin = <E>(
      request: SubmitRequest,
      folder: string,
      register: StartRegister<E> | undefined,
      again: { readonly submitRunId: string; readonly secret: string } | undefined,
    ) =>
      Effect.gen(function* () {
        const submitRunId = again?.submitRunId ?? `run_${yield* entropy.hex(16)}`
        const secret = again?.secret ?? (yield* entropy.hex(32))
        const run = { submitRunId, withdrawal: digestOf(secret) }
        return yield* Effect.acquireUseRelease(
          launch(request, folder, submitRunId, secret),
          (wrapper) =>
            Effect.gen(function* () {
              const exit = yield* Effect.raceFirst(
                wrapper.exited,
                Effect.gen(function* () {
                  while (!isStartedAs(folder, submitRunId)) yield* Effect.sleep(look_ms)
                  return undefined
                }),
              )
              if (exit !== undefined) return { begun: undefined, exit }
              // In one piece: a start that is recorded and not let go would be missed as if it had run.
              const record = register === undefined || again !== undefined ? Effect.void : register.begin(run)
              yield* Effect.uninterruptible(Effect.andThen(record, wrapper.endInput(goBytes)))
              return { begun: submitRunId, exit }
            }),
          // A wrapper that was not told to begin withdraws.
          (wrapper) => wrapper.endInput(),
        )
      })

    /** The secret of a run that was recorded as begun, where it shows that the run did not begin. */
    const withdrawnSecret = (folder: string, run: BegunRun): string | undefined => {
      const secret = readWithdrawal(folder)
      return secret !== undefined && digestOf(secret) === run.withdrawal ? secret : undefined
    }

    /** A run was begun, and nothing of it is to be found: it ends here, and no other is begun. */
    const missing = (key: string, folder: string, begun: string) =>
      Effect.gen(function* () {
        yield* endBegun(begun)
        return yield* new AgentError({
          code: "run_missing",
          key,
          detail: `the run ${begun} was begun, and its records are not in ${folder} any more; it is not begun again`,
        })
      })

    const submit = <E>(
      request: SubmitRequest,
      register?: StartRegister<E>,
    ): Effect.Effect<AgentReceipt, AgentError | E> =>
      Effect.gen(function* () {
        const { key } = request
        const badKey = refuseKey(key)
        if (badKey !== undefined) return yield* new AgentError({ code: "request_invalid", key, detail: badKey })
        const folder = folderOf(key)
        const recorded = register?.begun
        let begun = recorded?.submitRunId
        let mayHaveWithdrawn = true
        let launches = 0
        for (;;) {
          // Anew each time: an agent may take it away.
          if (!existsSync(folder)) yield* makeFolder(key)
          const found = yield* locked(
            key,
            folder,
            settleDead(key, folder, "its wrapper died before it wrote a receipt"),
          ).pipe(Effect.tapError((error) => (isDamage(error) && begun !== undefined ? endBegun(begun) : Effect.void)))
          if (found === undefined) {
            yield* Effect.sleep(look_ms)
            continue
          }
          if (found.value === "ended") {
            const receipt = yield* lastReceipt(key, folder, begun)
            if (receipt !== undefined) return receipt
            continue
          }
          const secret = recorded === undefined || !mayHaveWithdrawn ? undefined : withdrawnSecret(folder, recorded)
          if (begun !== undefined && secret === undefined) return yield* missing(key, folder, begun)
          // Only what is to be started has to be startable: a run that is there is found under any spec.
          const detail = refuseRequest(request)
          if (detail !== undefined) return yield* new AgentError({ code: "request_invalid", key, detail })
          if (launches >= launches_max)
            return yield* new AgentError({
              code: "wrapper_failed",
              key,
              detail: `it ended ${launches_max} times before it began; see ${join(folder, recordNames.wrapperLog)}`,
            })
          // A wrapper that an earlier runner launched may still come; whichever is first makes `started.json`, the other leaves.
          const again = recorded === undefined || secret === undefined ? undefined : { ...recorded, secret }
          const launched = yield* begin(request, folder, register, again)
          if (launched.begun !== undefined) {
            begun = launched.begun
            mayHaveWithdrawn = false
            continue
          }
          const code = launched.exit?.kind === "code" ? launched.exit.code : undefined
          if (code === exit_no_room) {
            const detail = `${folder} has no room for the run's records: ${explainErrno("ENOSPC")}; nothing was started`
            return yield* new AgentError({ code: "folder_refused", key, detail })
          }
          if (code !== 0) launches++
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

    return Agent.of({ folder: root, submit, cancel, find: (key) => receiptIn(key, folderOf(key)) })
  })

/** Agents as commands. See the page on agents and verifiers for what a command is given. */
export const layerCommandAgent = (options: CommandAgentOptions): Layer.Layer<Agent, never, Processes | Entropy> =>
  Layer.effect(Agent, make(options))
