import type { Benchmark, CurveTools } from "./Benchmark.ts"
import { judge } from "./Goals.ts"
import type { ProcessorTime } from "./Machine.ts"
import { noPeers, type Peers } from "./Peers.ts"
import { type BenchmarkResult, leftOutInWords, type Ratio, type Spread } from "./Report.ts"

/** What measuring depends on, so that a test can stand in for the clock. */
export interface Bench {
  /** Milliseconds from any fixed point, never going back. */
  readonly now: () => number
  /** Milliseconds of processor time that this thread has taken so far; told with each run where it is known. */
  readonly cpu?: () => number
  /** The time of all processors, where it is known; told is how much of it was stolen meanwhile. */
  readonly processorTime?: () => ProcessorTime | undefined
  /** Called before every run, outside the measured time; undefined where the collector is out of reach. */
  readonly collectGarbage: (() => void) | undefined
  /** Told what is going on, in one line. */
  readonly progress: (line: string) => void
  /** Where peers come from; without it they are left out. */
  readonly peers?: Peers
}

export interface Settings {
  readonly runs: number
  readonly warmups: number
  readonly seed: number
  /** A hundredth of the input, to see that everything runs. */
  readonly isShort?: boolean
  /** Whether the curves are left out. */
  readonly skipsCurves?: boolean
  /** The one subject to measure; without it, all of them. */
  readonly only?: string
  /**
   * How long each subject may take for all its runs, warm-ups included, in ms; {@link rounds_min} are measured in any case. One that has
   * taken its time sits out the rounds that are left to the others.
   */
  readonly budget_ms?: number
}

/** There is no subject of the name that was asked for. */
export class UnknownSubject extends Error {}

/** The least number of rounds whose median is one. */
export const rounds_min = 3

/** Needs at least one number. */
export const spreadOf = (numbers: ReadonlyArray<number>): Spread => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  return { min: at(0), median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, max: at(sorted.length - 1) }
}

/** A copy in another order, which the two numbers decide (Fisher and Yates, over xorshift32). */
export const shuffled = <A>(items: ReadonlyArray<A>, seed: number, round: number): ReadonlyArray<A> => {
  const all = [...items]
  let state = (Math.imul(seed + 1, 0x9e37_79b1) ^ Math.imul(round, 0x85eb_ca6b)) >>> 0 || 1
  const below = (count: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % count
  }
  for (let last = all.length - 1; last > 0; last--) {
    const other = below(last + 1)
    const [a, b] = [all[last], all[other]]
    if (a === undefined || b === undefined) continue
    all[last] = b
    all[other] = a
  }
  return all
}

/** How much of the processors' time between two moments was stolen. */
const stolenShare = (before: ProcessorTime | undefined, after: ProcessorTime | undefined): number | undefined =>
  before === undefined || after === undefined || after.all <= before.all
    ? undefined
    : Number(((after.stolen - before.stolen) / (after.all - before.all)).toFixed(4))

/** A clock may be too coarse for a run; no time at all would make rates infinite, which JSON cannot hold. */
const leastMs = 1e-6

/**
 * Measures one benchmark in rounds, in each of them every subject once, in another order each time: whatever slows the machine
 * for a while slows every subject, and none always pays for what the one before it left to be done. Compares within each round; a
 * subject that has taken its time sits out the last ones. Rejects, naming the subject, when one gives a wrong answer or throws.
 */
