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
import { Entropy, type FamilyEnd, Processes, type ProcessExit, type ProcessIdentity } from "@waybill/host"
import { explainErrno } from "@waybill/host/errno"
import { Effect, Layer, Result, Schema } from "effect"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { messageOf } from "../messageOf.ts"
import { Agent, AgentError, type AgentReceipt, type BegunRun, type StartRegister, type SubmitRequest } from "./Agent.ts"
import { AgentRecord, Receipt, Started, toReceipt, withRemaining } from "./agentRecords.ts"
import { launchOf } from "./launchOf.ts"
import { encodeLaunch, goBytes } from "./launchPipe.ts"
import { default_grace_ms, limitsOf, makePatience } from "./patience.ts"
import {
  flushFolder,
  folderNameOf,
  hasRecord,
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
  wrapperMarker,
} from "./runFolder.ts"
import { takeLock } from "./runLock.ts"
import { refuseKey, refuseRequest } from "./refuseRequest.ts"

export interface CommandAgentOptions {
  /** Host path of the folder that keeps the runs' records; it must not be the agent's to write. */
  readonly root: string
  /** How much longer than its time and its grace a run may take until it is taken for lost, and ended; 30 000 by default. */
  readonly overrun_ms?: number
}

const look_ms = 25
const digestOf = (secret: string): string => `sha256:${createHash("sha256").update(secret).digest("hex")}`
const launches_max = 3
/** How long a wrapper may take until it holds the lock: it waits for it for 10 seconds itself. */
const launch_ms = 60_000
/** So often may wrappers come too late for a run that is gone when it is looked for, and so often may a receipt vanish. */
const superseded_max = 20
const vanished_max = 3
/** How long a run that is cancelled may take over its grace, which whoever cancels does not know. */
const cancel_ms = 60_000
const exit_no_room = 4

const fromSource = import.meta.url.endsWith(".ts")
const wrapperPath = fileURLToPath(new URL(fromSource ? "./wrapper.ts" : "./wrapper.js", import.meta.url))

const isDamage = ({ code }: AgentError): boolean => code === "folder_damaged"

