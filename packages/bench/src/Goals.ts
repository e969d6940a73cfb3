/**
 * What a benchmark is to show, and whether it did.
 *
 * @module
 */
import type { Curve, GoalResult, LeftOut, Ratio, SubjectResult } from "./Report.ts"

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
  /** The most that any point may be of any before it. */
  readonly growth_max: number
}

interface Excess {
  readonly curve: string
  /** Another curve over the same points. */
  readonly than: string
  /** The most that any point may be of the other curve's. */
  readonly times_max: number
}

interface Ceiling {
  readonly curve: string
  /** The most that any point may be. */
  readonly value_max: number
}

/** What one run measured, in words, for those who tell of it: `not measured` of what was not. */
export interface Figures {
  /** The middle of a subject's times: `482 ms`. */
  readonly time: (subject: string) => string
  /** How one of ours is beside another: `is 1.27 times as fast`, `takes 4.35 times as long`. */
  readonly beside: (subject: string, other: string) => string
  /** The last point of a curve, in its own unit: `67.9`. */
  readonly last: (curve: string) => string
}

/**
 * A speed beside others of the same run or by itself, how much a cost may grow along a curve, be beside another curve, or be at all.
 * `wall` says what stands in the way of one that is out of reach; what it tells of times is what the same run measured. One that is
 * set `besides` tells where the others come from, or keeps what was reached: it is counted apart.
 */
export type Goal = (Speed | Rate | Growth | Excess | Ceiling) & {
  readonly wall?: string | ((figures: Figures) => string)
  readonly besides?: true
}

const rounded = (value: number): number => Number(value.toPrecision(3))

type Judged = Omit<GoalResult, "wall" | "besides">

const judgeSpeed = (
  { beside, speed_min, subject }: Speed,
  ratios: ReadonlyArray<Ratio>,
  left_out: ReadonlyArray<LeftOut>,
): Judged => {
  const others = typeof beside === "string" ? [beside] : beside
  const speeds = ratios
    .filter((each) => each.subject === subject && others.includes(each.to))
    .map(({ ratio, to }) => ({ to, speed: ratio.median, ratio }))
    .toSorted((a, b) => a.speed - b.speed)
  const fastest = speeds[0]
  const absent = others.filter((other) => left_out.some(({ name }) => name === other))
  const among = others.length === 1 ? "" : ", the fastest of those beside it"
  return {
    what: `${subject}: speed beside ${fastest?.to ?? others.join(", ")}${fastest === undefined ? "" : among}`,
    bound: "at least",
    want: rounded(speed_min),
    ...(fastest === undefined
      ? {}
      : {
          got: rounded(fastest.speed),
          range: { min: rounded(fastest.ratio.min), max: rounded(fastest.ratio.max) },
        }),
    ...(absent.length === 0 ? {} : { absent }),
  }
}

const judgeRate = ({ per_second_min, subject }: Rate, subjects: ReadonlyArray<SubjectResult>, unit: string): Judged => {
  const found = subjects.find(({ name }) => name === subject)
  return {
    what: `${subject}: ${unit} a second`,
    bound: "at least",
    want: per_second_min,
    ...(found === undefined
      ? {}
      : {
          got: Math.round(found.per_second.median),
          range: { min: Math.round(found.per_second.min), max: Math.round(found.per_second.max) },
        }),
  }
}

/** The steepest rise from any point to a later one. */
const steepest = (points: Curve["points"]) => {
  const [first, ...later] = points
  let least = first
  let found: { readonly from: number; readonly to: number; readonly times: number } | undefined
  for (const point of later) {
    if (least === undefined || least.y <= 0) return undefined
    const times = point.y / least.y
    if (found === undefined || times > found.times) found = { from: least.x, to: point.x, times }
    if (point.y < least.y) least = point
  }
  return found
}

/** Beside the cheapest point before it: a first one that pays for a cold start would hide any growth behind it. */
const judgeGrowth = ({ curve: name, growth_max }: Growth, curves: ReadonlyArray<Curve>): Judged => {
  const { points = [], x = "" } = curves.find((curve) => curve.name === name) ?? {}
  const rise = steepest(points)
  const where = rise === undefined ? "" : ` (${rise.to} beside ${rise.from} ${x})`
  return {
    what: `${name}: cost at any point beside the cheapest before it${where}`,
    bound: "at most",
    want: growth_max,
    ...(rise === undefined ? {} : { got: rounded(rise.times) }),
  }
}

