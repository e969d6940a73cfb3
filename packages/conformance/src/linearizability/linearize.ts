/**
 * Whether a history could have come from requests that were carried out one at a time, each at a moment between its call and
 * its answer: the search of Wing and Gong (1993) with Lowe's memory of what was tried (2017). Pure.
 *
 * @module
 */
import type { History, Operation, SequentialModel } from "./History.ts"

export type Linearization<Input, Output> =
  /** An order that explains every answer. Requests without an answer may be missing from it. */
  | { readonly verdict: "linearizable"; readonly order: History<Input, Output> }
  /** No order does. `longest` explains as many answers as any; after it, none of `stuck` could come next. */
  | {
      readonly verdict: "not linearizable"
      readonly longest: History<Input, Output>
      readonly stuck: History<Input, Output>
    }
  /** The search was given up. */
  | { readonly verdict: "undecided"; readonly steps: number }

export interface LinearizeOptions {
  /** After so many tried steps the search is given up; a million by default. */
  readonly steps_max?: number
}

/** One choice on the way: an operation, the states it can lead to, and which of them is tried now. */
interface Choice<State> {
  readonly index: number
  readonly states: ReadonlyArray<State>
  tried: number
}

/** Which operations are placed, as a text that is the same for the same set. */
const setKey = (placed: Uint8Array): string => {
  let key = ""
  for (let i = 0; i < placed.length; i += 16) {
    let bits = 0
    for (let bit = 0; bit < 16; bit++) bits = bits * 2 + (placed[i + bit] ?? 0)
    key += String.fromCharCode(bits)
  }
  return key
}

/**
 * Searches for an order. An operation may come next if no other one, not yet placed, was answered before it was called.
 * Never throws; the cost is bounded by `steps_max`.
 */
export const linearize = <State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  history: History<Input, Output>,
  { steps_max = 1_000_000 }: LinearizeOptions = {},
): Linearization<Input, Output> => {
  const operations = history.toSorted((a, b) => a.called - b.called)
  const answeredCount = operations.filter(({ answer }) => answer !== undefined).length
  const placed = new Uint8Array(operations.length)
  const path: Array<Choice<State>> = []
  const seen = new Set<string>()
  let answeredPlaced = 0
  let longest: ReadonlyArray<number> = []
  let longestAnswered = -1
  let state = model.initial
  let steps = 0

  const at = (index: number): Operation<Input, Output> => {
    const operation = operations[index]
    if (operation === undefined) throw new RangeError(`no operation ${index}`)
    return operation
  }
  const ends = (index: number): number => at(index).answer?.at ?? Number.POSITIVE_INFINITY

  /** The operations that may come next, by their call. */
  const candidates = (): ReadonlyArray<number> => {
    let firstEnd = Number.POSITIVE_INFINITY
    for (let i = 0; i < operations.length; i++) if (placed[i] === 0) firstEnd = Math.min(firstEnd, ends(i))
    const found: Array<number> = []
    for (let i = 0; i < operations.length && at(i).called <= firstEnd; i++) if (placed[i] === 0) found.push(i)
    // Whoever was answered is more likely to have had an effect, and to have had it early.
    return found.toSorted((a, b) => ends(a) - ends(b))
  }

  const place = (index: number): void => {
    placed[index] = 1
    if (at(index).answer !== undefined) answeredPlaced++
  }
  const take = (index: number): void => {
    placed[index] = 0
    if (at(index).answer !== undefined) answeredPlaced--
  }

  /** Tries to place one more operation, from a place in the list of candidates on. */
  const advance = (from: ReadonlyArray<number>, start: number): boolean => {
    for (const index of from.slice(start)) {
      const { answer, input } = at(index)
      const states = model.next(state, input, answer?.output)
      place(index)
      for (const [tried, reached] of states.entries()) {
        steps++
        const key = `${setKey(placed)}|${model.keyOf(reached)}`
        if (seen.has(key)) continue
        seen.add(key)
        path.push({ index, states, tried })
        state = reached
        return true
      }
      take(index)
    }
    return false
  }

  const before = (): State => {
    const last = path.at(-1)
    return last === undefined ? model.initial : (last.states[last.tried] ?? model.initial)
  }

  /** Takes the last operation back and goes on with what else could have come there. */
  const retreat = (): boolean => {
    for (;;) {
      const last = path.pop()
      if (last === undefined) return false
      // Another state that the same operation may lead to.
      for (let tried = last.tried + 1; tried < last.states.length; tried++) {
        const reached = last.states[tried]
        if (reached === undefined) continue
        steps++
        const key = `${setKey(placed)}|${model.keyOf(reached)}`
        if (seen.has(key)) continue
        seen.add(key)
        path.push({ ...last, tried })
        state = reached
        return true
      }
      take(last.index)
      state = before()
      const others = candidates()
      if (advance(others, others.indexOf(last.index) + 1)) return true
    }
  }

  for (;;) {
    if (answeredPlaced > longestAnswered) {
      longestAnswered = answeredPlaced
      longest = path.map(({ index }) => index)
    }
    if (answeredPlaced === answeredCount) return { verdict: "linearizable", order: path.map(({ index }) => at(index)) }
    if (steps > steps_max) return { verdict: "undecided", steps }
    if (advance(candidates(), 0) || retreat()) continue
    const inLongest = new Set(longest)
    const left = operations.filter((_, i) => !inLongest.has(i))
    const firstEnd = Math.min(...left.map(({ answer }) => answer?.at ?? Number.POSITIVE_INFINITY))
    return {
      verdict: "not linearizable",
      longest: longest.map(at),
      stuck: left.filter(({ answer, called }) => answer !== undefined && called <= firstEnd),
    }
  }
}

/** A history's parts, each of which must be linearizable by itself: what concerns one job does not concern another. */
export const partition = <Input, Output>(
  history: History<Input, Output>,
  keyOf: (input: Input) => string,
): ReadonlyMap<string, History<Input, Output>> => Map.groupBy(history, ({ input }) => keyOf(input))
