/**
 * A saved projection: its name, its version, the position it stands at, and its state.
 *
 * @module
 */
import { Data, Result } from "effect"
import type { RecordedFact } from "./Fact.ts"
import { Fold, type SavedState } from "./Fold.ts"
import type { Projection } from "./Projection.ts"
import { makeValidator } from "./Validator.ts"

export interface Checkpoint<E = unknown> {
  readonly name: string
  readonly version: number
  readonly state: SavedState<E>
}

/** A checkpoint that must not be used; fold from zero instead. */
export class StaleCheckpoint extends Data.TaggedError("StaleCheckpoint")<{
  readonly name: string
  readonly reason: string
}> {
  override get message(): string {
    return `checkpoint of ${this.name}: ${this.reason}`
  }
}

/** Saves a fold as plain JSON data. */
export const take = <E, F extends RecordedFact<string, unknown>>(fold: Fold<E, F>): Checkpoint<E> => ({
  name: fold.projection.name,
  version: fold.projection.version,
  state: fold.save(),
})

/** What a checkpoint is checked for beyond its name and version. */
export interface ResumeLimits {
  /** The ledger's last position: a checkpoint beyond it belongs to another ledger. */
  readonly head?: number
}

const isTable = (value: unknown): value is ReadonlyArray<readonly [string, unknown]> =>
  Array.isArray(value) && value.every((row) => Array.isArray(row) && row.length === 2 && typeof row[0] === "string")

/**
 * A fold that goes on where the checkpoint stopped. Fails with {@link StaleCheckpoint} when it is of another projection or
 * version, lies beyond the ledger's head, or holds an entity that the projection's schema does not take.
 */
export const resume = <E, F extends RecordedFact<string, unknown>>(
  projection: Projection<E, F>,
  saved: Checkpoint,
  limits: ResumeLimits = {},
): Result.Result<Fold<E, F>, StaleCheckpoint> => {
  const stale = (reason: string) => Result.fail(new StaleCheckpoint({ name: projection.name, reason }))
  if (saved.name !== projection.name) return stale(`is of the projection ${JSON.stringify(saved.name)}`)
  if (saved.version !== projection.version) return stale(`is of version ${saved.version}, want ${projection.version}`)
  const { state } = saved
  if (!Number.isSafeInteger(state?.position) || state.position < 0) return stale("has no position")
  if (limits.head !== undefined && state.position > limits.head)
    return stale(`stands at position ${state.position}, beyond the ledger's last, ${limits.head}`)
  if (!isTable(state.entities) || !isTable(state.anomalies) || !isTable(state.holders)) return stale("is damaged")
  const { accepts } = makeValidator(projection.entity, "closed")
  const bad = state.entities.find(([, entity]) => !accepts(entity))
  if (bad !== undefined) return stale(`holds an entity that does not fit, ${JSON.stringify(bad[0])}`)
  return Result.succeed(new Fold<E, F>(projection, state as SavedState<E>))
}
