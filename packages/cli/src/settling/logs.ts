/**
 * What the agent and the verifier of a run printed: bounded, and without secrets.
 *
 * @module
 */
import type { Context } from "@waybill/command"
import { openRegularFile } from "@waybill/host"
import { Ledger } from "@waybill/ledger"
import { Agent, type KeptOutput } from "@waybill/runtime"
import { attemptOf, type Check, Jobs } from "@waybill/workspace-job"
import { Effect } from "effect"
import { closeSync, fstatSync, readSync } from "node:fs"
import { refuseNowhere } from "../Nowhere.ts"
import { runHere } from "../Opening.ts"
import { tellDamage } from "../keeping/damage.ts"
import { settlementLayer } from "../Settlements.ts"
import type { Place } from "../Place.ts"
import { attemptsOf } from "./Attempts.ts"
import { noSuchRun } from "./explain.ts"
import { keptFailure } from "./failureNotes.ts"
import { redacted } from "./Redaction.ts"
import { keptOutputs, type KeptText } from "./verifierOutputs.ts"

export interface Printed {
  readonly text: string
  /** Bytes in front of the text that are not shown, and behind it that were not kept. */
  readonly omitted_bytes: number
}

/** How much more is read than is shown: what begins in front of the cut is known for a secret only where it is whole. */
const margin_bytes = 65_536

/** The last bytes of what was read, without secrets, and then cut, so that no end of one is left. Cuts no character in two. */
const endOf = (read: Uint8Array, omitted_bytes: number, bytes_max: number, ctx: Context): Printed => {
  const whole = Buffer.from(redacted(Buffer.from(read).toString("utf8"), ctx.env))
  const from = Math.max(0, whole.length - bytes_max)
  const text = whole
    .subarray(from)
    .toString("utf8")
    .replace(/^\ufffd+/u, "")
  return { text, omitted_bytes: omitted_bytes + from }
}

/** The last bytes of a file. */
const tail = ({ bytes, dropped_bytes, path }: KeptOutput, bytes_max: number, ctx: Context): Printed => {
  const file = openRegularFile(path)
  try {
    const size = Math.min(bytes, fstatSync(file).size)
    const from = Math.max(0, size - bytes_max - margin_bytes)
    const buffer = Buffer.alloc(size - from)
    const count = readSync(file, buffer, 0, buffer.length, from)
    return endOf(buffer.subarray(0, count), from + dropped_bytes, bytes_max, ctx)
  } finally {
    closeSync(file)
  }
}

/** The last bytes of a text. */
const endOfText = ({ dropped_bytes, text }: KeptText, bytes_max: number, ctx: Context): Printed =>
  endOf(Buffer.from(text), dropped_bytes, bytes_max, ctx)

const redactedCheck = ({ fingerprint, message, name, proofRef, status }: Check, { env }: Context): Check => ({
  name: redacted(name, env),
  status,
  ...(message === undefined ? {} : { message: redacted(message, env) }),
  ...(proofRef === undefined ? {} : { proofRef: redacted(proofRef, env) }),
  ...(fingerprint === undefined ? {} : { fingerprint: redacted(fingerprint, env) }),
})

export interface Logged {
  readonly run_id: string
  readonly attempts: ReadonlyArray<{
    readonly attempt: number
    /** Why it failed, as it was said then. */
    readonly failure: string | null
    readonly agent: {
      readonly state: string
      readonly exit: string | null
      readonly note: string | null
      readonly stdout: Printed | null
      readonly stderr: Printed | null
    }
    readonly verifier: {
      readonly summary: string | null
      readonly checks: ReadonlyArray<Check>
      /** One for each command that judged, as it was last called. */
      readonly printed: ReadonlyArray<{
        readonly name: string
        readonly exit: string
        readonly stdout: Printed
        readonly stderr: Printed
      }>
    }
  }>
}

export const logs = async (runId: string, bytes_max: number, place: Place, ctx: Context): Promise<Logged> => {
  refuseNowhere(place)
  const program = Effect.gen(function* () {
    const ledger = yield* Ledger
    const agent = yield* Agent
    const job = yield* ledger.query(Jobs, (view) => view.get(runId))
    yield* tellDamage(ledger, job === undefined, place, ctx)
    if (job === undefined) return yield* Effect.fail(noSuchRun(runId, place))
    const shown = attemptsOf(job)
    const attempts = yield* Effect.forEach([...job.earlier, job.current], ({ request, terminal }, index) =>
      Effect.gen(function* () {
        const receipt = yield* agent.find(request.idempotencyKey)
        const { exit, note, stderr, stdout } = receipt?.diagnostics ?? {}
        const printed = (kept: KeptOutput | undefined) =>
          kept === undefined
            ? Effect.succeed(null)
            : Effect.try({ try: () => tail(kept, bytes_max, ctx), catch: (cause) => cause })
        const { checks = [], summary = null } = shown[index] ?? {}
        const judged = yield* Effect.try({
          try: () => keptOutputs(place, runId, attemptOf(request).index),
          catch: (cause) => cause,
        })
        const failure = yield* Effect.try({
          try: () => keptFailure(place, runId, attemptOf(request).index),
          catch: (cause) => cause,
        })
        return {
          attempt: attemptOf(request).index,
          failure: terminal?.kind === "failed" && failure !== undefined ? redacted(failure, ctx.env) : null,
          agent: {
            state:
              receipt === undefined
                ? terminal === undefined
                  ? "unfinished"
                  : "without a record"
                : receipt.ok
                  ? "ended well"
                  : receipt.reason,
            exit: exit === undefined ? null : exit.kind === "code" ? `code ${exit.code}` : exit.signal,
            note: note === undefined ? null : redacted(note, ctx.env),
            stdout: yield* printed(stdout),
            stderr: yield* printed(stderr),
          },
          verifier: {
            summary: summary === null ? null : redacted(summary, ctx.env),
            checks: checks.map((check) => redactedCheck(check, ctx)),
            printed: judged.map(({ exit: how, stderr: err, stdout: out, verifier: name }) => ({
              name: redacted(name, ctx.env),
              exit: how,
              stdout: endOfText(out, bytes_max, ctx),
              stderr: endOfText(err, bytes_max, ctx),
            })),
          },
        }
      }),
    )
    return { run_id: runId, attempts }
  })
  return runHere(Effect.provide(program, settlementLayer(place)), ctx.signal)
}
