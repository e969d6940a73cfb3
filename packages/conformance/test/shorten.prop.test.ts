import fc from "fast-check"
import { expect, it } from "vitest"
import { programs } from "../src/server/model/programs.ts"
import { type RunOnce, shorten } from "../src/server/model/shorten.ts"
import type { Problem } from "../src/server/model/judge.ts"
import type { Program, Step } from "../src/server/model/Step.ts"

const problem: Problem = { what: "found", expected: 1, found: 2, requests: [] }
const several = fc.array(programs(true, true), { minLength: 1, maxLength: 6 })

const stepsOf = (chosen: ReadonlyArray<Program>): ReadonlyArray<Step> => chosen.flatMap(({ steps }) => steps)

/** The mistake: a claim and, anywhere after it in the same program, a release by whoever. */
const isWrong = ({ steps }: Program): boolean => {
  const at = steps.findIndex(({ action }) => action.kind === "claim")
  return at >= 0 && steps.slice(at).some(({ action }) => action.kind === "release")
}

/** A server that shows the mistake once in so many runs. */
const onceIn = (n: number): RunOnce => {
  let runs = 0
  return (chosen) => Promise.resolve(chosen.some(isWrong) && runs++ % n === 0 ? problem : undefined)
}

const never = (): boolean => false

it("what fails is made as short as it gets, also where it fails only once in three times", () =>
  fc.assert(
    fc.asyncProperty(several, fc.constantFrom(1, 3), async (chosen, n) => {
      fc.pre(chosen.some(isWrong))
      const { programs: left } = await shorten({ programs: chosen, problem }, onceIn(n), never)
      const steps = stepsOf(left)
      expect(left.length).toBe(1)
      expect(steps.map(({ action }) => action.kind)).toEqual(["claim", "release"])
      for (const step of steps) {
        expect(step.isTogether).toBe(false)
        expect(step.hangUp_ms).toBeUndefined()
        expect("back" in step.action ? step.action.back : 0).toBe(0)
        expect(left[0]?.slots[step.slot]?.isThere).toBe(false)
      }
    }),
    { numRuns: 60 },
  ))

it("what needs two programs beside each other keeps both of them, and a step of each", () =>
  fc.assert(
    fc.asyncProperty(programs(true, true), programs(true, true), fc.array(programs(true, true)), async (a, b, more) => {
      const two: RunOnce = (chosen) => Promise.resolve(chosen.length >= 2 ? problem : undefined)
      const { programs: left } = await shorten({ programs: [a, ...more, b], problem }, two, never)
      expect(left.map(({ steps }) => steps.length)).toEqual([1, 1])
    }),
    { numRuns: 30 },
  ))

it("nothing that was seen only once is lost: without time, and where it never fails again, it is answered as it was", async () => {
  const [chosen] = fc.sample(several, { numRuns: 1, seed: 1 })
  const first = { programs: chosen ?? [], problem }
  let runs = 0
  const none: RunOnce = () => {
    runs++
    return Promise.resolve(undefined)
  }
  expect(await shorten(first, none, () => true)).toBe(first)
  expect(runs).toBe(0)
  expect(await shorten(first, none, () => runs > 200)).toBe(first)
})
