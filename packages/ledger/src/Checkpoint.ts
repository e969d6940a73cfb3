/**
 * A saved projection: its name, its version, the position it stands at, and its state.
 *
 * @module
 */
import { Data, Result, Schema } from "effect"
import type { RecordedFact } from "./Fact.ts"
import { Fold } from "./Fold.ts"
import type { Issue } from "./Json.ts"
import type { SavedState } from "./SavedState.ts"
import type { Projection } from "./Projection.ts"
import { makeValidator } from "./Validator.ts"

export { CheckpointReader, piecesOf } from "./CheckpointText.ts"

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

const Count = Schema.Natural
const Table = <S extends Schema.Constraint>(row: S) => Schema.Array(Schema.Tuple([Schema.String, row]))
const Place = Schema.Struct({
  position: Count,
  event_id: Schema.String,
  event_type: Schema.String,
  code: Schema.String,
  detail: Schema.optionalKey(Schema.String),
})
const Holder = Schema.Struct({ position: Count, event_id: Schema.String, job_id: Schema.String })
const stands = {
  position: Count,
  events: Count,
  last: Schema.optionalKey(Schema.Struct({ position: Count, event_id: Schema.String })),
  skipped: Schema.Struct({ unknown: Count, malformed: Count }),
}
const Stand = Schema.Struct({
  name: Schema.String,
  version: Schema.Finite,
  state: Schema.Struct(stands),
})
const Saved = Schema.Struct({
  ...Stand.fields,
  state: Schema.Struct({
    ...stands,
    entities: Table(Schema.Unknown),
    anomalies: Table(Schema.Array(Place)),
    holders: Table(Holder),
  }),
})
const whole = makeValidator(Saved, "open")
const stand = makeValidator(Stand, "open")
const places = makeValidator(Schema.Array(Place), "open")
const holder = makeValidator(Holder, "open")

const isTable = (table: unknown, accepts: (row: unknown) => boolean): boolean => {
  if (!Array.isArray(table)) return false
  for (const row of table as ReadonlyArray<unknown>)
    if (!Array.isArray(row) || row.length !== 2 || typeof row[0] !== "string" || !accepts(row[1])) return false
  return true
}

/** What is wrong with it. Its tables are looked through by hand first: the schema takes as long for them as parsing them did. */
const damageOf = (saved: Checkpoint): Issue | undefined => {
  const isSound =
    stand.accepts(saved) &&
    isTable(saved.state.entities, () => true) &&
    isTable(saved.state.anomalies, places.accepts) &&
    isTable(saved.state.holders, holder.accepts)
  return isSound ? undefined : whole.explain(saved)[0]
}

/**
 * A fold that goes on where the checkpoint stopped. Fails with {@link StaleCheckpoint} when it is of another projection or
 * version, lies beyond the ledger's head, is damaged, or holds an entity that the projection's schema does not take.
 */
export const resume = <E, F extends RecordedFact<string, unknown>>(
  projection: Projection<E, F>,
  saved: Checkpoint,
  limits: ResumeLimits = {},
): Result.Result<Fold<E, F>, StaleCheckpoint> => {
  const stale = (reason: string) => Result.fail(new StaleCheckpoint({ name: projection.name, reason }))
  const damage = damageOf(saved)
  if (damage !== undefined) return stale(`is damaged: ${damage.path} ${damage.message}`)
  if (saved.name !== projection.name) return stale(`is of the projection ${JSON.stringify(saved.name)}`)
  if (saved.version !== projection.version) return stale(`is of version ${saved.version}, want ${projection.version}`)
  const { state } = saved
  if (limits.head !== undefined && state.position > limits.head)
    return stale(`stands at position ${state.position}, beyond the ledger's last, ${limits.head}`)
  if (state.last !== undefined && state.last.position !== state.position)
    return stale("does not stand at its last event")
  const { accepts } = makeValidator(projection.entity, "open")
  const bad = state.entities.find(([, entity]) => !accepts(entity))
  if (bad !== undefined) return stale(`holds an entity that does not fit, ${JSON.stringify(bad[0])}`)
  return Result.succeed(new Fold<E, F>(projection, state as SavedState<E>))
}
