import type { Curve } from "./Report.ts"

/**
 * What a subject is measured for: `subject` is ours, `limit` is the least work that could possibly do it (the floor under
 * every answer), `peer` is somebody else's way to the same result.
 */
export type Role = "subject" | "limit" | "peer"

/** What a benchmark file exports; build it with {@link make}. */
export interface Benchmark {
  readonly name: string
  readonly title: string
  readonly unit: string
  /** Builds the input from a seed, once, outside every measurement. */
  readonly open: (seed: number) => Promise<Opened>
}

/** A benchmark with its input in place. */
export interface Opened {
  readonly input: string
  readonly amount: number
  readonly subjects: ReadonlyArray<{
    readonly name: string
    readonly role: Role
    /** The other subjects it is compared with; all of them when absent. */
    readonly beside?: ReadonlyArray<string>
    /** Before every run, outside the measured time. */
    readonly prepare: () => Promise<void>
    readonly run: () => unknown
    /** Checks the answer of one unmeasured run, if the benchmark has a check; rejects when it is wrong. */
    readonly verify: () => Promise<void>
  }>
  /** What grows with what, measured once the runs are done. */
  readonly curves: (tools: CurveTools) => Promise<ReadonlyArray<Curve>>
  readonly close: () => Promise<void>
}

/** What drawing a curve may need. */
export interface CurveTools {
  /** Milliseconds from any fixed point, never going back. */
  readonly now: () => number
  /** Does nothing where the collector is out of reach. */
  readonly collectGarbage: () => void
  /** Told what is going on, in a few words. */
  readonly progress: (words: string) => void
}

/**
 * Defines a benchmark; the default export of `src/benchmarks/<name>.ts`.
 *
 * @param options.name the file's name without `.ts`
 * @param options.unit what one piece of the input is called, in the plural: `facts`, `MiB`
 * @param options.input makes the input; the same seed makes the same input
 * @param options.amount how many units one run works through
 * @param options.describe the input in a few words, for the report
 * @param options.check looks at each subject's answer once, before measuring; throws when it is wrong, so that nobody
 *   is fast by doing less
 * @param options.subjects what is measured in turns; each of ours is compared with every other, or with those named
 *   `beside` it, where several pairs share one benchmark
 * @param options.prepare brings the input back to how it was made; before every run, outside the measured time
 * @param options.curves measures what grows with what: memory with jobs, time with history
 * @param options.close gives back what `input` took (a temporary folder, a connection)
 *
 * @example
 * export default make({
 *   name: "sum",
 *   title: "Adding numbers up",
 *   unit: "numbers",
 *   input: (seed) => Array.from({ length: 1000 }, (_, index) => index ^ seed),
 *   amount: (numbers) => numbers.length,
 *   describe: (numbers) => `${numbers.length} integers`,
 *   subjects: [
 *     { name: "reduce", role: "subject", run: (numbers) => numbers.reduce((a, b) => a + b, 0) },
 *     { name: "loop", role: "limit", run: (numbers) => { let sum = 0; for (const n of numbers) sum += n; return sum } },
 *   ],
 * })
 */
export const make = <Input, Result>(options: {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly input: (seed: number) => Input | Promise<Input>
  readonly amount: (input: Input) => number
  readonly describe: (input: Input) => string
  readonly subjects: ReadonlyArray<{
    readonly name: string
    readonly role: Role
    readonly beside?: ReadonlyArray<string>
    readonly run: (input: Input) => Result | Promise<Result>
  }>
  readonly prepare?: (input: Input) => void | Promise<void>
  readonly check?: (result: Result, input: Input) => void
  readonly curves?: (input: Input, tools: CurveTools) => ReadonlyArray<Curve> | Promise<ReadonlyArray<Curve>>
  readonly close?: (input: Input) => void | Promise<void>
}): Benchmark => ({
  name: options.name,
  title: options.title,
  unit: options.unit,
  open: async (seed) => {
    const input = await options.input(seed)
    return {
      input: options.describe(input),
      amount: options.amount(input),
      subjects: options.subjects.map(({ beside, name, role, run }) => ({
        name,
        role,
        ...(beside === undefined ? {} : { beside }),
        prepare: async () => options.prepare?.(input),
        run: () => run(input),
        verify: async () => options.check?.(await run(input), input),
      })),
      curves: async (tools) => (await options.curves?.(input, tools)) ?? [],
      close: async () => options.close?.(input),
    }
  },
})
