import { Schema } from "effect"

/** The least, the middle and the greatest of some measurements; with an even number the middle is the mean of two. */
export const Spread = Schema.Struct({ min: Schema.Finite, median: Schema.Finite, max: Schema.Finite })

/** One way to do the work, measured. */
export const SubjectResult = Schema.Struct({
  name: Schema.String,
  role: Schema.Literals(["subject", "limit", "peer", "reference"]),
  /** Runs before those measured, besides the one that checks its answer; fewer than asked for where the time is short. */
  warmups: Schema.optionalKey(Schema.Int),
  /** Wall-clock time of each run in milliseconds, in the order they were run; fewer than asked for where the time is up. */
  runs_ms: Schema.Array(Schema.Finite),
  /** Processor time that the thread took for each run, in milliseconds; what others did for it, as a collector does, is not in it. */
  runs_cpu_ms: Schema.optionalKey(Schema.Array(Schema.Finite)),
  ms: Spread,
  /** Units of the benchmark per second. */
  per_second: Spread,
})

/**
 * How fast one of ours is beside a limit, a peer, or another one of ours. Each round gives one quotient, `time of the other / time of ours`:
 * 1 is as fast, 0.5 takes twice as long. The spread is over the rounds in which both ran, never a quotient of two spreads.
 */
export const Ratio = Schema.Struct({
  subject: Schema.String,
  to: Schema.String,
  role: Schema.Literals(["subject", "limit", "peer", "reference"]),
  ratio: Spread,
})

/** How a cost grows: one measured `y` for each `x`, both in the units named. */
export const Curve = Schema.Struct({
  name: Schema.String,
  x: Schema.String,
  y: Schema.String,
  points: Schema.Array(Schema.Struct({ x: Schema.Finite, y: Schema.Finite })),
})

/** What a benchmark was to show, in words, and what it showed; `got` is absent where it could not be measured. */
export const GoalResult = Schema.Struct({
  what: Schema.String,
  bound: Schema.Literals(["at least", "at most"]),
  want: Schema.Finite,
  got: Schema.optionalKey(Schema.Finite),
  /** The least and the greatest of what was measured, where it is a middle. */
  range: Schema.optionalKey(Schema.Struct({ min: Schema.Finite, max: Schema.Finite })),
  /** Others that were to count and could not be had. */
  absent: Schema.optionalKey(Schema.Array(Schema.String)),
  /** What stands in the way, as it was measured: for a goal that is known to be out of reach. */
  wall: Schema.optionalKey(Schema.String),
  /** Set to tell where others come from, or to keep what was reached: counted apart. */
  besides: Schema.optionalKey(Schema.Literal(true)),
})

/** A peer that could not be had, and why. */
export const LeftOut = Schema.Struct({ name: Schema.String, reason: Schema.String })

/** One benchmark's outcome. `amount` is how many `unit`s one run works through. */
export const BenchmarkResult = Schema.Struct({
  name: Schema.String,
  title: Schema.String,
  unit: Schema.String,
  input: Schema.String,
  amount: Schema.Finite,
  subjects: Schema.Array(SubjectResult),
  ratios: Schema.Array(Ratio),
  curves: Schema.Array(Curve),
  goals: Schema.Array(GoalResult),
  left_out: Schema.Array(LeftOut),
  /** The most warm-ups of a subject. */
  warmups: Schema.optionalKey(Schema.Int),
  /** How much of all processors' time the host of this machine gave to others meanwhile, 0 to 1; absent where it is not counted. */
  stolen_share: Schema.optionalKey(Schema.Finite),
  /** How long all of it took: input, warm-ups, runs and curves. */
  took_ms: Schema.optionalKey(Schema.Finite),
})

/** Where it was measured. */
export const Machine = Schema.Struct({
  cpu: Schema.String,
  cores: Schema.Int,
  memory_bytes: Schema.Int,
  os: Schema.String,
  node: Schema.String,
})

/** What was measured: `is_dirty` where the working tree holds what is not committed. */
export const Revision = Schema.Struct({ commit: Schema.String, is_dirty: Schema.Boolean })

/** The file that `npm run bench -- --json FILE` writes. A change that breaks a reader changes `schema_version`. */
export const Report = Schema.Struct({
  schema_version: Schema.Literal("waybill-bench/1"),
  /** ISO 8601, UTC. */
  started_at: Schema.String,
  /** Absent outside a repository. */
  revision: Schema.optionalKey(Revision),
  seed: Schema.Int,
  /** The most runs of a subject; one whose time was up has fewer. */
  runs: Schema.Int,
  /** The most runs of a subject before those measured; each tells its own. */
  warmups: Schema.Int,
  /** Whether garbage was collected before every run, outside the measured time. */
  garbage_collected: Schema.Boolean,
  /** Whether a hundredth of the input was measured, which tells that everything runs and not how fast. */
  short: Schema.Boolean,
  machine: Machine,
  /** The load of the machine before it began: the mean of 1, 5 and 15 minutes. */
  load_average: Schema.optionalKey(Schema.Array(Schema.Finite)),
  /** Exact versions of the packages at work, by name. */
  versions: Schema.Record(Schema.String, Schema.String),
  /** The words of the command line that decided what was measured, and for how long. */
  arguments: Schema.optionalKey(Schema.Array(Schema.String)),
  benchmarks: Schema.Array(BenchmarkResult),
  /** Benchmarks that could not be measured, and why. */
  failed: Schema.Array(LeftOut),
})

export type Spread = typeof Spread.Type
export type SubjectResult = typeof SubjectResult.Type
export type Ratio = typeof Ratio.Type
export type Curve = typeof Curve.Type
export type BenchmarkResult = typeof BenchmarkResult.Type
export type GoalResult = typeof GoalResult.Type
export type LeftOut = typeof LeftOut.Type
export type Machine = typeof Machine.Type
export type Revision = typeof Revision.Type
export type Report = typeof Report.Type

/** Peers that could not be had: each reason once, behind all that it is true of. */
export const leftOutInWords = (left_out: ReadonlyArray<LeftOut>): ReadonlyArray<string> =>
  [...Map.groupBy(left_out, ({ reason }) => reason)].map(
    ([reason, those]) => `${those.map(({ name }) => name).join(", ")}: ${reason}`,
  )

/** How often its subjects were run, `3 to 10 runs after 0 to 2 warm-ups`, and whether others took of the processors' time. */
export const runsInWords = ({ stolen_share = 0, subjects }: BenchmarkResult): string => {
  const counted = (counts: ReadonlyArray<number>, one: string): string => {
    const [least, most] = [Math.min(...counts), Math.max(...counts)]
    return `${least === most ? most : `${least} to ${most}`} ${one}${most === 1 ? "" : "s"}`
  }
  if (subjects.length === 0) return ""
  const runs = counted(
    subjects.map(({ runs_ms }) => runs_ms.length),
    "run",
  )
  const warmups = subjects.flatMap((each) => each.warmups ?? [])
  const stolen = stolen_share < 0.01 ? "" : `; ${Math.round(stolen_share * 100)} % of the processors' time stolen`
  return `${runs}${warmups.length === 0 ? "" : ` after ${counted(warmups, "warm-up")}`}${stolen}`
}
