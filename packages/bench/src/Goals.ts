/**
 * What a benchmark is to show, and whether it did.
 *
 * @module
 */
import type { Curve, GoalResult, Ratio, SubjectResult } from "./Report.ts"

interface Speed {
  readonly subject: string
  /** One other, or several: then the fastest of them counts. */
  readonly beside: string | ReadonlyArray<string>
  /** The least median of `time of the other / time of ours`. */
  readonly speed_min: number
}

interface Rate {
  readonly subject: string
  /** The least median of units per second. */
  readonly per_second_min: number
}

interface Growth {
  readonly curve: string
  /** The most that the last point may be of the first. */
  readonly growth_max: number
}

interface Excess {
  readonly curve: string
  /** Another curve over the same points. */
  readonly than: string
  /** The most that the last point may be of the other curve's. */
  readonly times_max: number
}

interface Ceiling {
  readonly curve: string
  /** The most that any point may be. */
  readonly value_max: number
}

/**
 * A speed beside others of the same run or by itself, how much a cost may grow along a curve, be beside another curve, or be at all.
 * `wall` says what stands in the way of one that is out of reach, as it was measured.
 */
export type Goal = (Speed | Rate | Growth | Excess | Ceiling) & { readonly wall?: string }

const rounded = (value: number): number => Number(value.toPrecision(3))

type Judged = Omit<GoalResult, "wall">

const judgeSpeed = ({ beside, speed_min, subject }: Speed, ratios: ReadonlyArray<Ratio>): Judged => {
  const others = typeof beside === "string" ? [beside] : beside
  const speeds = ratios
    .filter((each) => each.subject === subject && others.includes(each.to))
    .map(({ ratio, to }) => ({ to, speed: ratio.median }))
    .toSorted((a, b) => a.speed - b.speed)
  const fastest = speeds[0]
  const among = others.length === 1 ? "" : ", the fastest of those beside it"
  return {
    what: `${subject}: speed beside ${fastest?.to ?? others.join(", ")}${fastest === undefined ? "" : among}`,
    bound: "at least",
    want: rounded(speed_min),
    ...(fastest === undefined ? {} : { got: rounded(fastest.speed) }),
  }
}

const judgeRate = ({ per_second_min, subject }: Rate, subjects: ReadonlyArray<SubjectResult>, unit: string): Judged => {
  const found = subjects.find(({ name }) => name === subject)
  return {
    what: `${subject}: ${unit} a second`,
    bound: "at least",
    want: per_second_min,
    ...(found === undefined ? {} : { got: Math.round(found.per_second.median) }),
  }
}

const judgeGrowth = ({ curve: name, growth_max }: Growth, curves: ReadonlyArray<Curve>): Judged => {
  const { points = [], x = "" } = curves.find((curve) => curve.name === name) ?? {}
  const [first, last] = [points[0], points.at(-1)]
  const isMeasured = first !== undefined && last !== undefined && first !== last && first.y > 0
  return {
    what: `${name}: cost at the last point beside the first${isMeasured ? ` (${first.x} to ${last.x} ${x})` : ""}`,
    bound: "at most",
    want: growth_max,
    ...(isMeasured ? { got: rounded(last.y / first.y) } : {}),
  }
}

const judgeExcess = ({ curve: name, than, times_max }: Excess, curves: ReadonlyArray<Curve>): Judged => {
  const [ours, other] = [name, than].map((wanted) => curves.find((curve) => curve.name === wanted)?.points.at(-1))
  const isMeasured = ours !== undefined && other !== undefined && ours.x === other.x && other.y > 0
  return {
    what: `${name}: beside ${than}${isMeasured ? `, at ${ours.x}` : ""}`,
    bound: "at most",
    want: times_max,
    ...(isMeasured ? { got: rounded(ours.y / other.y) } : {}),
  }
}

const judgeCeiling = ({ curve: name, value_max }: Ceiling, curves: ReadonlyArray<Curve>): Judged => {
  const { points = [], y = "" } = curves.find((curve) => curve.name === name) ?? {}
  return {
    what: `${name}: ${y}`,
    bound: "at most",
    want: value_max,
    ...(points.length === 0 ? {} : { got: rounded(Math.max(...points.map((point) => point.y))) }),
  }
}

/** What goals are judged by. */
export interface Measured {
  readonly unit: string
  readonly subjects: ReadonlyArray<SubjectResult>
  readonly ratios: ReadonlyArray<Ratio>
  readonly curves: ReadonlyArray<Curve>
}

const judgeOne = (goal: Goal, { curves, ratios, subjects, unit }: Measured): Judged => {
  if ("speed_min" in goal) return judgeSpeed(goal, ratios)
  if ("per_second_min" in goal) return judgeRate(goal, subjects, unit)
  if ("growth_max" in goal) return judgeGrowth(goal, curves)
  return "than" in goal ? judgeExcess(goal, curves) : judgeCeiling(goal, curves)
}

/** One result for each goal, in their order. */
export const judge = (goals: ReadonlyArray<Goal>, measured: Measured): ReadonlyArray<GoalResult> =>
  goals.map((goal) => ({
    ...judgeOne(goal, measured),
    ...(goal.wall === undefined ? {} : { wall: goal.wall }),
  }))

/** `undefined` where it could not be measured. */
export const isPassed = ({ bound, got, want }: GoalResult): boolean | undefined =>
  got === undefined ? undefined : bound === "at least" ? got >= want : got <= want

/** The outcome in words: `passed, 1.42 times as good as asked`. */
export const verdict = (goal: GoalResult): string => {
  const { bound, got, want } = goal
  if (got === undefined) return "not measured"
  if (bound === "at most" && got === 0) return "passed"
  const times = rounded(bound === "at least" ? got / want : want / got)
  return isPassed(goal) ? `passed, ${times} times as good as asked` : `missed, at ${times} of what is asked`
}
