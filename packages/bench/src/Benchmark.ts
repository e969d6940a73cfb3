import type { Goal } from "./Goals.ts"
import { noPeers, type PeerGroup, type PeerModules, type Peers, PeersUnavailable } from "./Peers.ts"
import type { Curve, LeftOut } from "./Report.ts"

/**
 * What a subject is measured for: `subject` is ours, `limit` is the least work that could possibly do it (the floor under
 * every answer), `peer` is somebody else's way to the same result, `reference` is ours in other circumstances: beside a short history,
 * with nobody who follows.
 */
export type Role = "subject" | "limit" | "peer" | "reference"

/** What a benchmark file exports; build it with {@link make}. */
export interface Benchmark {
  readonly name: string
  readonly title: string
  readonly unit: string
  /** The groups of peers that it is measured beside. */
  readonly needs: ReadonlyArray<PeerGroup>
  /** Builds the input from a seed, once, outside every measurement. */
  readonly open: (seed: number, surroundings?: Surroundings) => Promise<Opened>
}

/** What a benchmark finds where it is opened. */
export interface Surroundings {
  readonly peers: Peers
  /** Whether a hundredth of the input will do: to see that everything runs, not to learn how fast. */
  readonly isShort: boolean
}

/** What an input is built for. */
export interface Conditions {
  /** So many pieces of input, or a hundredth in a short run, but no fewer than `least`. */
  readonly scaled: (full: number, least?: number) => number
  /** The peers that are there, by the group that a subject `needs`. */
  readonly peers: ReadonlyMap<PeerGroup, PeerModules>
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
  /** Peers that could not be had, and why. */
  readonly left_out: ReadonlyArray<LeftOut>
  readonly goals: ReadonlyArray<Goal>
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

/** The groups of peers that can be had, and why the others cannot. */
const gather = async (source: Peers, wanted: ReadonlyArray<PeerGroup>) => {
  const peers = new Map<PeerGroup, PeerModules>()
  const left_out = new Map<PeerGroup, string>()
  for (const group of new Set(wanted))
    try {
      peers.set(group, await source(group))
    } catch (cause) {
      if (!(cause instanceof PeersUnavailable)) throw cause
      left_out.set(group, cause.message)
    }
  return { peers, left_out }
}

/**
 * Defines a benchmark; the default export of `src/benchmarks/<name>.ts`.
 *
 * @param options.name the file's name without `.ts`
 * @param options.unit what one piece of the input is called, in the plural: `facts`, `MiB`
 * @param options.input makes the input; the same seed makes the same input, smaller in a short run
 * @param options.amount how many units one run works through
 * @param options.describe the input in a few words, for the report
 * @param options.check looks at each subject's answer once, before measuring; throws when it is wrong, so that nobody
 *   is fast by doing less
 * @param options.subjects what is measured in turns; each of ours is compared with every other, or with those named
 *   `beside` it, where several pairs share one benchmark; one that `needs` peers is left out where they cannot be had
 * @param options.goals what the benchmark is to show; reported as passed or missed
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
  readonly input: (seed: number, conditions: Conditions) => Input | Promise<Input>
  readonly amount: (input: Input) => number
  readonly describe: (input: Input) => string
  readonly subjects: ReadonlyArray<{
    readonly name: string
    readonly role: Role
    readonly beside?: ReadonlyArray<string>
    readonly needs?: PeerGroup
    readonly run: (input: Input) => Result | Promise<Result>
  }>
  readonly goals?: ReadonlyArray<Goal>
  readonly prepare?: (input: Input) => void | Promise<void>
  readonly check?: (result: Result, input: Input) => void
  readonly curves?: (
    input: Input,
    tools: CurveTools & Conditions,
  ) => ReadonlyArray<Curve> | Promise<ReadonlyArray<Curve>>
  readonly close?: (input: Input) => void | Promise<void>
}): Benchmark => ({
  name: options.name,
  title: options.title,
  unit: options.unit,
  needs: [...new Set(options.subjects.flatMap(({ needs }) => needs ?? []))],
  open: async (seed, { isShort, peers: source } = { isShort: false, peers: noPeers }) => {
    const { left_out, peers } = await gather(
      source,
      options.subjects.flatMap(({ needs }) => needs ?? []),
    )
    const conditions: Conditions = {
      scaled: (full, least = 1) => (isShort ? Math.max(least, Math.round(full / 100)) : full),
      peers,
    }
    const input = await options.input(seed, conditions)
    const present = options.subjects.filter(({ needs }) => needs === undefined || peers.has(needs))
    return {
      input: options.describe(input),
      amount: options.amount(input),
      left_out: options.subjects.flatMap(({ name, needs }) => {
        const reason = needs === undefined ? undefined : left_out.get(needs)
        return reason === undefined ? [] : [{ name, reason }]
      }),
      goals: options.goals ?? [],
      subjects: present.map(({ beside, name, role, run }) => ({
        name,
        role,
        ...(beside === undefined ? {} : { beside }),
        prepare: async () => options.prepare?.(input),
        run: () => run(input),
        verify: async () => options.check?.(await run(input), input),
      })),
      curves: async (tools) => (await options.curves?.(input, { ...tools, ...conditions })) ?? [],
      close: async () => options.close?.(input),
    }
  },
})