/** At the point where it is the most; not at all where the curves are not of the same points. */
const judgeExcess = ({ curve: name, than, times_max }: Excess, curves: ReadonlyArray<Curve>): Judged => {
  const [ours, other] = [name, than].map((wanted) => curves.find((curve) => curve.name === wanted)?.points ?? [])
  const excesses = (ours ?? []).flatMap(({ x, y }) => {
    const least = other?.find((point) => point.x === x)?.y ?? 0
    return least > 0 ? [{ x, times: y / least }] : []
  })
  const isMeasured = excesses.length > 0 && excesses.length === ours?.length
  const most = isMeasured ? excesses.toSorted((a, b) => b.times - a.times)[0] : undefined
  return {
    what: `${name}: beside ${than}${most === undefined ? "" : `, the most of all points (${most.x})`}`,
    bound: "at most",
    want: times_max,
    ...(most === undefined ? {} : { got: rounded(most.times) }),
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
  /** Peers that could not be had. */
  readonly left_out?: ReadonlyArray<LeftOut>
}

const judgeOne = (goal: Goal, { curves, left_out = [], ratios, subjects, unit }: Measured): Judged => {
  if ("speed_min" in goal) return judgeSpeed(goal, ratios, left_out)
  if ("per_second_min" in goal) return judgeRate(goal, subjects, unit)
  if ("growth_max" in goal) return judgeGrowth(goal, curves)
  return "than" in goal ? judgeExcess(goal, curves) : judgeCeiling(goal, curves)
}

const figuresOf = ({ curves, ratios, subjects }: Measured): Figures => {
  const inWords = <A>(found: A | undefined, words: (found: A) => string): string =>
    found === undefined ? "not measured" : words(found)
  return {
    time: (wanted) =>
      inWords(
        subjects.find(({ name }) => name === wanted),
        ({ ms }) => `${rounded(ms.median)} ms`,
      ),
    beside: (wanted, other) =>
      inWords(
        ratios.find(({ subject, to }) => subject === wanted && to === other),
        ({ ratio }) => `${ratio.median >= 1 ? "is " : ""}${speedInWords(ratio.median)}`,
      ),
    last: (wanted) => inWords(curves.find(({ name }) => name === wanted)?.points.at(-1), ({ y }) => String(rounded(y))),
  }
}

/** One result for each goal, in their order. */
export const judge = (goals: ReadonlyArray<Goal>, measured: Measured): ReadonlyArray<GoalResult> =>
  goals.map((goal) => {
    const wall = typeof goal.wall === "function" ? goal.wall(figuresOf(measured)) : goal.wall
    return {
      ...judgeOne(goal, measured),
      ...(wall === undefined ? {} : { wall }),
      ...(goal.besides === undefined ? {} : { besides: goal.besides }),
    }
  })

/** `undefined` where it could not be measured. */
export const isPassed = ({ bound, got, want }: GoalResult): boolean | undefined =>
  got === undefined ? undefined : bound === "at least" ? got >= want : got <= want

/** Whether some of the rounds passed and others missed: the middle decides, but another run may decide otherwise. */
export const isUndecided = ({ got, range, want }: GoalResult): boolean =>
  got !== undefined && range !== undefined && range.min < want && range.max >= want

/** How one speed is beside another, from their quotient: `1.27 times as fast`, `takes 4.35 times as long`. */
export const speedInWords = (speed: number): string =>
  rounded(speed) === 1
    ? "as fast"
    : speed >= 1
      ? `${rounded(speed)} times as fast`
      : `takes ${rounded(1 / speed)} times as long`

/** A speed that is asked for: `2 times as fast`, `at most 1.43 times as long`. */
export const askedInWords = (speed: number): string =>
  speed >= 1 ? speedInWords(speed) : `at most ${rounded(1 / speed)} times as long`

const isSpeed = ({ what }: GoalResult): boolean => what.includes(": speed beside ")

/** How far what was measured lies from what was asked. */
const distance = (goal: GoalResult, got: number): string => {
  const { bound, want } = goal
  if (isSpeed(goal)) return `: ${speedInWords(got)}${want === 1 ? "" : ` (asked: ${askedInWords(want)})`}`
  if (got === 0) return ""
  const times = (bound === "at least") === (isPassed(goal) === true) ? got / want : want / got
  return times === 1 ? "" : `, by ${times < 1.1 ? `${rounded((times - 1) * 100)} %` : `${rounded(times)} times`}`
}

/** The outcome in words: `passed: 1.27 times as fast`, `missed: takes 4.35 times as long`, `missed, by 8 %`. */
export const verdict = (goal: GoalResult): string => {
  const { absent = [], got } = goal
  const without = absent.length === 0 ? "" : `; without ${absent.join(", ")}`
  if (got === undefined) return `not measured${without}`
  const doubt = isUndecided(goal) ? "; undecided: its rounds lie on both sides" : ""
  return `${isPassed(goal) ? "passed" : "missed"}${distance(goal, got)}${doubt}${without}`
}