const make = ({ overrun_ms = 30_000, root }: CommandAgentOptions) =>
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
    const endRun = (key: string, folder: string, started: typeof Started.Type, grace_ms: number) =>
      Effect.gen(function* () {
        const agent = yield* read(key, folder, recordNames.agent, AgentRecord)
        const marker = { name: runMarker, value: started.submitRunId }
        return yield* processes.endFamily(agent === undefined ? { marker } : { marker, leader: agent.leader }, grace_ms)
      })

    /** For the holder of the lock: nobody is alive who could write a receipt, so we do. */
    const giveUp = (key: string, folder: string, started: typeof Started.Type, grace_ms: number, note: string) =>
      Effect.gen(function* () {
        const end = yield* endRun(key, folder, started, grace_ms)
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
    const settleDead = (key: string, folder: string, grace_ms: number) =>
      Effect.gen(function* () {
        if (hasRecord(folder, recordNames.receipt)) return "ended" as const
        const started = yield* read(key, folder, recordNames.started, Started)
        if (started === undefined) return "idle" as const
        yield* giveUp(key, folder, started, grace_ms, "its wrapper died before it wrote a receipt")
        return "ended" as const
      })

    const endBegun = (submitRunId: string, grace_ms: number) =>
      processes.endFamily({ marker: { name: runMarker, value: submitRunId } }, grace_ms)

    /** Ends a run that is overdue: its wrapper first, which may be stopped, so that nobody writes a receipt any more. */
    const endOverdue = (submitRunId: string, grace_ms: number) =>
      Effect.andThen(
        processes.endFamily({ marker: { name: wrapperMarker, value: submitRunId } }, 0),
        endBegun(submitRunId, grace_ms),
      )

    /** Who holds the lock, according to a record that the agent can write: good for a shorter wait, and for nothing else. */
    const recordedStart = (key: string, folder: string) =>
      Effect.orElseSucceed(read(key, folder, recordNames.started, Started), () => undefined)

    const isDead = (wrapper: ProcessIdentity | undefined) =>
      wrapper === undefined ? Effect.succeed(false) : Effect.map(processes.isAlive(wrapper), (isAlive) => !isAlive)

    const lockHeld = (key: string, folder: string) =>
      new AgentError({
        code: "lock_held",
        key,
        detail: `${join(folder, recordNames.lock)} is held by somebody who is not its wrapper, or who cannot be ended`,
      })

    /**
     * The receipt of a run whose wrapper is gone; `undefined` where somebody has just taken it away. An agent may have killed the
     * wrapper and written the receipt itself: whatever still bears the run's id is ended first.
     */
    const lastReceipt = (key: string, folder: string, begun: string | undefined, grace_ms: number) =>
      Effect.gen(function* () {
        const receipt = yield* Effect.result(receiptIn(key, folder))
        const started = yield* Effect.result(read(key, folder, recordNames.started, Started))
        const known = Result.isSuccess(started) ? started.success : undefined
        const remaining: Array<number> = []
        const noteRemaining = (end: FamilyEnd) => remaining.push(...end.remaining.map(({ pid }) => pid))
        // Which record is damaged is found where it is needed.
        if (known !== undefined)
          yield* Effect.catchIf(
            Effect.map(endRun(key, folder, known, grace_ms), noteRemaining),
            isDamage,
            () => Effect.void,
          )
        const told = Result.isSuccess(receipt) ? receipt.success?.submitRunId : undefined
        for (const id of new Set([begun, told]))
          if (id !== undefined && id !== known?.submitRunId) noteRemaining(yield* endBegun(id, grace_ms))
        const found = yield* Effect.fromResult(receipt)
        return found === undefined ? undefined : withRemaining(found, remaining)
      })

    const launch = (request: SubmitRequest, folder: string, submitRunId: string, withdrawal: string) =>
      processes
        .spawnDetached({
          argv: [processes.node, ...(fromSource ? ["--conditions=@waybill/source"] : []), wrapperPath],
          cwd: folder,
          env: { [wrapperMarker]: submitRunId },
          inherit: ["PATH"],
          stdin: encodeLaunch(launchOf(request, folder, submitRunId, withdrawal)),
          keepsInputOpen: true,
          stderr: { kind: "file", path: join(folder, recordNames.wrapperLog) },
        })
        .pipe(
          Effect.mapError(
            (cause) => new AgentError({ code: "wrapper_failed", key: request.key, detail: cause.message, cause }),
          ),
        )

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
              const isLate: ProcessExit = { kind: "signal", signal: "SIGSTOP" }
              const exit = yield* Effect.raceAllFirst([
                wrapper.exited,
                Effect.gen(function* () {
                  while (!isStartedAs(folder, submitRunId)) yield* Effect.sleep(look_ms)
                  return undefined
                }),
                Effect.as(Effect.sleep(launch_ms), isLate),
              ])
              if (exit !== undefined) return { begun: undefined, exit, wrapper: undefined }
              // In one piece: a start that is recorded and not let go would be missed as if it had run.
              const record = register === undefined || again !== undefined ? Effect.void : register.begin(run)
              yield* Effect.uninterruptible(Effect.andThen(record, wrapper.endInput(goBytes)))
              return { begun: submitRunId, exit, wrapper: wrapper.identity }
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
    const missing = (key: string, folder: string, begun: string, grace_ms: number) =>
      Effect.gen(function* () {
        yield* endBegun(begun, grace_ms)
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
        const { grace_ms, ...limits } = limitsOf(request, overrun_ms)
        const patience = makePatience(limits, look_ms)
        let begun = recorded?.submitRunId
        let wrapper: ProcessIdentity | undefined
        let mayHaveWithdrawn = true
        let launches = 0
        let superseded = 0
        let vanished = 0
        for (;;) {
          // Anew each time: an agent may take it away.
          if (!existsSync(folder)) yield* makeFolder(key)
          const found = yield* locked(key, folder, settleDead(key, folder, grace_ms)).pipe(
            Effect.tapError((error) =>
              isDamage(error) && begun !== undefined ? endBegun(begun, grace_ms) : Effect.void,
            ),
          )
          if (found === undefined) {
            const started = yield* recordedStart(key, folder)
            const next = patience.next(yield* isDead(wrapper ?? started?.wrapper))
            if (next === "stop") return yield* lockHeld(key, folder)
            const id = begun ?? started?.submitRunId
            if (next === "end" && id !== undefined) yield* endOverdue(id, grace_ms)
            else yield* Effect.sleep(look_ms)
            continue
          }
          if (found.value === "ended") {
            const receipt = yield* lastReceipt(key, folder, begun, grace_ms)
            if (receipt !== undefined) return receipt
            if (++vanished <= vanished_max) continue
            const detail = `its receipt vanishes from ${folder} whenever it is read`
            return yield* new AgentError({ code: "run_missing", key, detail })
          }
          const secret = recorded === undefined || !mayHaveWithdrawn ? undefined : withdrawnSecret(folder, recorded)
          if (begun !== undefined && secret === undefined) return yield* missing(key, folder, begun, grace_ms)
          // Only what is to be started has to be startable: a run that is there is found under any spec.
          const detail = refuseRequest(request)
          if (detail !== undefined) return yield* new AgentError({ code: "request_invalid", key, detail })
          if (launches >= launches_max || superseded >= superseded_max)
            return yield* new AgentError({
              code: "wrapper_failed",
              key,
              detail: `it ended ${launches + superseded} times before it began; see ${join(folder, recordNames.wrapperLog)}`,
            })
          // A wrapper that an earlier runner launched may still come; whichever is first makes `started.json`, the other leaves.
          const again = recorded === undefined || secret === undefined ? undefined : { ...recorded, secret }
          const launched = yield* begin(request, folder, register, again)
          if (launched.begun !== undefined) {
            begun = launched.begun
            wrapper = launched.wrapper
            mayHaveWithdrawn = false
            patience.restart()
            continue
          }
          const code = launched.exit?.kind === "code" ? launched.exit.code : undefined
          if (code === exit_no_room) {
            const detail = `${folder} has no room for the run's records: ${explainErrno("ENOSPC")}; nothing was started`
            return yield* new AgentError({ code: "folder_refused", key, detail })
          }
          if (code === 0) superseded++
          else launches++
        }
      })

    const cancel = (key: string): Effect.Effect<AgentReceipt, AgentError> =>
      Effect.gen(function* () {
        const folder = yield* makeFolder(key)
        const unstarted = Effect.gen(function* () {
          if ((yield* settleDead(key, folder, default_grace_ms)) === "ended") return
          const submitRunId = `run_${yield* entropy.hex(16)}`
          const started: StartedRecord = { key, submitRunId, startedAt: "" }
          yield* attempt(key, () => publishOnce(folder, recordNames.started, started))
          yield* giveUp(key, folder, started, 0, "cancelled before it began")
        })
        const run_ms = cancel_ms + overrun_ms
        const patience = makePatience({ run_ms, orphaned_ms: run_ms, ended_ms: overrun_ms }, look_ms)
        let isSignalled = false
        for (;;) {
          const receipt = yield* receiptIn(key, folder)
          if (receipt !== undefined) return receipt
          if ((yield* locked(key, folder, unstarted)) !== undefined) continue
          const started = yield* read(key, folder, recordNames.started, Started)
          if (started?.wrapper !== undefined && !isSignalled)
            isSignalled = yield* processes.signal(started.wrapper, "SIGTERM")
          const next = patience.next(false)
          if (next === "stop")
            return yield* new AgentError({ code: "run_unreachable", key, detail: "it is alive and does not end" })
          if (next === "end" && started !== undefined) yield* endOverdue(started.submitRunId, 0)
          else yield* Effect.sleep(look_ms)
        }
      })

    return Agent.of({ folder: root, submit, cancel, find: (key) => receiptIn(key, folderOf(key)) })
  })

/** Agents as commands. See the page on agents and verifiers for what a command is given. */
export const layerCommandAgent = (options: CommandAgentOptions): Layer.Layer<Agent, never, Processes | Entropy> =>
  Layer.effect(Agent, make(options))
