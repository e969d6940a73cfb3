/**
 * What the jobs of a simulation ask for, as data in their payloads, and who does it.
 *
 * @module
 */
import { JobSpec } from "@waybill/jobspec"
import type { JsonObject } from "@waybill/ledger"
import {
  type ClaimedJob,
  type Executor,
  type QueuedDeclaration,
  settlementExecutor,
  WorkFailed,
} from "@waybill/runtime"
import { Clock, Effect, Stream } from "effect"
import type { Random } from "./Random.ts"

export const job_type = "simulated.work"
/** One binding for all seeds: it holds no state. */
export const jobspec = JobSpec.make({ jobTypes: [{ name: job_type }] })

export const attempts_max = 3

/** A value of a payload, in words. */
export const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value))

const numberIn = (payload: JsonObject, name: string): number => {
  const value = payload[name]
  return typeof value === "number" ? value : 0
}

/** A job's payload: how long it takes, and how it ends. */
export const drawPayload = (random: Random, label: string, isSettlement: boolean): JsonObject => ({
  label,
  work_ms: Math.floor(random.unit() * random.pick([50, 500, 4_000])),
  /** An ordinary job that fails; a settlement whose agent is not done until that attempt. */
  fails: random.chance(0.15),
  good_from: random.pick([1, 1, 1, 2, 3, 4]),
  ...(isSettlement ? { terminal_artifact: { schema: "text/v1" } } : {}),
})

export const goodText = ({ label }: JsonObject): string => `final of ${textOf(label)}`

/** What an agent leaves: the good text from the attempt on that its job's payload names. */
export const script = (payload: JsonObject, attempt: number): string =>
  attempt >= numberIn(payload, "good_from") ? goodText(payload) : `draft ${attempt}`

/** Works for as long as the payload says. */
export const worker: Executor = {
  execute: ({ job_id, payload }) =>
    Effect.gen(function* () {
      const from_ms = yield* Clock.currentTimeMillis
      yield* Effect.sleep(numberIn(payload, "work_ms"))
      if (payload["fails"] === true) return yield* new WorkFailed({ failure: { message: "as it was told" } })
      return { artifacts: { made: `${job_id} at ${from_ms}` } }
    }),
}

const declare = ({ payload }: ClaimedJob): QueuedDeclaration => {
  const spec = { command: ["agent"], timeLimit_ms: 60_000, input: payload } as const
  return {
    requestedBy: "simulation",
    terminalSchemaId: "text/v1",
    seeds: [{ path: "seed.txt", content: new TextEncoder().encode("a seed") }],
    candidatePath: "out.txt",
    submit: () => spec,
    verifier: {
      name: "is-final",
      verify: ({ artifact }) =>
        Effect.gen(function* () {
          const chunks = yield* Effect.orDie(Stream.runCollect(artifact.stream))
          const isFinal = Buffer.concat(chunks).toString() === goodText(payload)
          yield* Effect.sleep(20)
          return isFinal
            ? { ok: true, checks: [{ name: "final", status: "passed" as const }] }
            : { ok: false, reason: "not final", checks: [{ name: "final", status: "failed" as const }] }
        }),
    },
    recovery: { maxAttempts: attempts_max, submit: () => spec },
  }
}

export const settler = settlementExecutor(declare, { jobspec })
