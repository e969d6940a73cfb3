import fc from "fast-check"
import { expect, it } from "vitest"
import { type History, linearize, type Operation, type SequentialModel } from "../src/linearizability/index.ts"

type Input = { readonly kind: "push"; readonly value: number } | { readonly kind: "pop" } | { readonly kind: "size" }
type Output = number | "empty" | "ok"

/** A queue of numbers: what comes out depends on the order of everything that went in. */
const answerOf = (state: ReadonlyArray<number>, input: Input): readonly [ReadonlyArray<number>, Output] => {
  if (input.kind === "push") return [[...state, input.value], "ok"]
  if (input.kind === "size") return [state, state.length]
  return [state.slice(1), state[0] ?? "empty"]
}
const queue: SequentialModel<ReadonlyArray<number>, Input, Output> = {
  initial: [],
  next: (state, input, output) => {
    const [reached, answer] = answerOf(state, input)
    return output === undefined || output === answer ? [reached] : []
  },
  keyOf: (state) => state.join(","),
}

const inputs = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("push" as const), value: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.constant({ kind: "pop" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "size" as const }) },
)

/** What happened, one at a time, and how much earlier each was called and later each was answered. */
const happened = fc.array(fc.record({ input: inputs, early: fc.nat(30), late: fc.nat(30), isLost: fc.nat(9) }), {
  minLength: 1,
  maxLength: 14,
})

/** A history that the real thing could show: the effect of the nth is at `10 n`. */
const record = (steps: typeof happened extends fc.Arbitrary<infer T> ? T : never): History<Input, Output> => {
  let state = queue.initial
  return steps.map(({ early, input, isLost, late }, n): Operation<Input, Output> => {
    const [reached, output] = answerOf(state, input)
    state = reached
    const [called, at] = [10 * n - early - n / 100, 10 * n + late + 0.5 + n / 100]
    return isLost === 0 ? { input, called } : { input, called, answer: { at, output } }
  })
}

it("what a sequential thing did under overlapping requests, some of them unanswered, is always accepted", () => {
  fc.assert(
    fc.property(happened, (steps) => {
      const history = record(steps)
      const found = linearize(queue, history)
      expect(found.verdict).toBe("linearizable")
      if (found.verdict !== "linearizable") return
      // The order is an explanation: it respects time, and the model gives these very answers.
      let state = queue.initial
      for (const { answer, input } of found.order) {
        const [reached, output] = answerOf(state, input)
        if (answer !== undefined) expect(output).toBe(answer.output)
        state = reached
      }
      for (const [i, one] of found.order.entries())
        for (const later of found.order.slice(i + 1))
          expect((later.answer?.at ?? Number.POSITIVE_INFINITY) > one.called).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

/** All orders that time allows, tried one by one: what the search must agree with. */
const isLinearizableByForce = (history: History<Input, Output>, state = queue.initial): boolean => {
  if (history.every(({ answer }) => answer === undefined)) return true
  const firstEnd = Math.min(...history.map(({ answer }) => answer?.at ?? Number.POSITIVE_INFINITY))
  return history.some(
    (one, i) =>
      one.called <= firstEnd &&
      queue
        .next(state, one.input, one.answer?.output)
        .some((reached) => isLinearizableByForce(history.toSpliced(i, 1), reached)),
  )
}

it("the verdict is that of trying every order, also when an answer was changed", () => {
  fc.assert(
    fc.property(
      happened.map((steps) => steps.slice(0, 7)),
      fc.nat(),
      fc.nat(5),
      (steps, which, output) => {
        const honest = record(steps)
        const history = honest.map((one, i) =>
          i === which % honest.length && one.answer !== undefined ? { ...one, answer: { ...one.answer, output } } : one,
        )
        expect(linearize(queue, history).verdict === "linearizable").toBe(isLinearizableByForce(history))
      },
    ),
    { numRuns: 1000 },
  )
})

it("of histories with one answer that no request could have got, none is accepted; with a wrong one, most are rejected", () => {
  let rejected = 0
  let tried = 0
  fc.assert(
    fc.property(happened, fc.nat(), (steps, which) => {
      const honest = record(steps)
      const answered = honest.flatMap(({ answer, input }, i) =>
        answer !== undefined && input.kind !== "push" ? [i] : [],
      )
      const index = answered[which % Math.max(1, answered.length)]
      if (index === undefined) return
      const changed = (output: Output) =>
        honest.map((one, i) =>
          i === index && one.answer !== undefined ? { ...one, answer: { ...one.answer, output } } : one,
        )
      expect(linearize(queue, changed(99)).verdict).toBe("not linearizable")
      const honestly = honest[index]?.answer?.output
      const wrong = typeof honestly === "number" ? honestly + 1 : 0
      tried++
      if (linearize(queue, changed(wrong)).verdict === "not linearizable") rejected++
    }),
    { numRuns: 1000, seed: 42 },
  )
  expect(tried).toBeGreaterThan(300)
  expect(rejected / tried).toBeGreaterThan(0.6)
})
