/**
 * What is known to be refused later is refused here, before the first fact: no attempt is left open by it.
 *
 * @module
 */
import { refuseDuration } from "@waybill/host"
import { lease_ms_max } from "@waybill/jobspec"
import { refuseBaseKey, refuseFilePath, Settlement } from "@waybill/workspace-job"
import { Effect, Predicate, Result } from "effect"
import type { JobDeclaration } from "./Declaration.ts"
import { refusePaths } from "./declared.ts"
import { InvalidDeclaration } from "./Errors.ts"

/** What the host adds to a declaration. */
export interface HostSide {
  readonly terminalPath: string
  readonly holdWait_ms: number
  readonly lease_ms: number
  readonly heartbeat_ms: number
  /** Why no file of this run's workspace can be at a path of this machine. */
  readonly refusePlace: (runId: string, path: string) => string | undefined
}

/** A shorter lease could run out while a single fact is written. */
const lease_ms_min = 1_000

const seed_path_bytes_max = 4 * 1024 * 1024

type Refusal = readonly [field: string, reason: string]

const refuseParts = ({ build, recovery, seeds, submit, verifier }: JobDeclaration): Refusal | undefined => {
  // Typed code cannot get these wrong; what comes from a file or from JavaScript can.
  const functions: ReadonlyArray<readonly [string, unknown, isNeeded: boolean]> = [
    ["submit", submit, true],
    ["build", build, false],
    ["verifier.verify", (verifier as Partial<typeof verifier> | undefined)?.verify, true],
    ["recovery.submit", recovery?.submit, recovery !== undefined],
    ["recovery.shouldRepair", recovery?.shouldRepair, false],
  ]
  for (const [field, value, isNeeded] of functions)
    if (typeof value !== "function" && (isNeeded || value !== undefined)) return [field, "is no function"]
  const badSeed = Array.isArray(seeds)
    ? seeds.findIndex(
        (seed: unknown) =>
          !Predicate.isObject(seed) ||
          !("path" in seed && typeof seed.path === "string") ||
          !("content" in seed && seed.content instanceof Uint8Array),
      )
    : 0
  return badSeed < 0 ? undefined : [`seeds[${badSeed}]`, "is no path with bytes"]
}

const texts = ["runId", "idempotencyKey", "requestedBy", "terminalSchemaId", "candidatePath"] as const

/** What a declaration calls a field of the first fact. */
const declaredAs: Readonly<Record<string, string>> = { job_id: "runId", "attempt.maxAttempts": "recovery.maxAttempts" }

/** What the first fact would be refused for: its names, references and number of attempts. */
const refuseRequest = (job: JobDeclaration, maxAttempts: number): Refusal | undefined => {
  const { idempotencyKey, inputHash, inputRef, requestedBy, runId, terminalSchemaId, workspaceRef } = job
  const asked = { runId, idempotencyKey, requestedBy, terminalSchemaId, workspaceRef, inputRef, inputHash, maxAttempts }
  const request = Settlement.request(asked)
  if (Result.isSuccess(request)) return undefined
  const said = request.failure.issues.map(({ message, path }) => [declaredAs[path] ?? path, message] as const)
  const [[field, reason] = ["the declaration", "is refused"], ...others] = said
  const value = Object.entries(job).find(([name]) => name === field)?.[1] as unknown
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 300)) : String(value)
  // A schema says what it expected, a rule of ours what the text does.
  const why = reason.startsWith("Expected") ? `: e${reason.slice(1)}` : `, which ${reason}`
  const further = others.filter(([name]) => name !== field).map(([name, message]) => `; ${name}: ${message}`)
  return [field, `${value === undefined ? "is refused" : `is ${shown}`}${why}${further.join("")}`]
}

const refuse = (
  job: JobDeclaration,
  { heartbeat_ms, holdWait_ms, lease_ms, refusePlace, terminalPath }: HostSide,
): Refusal | undefined => {
  const noText = texts.find((field) => typeof job[field] !== "string")
  if (noText !== undefined) return [noText, `is ${String(job[noText] ?? "absent")}, and must be a text`]
  const badKey = refuseBaseKey(job.idempotencyKey)
  if (badKey !== undefined) return ["idempotencyKey", badKey]
  const wanted = job.recovery?.maxAttempts ?? 1
  if (!Number.isFinite(wanted)) return ["recovery.maxAttempts", `is ${wanted}, not a number of attempts`]
  for (const field of ["verifierDeadline_ms", "answerDeadline_ms"] as const) {
    const reason = job[field] === undefined ? undefined : refuseDuration(job[field])
    if (reason !== undefined) return [field, reason]
  }
  const badWait = holdWait_ms === Number.POSITIVE_INFINITY ? undefined : refuseDuration(holdWait_ms, { from: 0 })
  if (badWait !== undefined) return ["holdWait_ms", badWait]
  if (!(lease_ms >= lease_ms_min && lease_ms <= lease_ms_max))
    return ["lease_ms", `is ${lease_ms}, not from ${lease_ms_min} to ${lease_ms_max}`]
  const badBeat = refuseDuration(heartbeat_ms, { from: 1 })
  if (badBeat !== undefined) return ["heartbeat_ms", badBeat]
  if (heartbeat_ms >= lease_ms) return ["heartbeat_ms", `is ${heartbeat_ms}, not less than the lease of ${lease_ms} ms`]
  const badPart = refuseParts(job)
  if (badPart !== undefined) return badPart
  const badRequest = refuseRequest(job, Math.max(1, Math.trunc(wanted)))
  if (badRequest !== undefined) return badRequest
  const badPath = refusePaths(job.seeds, job.candidatePath, (path) => refusePlace(job.runId, path))
  if (badPath !== undefined) return [badPath.field, `is ${JSON.stringify(badPath.path)}, which ${badPath.reason}`]
  const badTerminal = refuseFilePath(terminalPath)
  if (badTerminal !== undefined) return ["terminalPath", `is ${JSON.stringify(terminalPath)}, which ${badTerminal}`]
  const path_bytes = job.seeds.reduce((sum, { path }) => sum + Buffer.byteLength(path), 0)
  return path_bytes <= seed_path_bytes_max
    ? undefined
    : ["seeds", `have paths of ${path_bytes} bytes in all; one fact lists them, and takes ${seed_path_bytes_max}`]
}

/** Looks at everything that can be known of a declaration without asking it. Answers how many attempts it wants. */
export const checkDeclaration = (job: JobDeclaration, host: HostSide): Effect.Effect<number, InvalidDeclaration> =>
  Effect.suspend(() => {
    const refusal = refuse(job, host)
    if (refusal === undefined) return Effect.succeed(Math.max(1, Math.trunc(job.recovery?.maxAttempts ?? 1)))
    const [field, reason] = refusal
    const whatNext = "Nothing was begun: correct it and ask again"
    return Effect.fail(new InvalidDeclaration({ field, reason: `${reason}. ${whatNext}` }))
  })
