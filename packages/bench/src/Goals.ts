/**
 * What a benchmark is to show, and whether it did.
 *
 * @module
 */
import type { Curve, GoalResult, Ratio } from "./Report.ts"

/** A speed beside others of the same run, or how much a cost may grow along a curve. */
export type Goal =
  | {
      readonly subject: string
      /** One other, or several: then the fastest of them counts. */
      readonly beside: string | ReadonlyArray<string>
      /** The least median of `time of the other / time of ours`. */
      readonly speed_min: number
    }
  | {
      readonly curve: string
      /** The most that the last point may be of the first. */
      readonly growth_max: number
    }

const rounded = (value: number): number => Number(value.toPrecision(3))

const judgeSpeed = (
  { beside, speed_min, subject }: Extract<Goal, { readonly subject: string }>,
  ratios: ReadonlyArray<Ratio>,
): GoalResult => {
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

const judgeGrowth = (
  { curve: name, growth_max }: Extract<Goal, { readonly curve: string }>,
  curves: ReadonlyArray<Curve>,
): GoalResult => {
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

/** One result for each goal, in their order. */
export const judge = (
  goals: ReadonlyArray<Goal>,
  ratios: ReadonlyArray<Ratio>,
  curves: ReadonlyArray<Curve>,
): ReadonlyArray<GoalResult> =>
  goals.map((goal) => ("subject" in goal ? judgeSpeed(goal, ratios) : judgeGrowth(goal, curves)))

/** `undefined` where it could not be measured. */
export const isPassed = ({ bound, got, want }: GoalResult): boolean | undefined =>
  got === undefined ? undefined : bound === "at least" ? got >= want : got <= want

/** The outcome in words: `passed, 1.42 times what is asked`. */
export const verdict = (goal: GoalResult): string => {
  const { bound, got, want } = goal
  if (got === undefined) return "not measured"
  const times = rounded(bound === "at least" ? got / want : want / got)
  return isPassed(goal) ? `passed, ${times} times as good as asked` : `missed, at ${times} of what is asked`
}