export const measure = async (bench: Bench, benchmark: Benchmark, settings: Settings): Promise<BenchmarkResult> => {
  const { name, title, unit } = benchmark
  const opening = bench.now()
  const time_before = bench.processorTime?.()
  bench.progress(`${name}: building the input`)
  const opened = await benchmark.open(settings.seed, {
    peers: bench.peers ?? noPeers,
    isShort: settings.isShort ?? false,
  })
  for (const words of leftOutInWords(opened.left_out)) bench.progress(`${name}: without ${words}`)
  try {
    const chosen = opened.subjects.filter((subject) => settings.only === undefined || subject.name === settings.only)
    if (chosen.length === 0)
      throw new UnknownSubject(
        `${name}: there is no subject "${settings.only}"; there are ${opened.subjects.map((each) => each.name).join(", ")}`,
      )
    const measured = chosen.map((subject) => ({
      ...subject,
      runs: new Array<number>(),
      cpu: new Array<number>(),
      warmups: 0,
      /** What all its runs have taken so far, with what is done before each, and what the last of them has. */
      spent_ms: 0,
      last_ms: 0,
    }))
    type Measured = (typeof measured)[number]
    const named = async <A>(subject: string, work: () => A): Promise<Awaited<A>> => {
      try {
        return await work()
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause)
        throw new Error(`${name}: ${subject}: ${reason}`, { cause })
      }
    }

    const budget_ms = settings.budget_ms ?? Number.POSITIVE_INFINITY
    const hasTimeFor = (count: number, { last_ms, spent_ms }: Measured) => spent_ms + count * last_ms <= budget_ms
    const spend = async (subject: Measured, work: () => Promise<void>): Promise<void> => {
      const started = bench.now()
      await work()
      subject.last_ms = bench.now() - started
      subject.spent_ms += subject.last_ms
    }

    // Each is run once, to see that its answer is right.
    for (const each of measured) {
      bench.progress(`${name}: checking ${each.name}`)
      await spend(each, async () => {
        await named(each.name, each.prepare)
        await named(each.name, each.verify)
      })
    }
    for (let warmup = 1; warmup <= settings.warmups; warmup++) {
      const those = measured.filter((each) => hasTimeFor(1 + rounds_min, each))
      if (those.length > 0) bench.progress(`${name}: warm-up ${warmup} of ${settings.warmups}`)
      for (const each of those) {
        await spend(each, async () => {
          await named(each.name, each.prepare)
          await named(each.name, each.run)
        })
        each.warmups = warmup
      }
    }
    for (let round = 1; round <= settings.runs; round++) {
      const those = measured.filter((each) => round <= rounds_min || hasTimeFor(1, each))
      if (those.length === 0) break
      const who = those.length === measured.length ? "" : `, of ${those.length} of ${measured.length}`
      bench.progress(`${name}: run ${round} of ${settings.runs}${budget_ms === Infinity ? "" : " at most"}${who}`)
      for (const each of shuffled(those, settings.seed, round))
        await spend(each, async () => {
          await named(each.name, each.prepare)
          bench.collectGarbage?.()
          const [started, cpu_before] = [bench.now(), bench.cpu?.()]
          await named(each.name, each.run)
          each.runs.push(Math.max(leastMs, bench.now() - started))
          const cpu_after = bench.cpu?.()
          if (cpu_before !== undefined && cpu_after !== undefined)
            each.cpu.push(Math.max(leastMs, cpu_after - cpu_before))
        })
    }

    const ratios = measured
      .filter(({ role }) => role === "subject")
      .flatMap((ours) =>
        measured.flatMap((other): ReadonlyArray<Ratio> => {
          const isBeside = ours.beside?.includes(other.name) ?? other.role !== "subject"
          if (!isBeside) return []
          // Whoever sits out does so to the end: the rounds in which both ran are the first ones of each.
          const together = Math.min(ours.runs.length, other.runs.length)
          const quotients = ours.runs.slice(0, together).map((ms, round) => (other.runs[round] ?? Number.NaN) / ms)
          return [{ subject: ours.name, to: other.name, role: other.role, ratio: spreadOf(quotients) }]
        }),
      )
    const tools: CurveTools = {
      now: bench.now,
      collectGarbage: () => bench.collectGarbage?.(),
      progress: (words) => bench.progress(`${name}: ${words}`),
    }
    const curves = settings.skipsCurves === true ? [] : await named("curves", () => opened.curves(tools))
    const stolen = stolenShare(time_before, bench.processorTime?.())
    const subjects = measured.map((subject) => ({
      name: subject.name,
      role: subject.role,
      warmups: subject.warmups,
      runs_ms: subject.runs,
      ...(bench.cpu === undefined ? {} : { runs_cpu_ms: subject.cpu }),
      ms: spreadOf(subject.runs),
      per_second: spreadOf(subject.runs.map((ms) => (opened.amount / ms) * 1000)),
    }))
    return {
      name,
      title,
      unit,
      input: opened.input,
      amount: opened.amount,
      subjects,
      ratios,
      curves,
      goals: judge(opened.goals, { unit, subjects, ratios, curves, left_out: opened.left_out }),
      left_out: opened.left_out,
      warmups: Math.max(...measured.map(({ warmups }) => warmups)),
      ...(stolen === undefined ? {} : { stolen_share: stolen }),
      took_ms: Math.round(bench.now() - opening),
    }
  } finally {
    await opened.close()
  }
}
