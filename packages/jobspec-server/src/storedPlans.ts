/**
 * The plans of the newest stored projection snapshot (JobSpec v0 §3.5, §12.6): the one thing in it that no event carries.
 *
 * @module
 */
import { no_plans, type PlansEntries, readPlansSnapshot } from "@waybill/jobspec"
import { Effect, Result } from "effect"
import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"

export interface StoredPlans {
  readonly plans: PlansEntries
  /** Why the newest snapshot was not used, if there is one and it was not. */
  readonly ignored?: string
}

const nothing: StoredPlans = { plans: no_plans }
/** A larger one is not read into memory. */
const snapshot_bytes_max = 64 * 1024 * 1024

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : String(cause)

/** Reads the newest snapshot below a project's root whenever it is another than before. Never fails: it says what it ignored. */
export const makeStoredPlans = (root: string): Effect.Effect<StoredPlans> => {
  const folder = join(root, ".agents", "daemon", "projections")
  let known: { readonly mark: string; readonly stored: StoredPlans } | undefined
  const read = async (): Promise<StoredPlans> => {
    const names = await readdir(folder).catch((cause: unknown) => {
      if (codeOf(cause) === "ENOENT") return []
      throw cause
    })
    const newest = names
      .filter((name) => /^snapshot-.+\.json$/u.test(name))
      .sort()
      .at(-1)
    if (newest === undefined) return nothing
    const path = join(folder, newest)
    const { mtimeMs, size } = await stat(path)
    const mark = `${newest} ${size} ${mtimeMs}`
    if (known?.mark === mark) return known.stored
    if (size > snapshot_bytes_max)
      return { plans: no_plans, ignored: `${newest} is larger than ${snapshot_bytes_max} bytes` }
    const plans = readPlansSnapshot(await readFile(path, "utf8"))
    const stored = Result.isSuccess(plans) ? { plans: plans.success } : { plans: no_plans, ignored: plans.failure }
    known = { mark, stored }
    return stored
  }
  return Effect.promise(() => read().catch((cause: unknown) => ({ plans: no_plans, ignored: codeOf(cause) })))
}

/** A ledger without a project's root has no snapshots. */
export const noStoredPlans: Effect.Effect<StoredPlans> = Effect.succeed(nothing)
