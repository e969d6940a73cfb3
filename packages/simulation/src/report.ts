/**
 * What came of many seeds, added up and in words.
 *
 * @module
 */
import { fault_kinds } from "./Plan.ts"
import type { Broken, Simulated } from "./simulate.ts"
import { formatLine, type TraceLine } from "./Trace.ts"

/** Numbers of many seeds, which can be added up from several threads. */
export interface Sum {
  seeds: number
  jobs: number
  events: number
  steps: number
  simulated_ms: number
  readonly met: Record<string, number>
  readonly recorded: Record<string, number>
  /** The first seeds that failed, each with its first broken law. */
  readonly failed: Array<{ readonly seed: number; readonly first: Broken }>
}

export const emptySum = (): Sum => ({
  seeds: 0,
  jobs: 0,
  events: 0,
  steps: 0,
  simulated_ms: 0,
  met: {},
  recorded: {},
  failed: [],
})

const add = (into: Record<string, number>, from: Iterable<readonly [string, number]>): void => {
  for (const [name, count] of from) into[name] = (into[name] ?? 0) + count
}

export const count = (sum: Sum, { broken, events, jobs, met, recorded, seed, steps, took_ms }: Simulated): void => {
  sum.seeds++
  sum.jobs += jobs
  sum.events += events
  sum.steps += steps
  sum.simulated_ms += took_ms
  add(sum.met, met)
  add(sum.recorded, recorded)
  const [first] = broken
  if (first !== undefined) sum.failed.push({ seed, first })
}

export const merge = (sum: Sum, other: Sum): void => {
  sum.seeds += other.seeds
  sum.jobs += other.jobs
  sum.events += other.events
  sum.steps += other.steps
  sum.simulated_ms += other.simulated_ms
  add(sum.met, Object.entries(other.met))
  add(sum.recorded, Object.entries(other.recorded))
  sum.failed.push(...other.failed)
}

/** The sum as text; `cpu_s` is what all of it cost. */
export const formatSum = (sum: Sum, cpu_s: number): string => {
  const faults = fault_kinds.flatMap((kind) => (sum.met[kind] === undefined ? [] : [`${kind} ${sum.met[kind]}`]))
  return [
    `${sum.seeds} seeds: ${sum.seeds - sum.failed.length} clean, ${sum.failed.length} failed`,
    `${sum.jobs} jobs, ${sum.events} facts, ${sum.steps} steps, ${Math.round(sum.simulated_ms / 60_000)} simulated minutes`,
    `${cpu_s.toFixed(1)} s of CPU: ${(sum.jobs / cpu_s).toFixed(1)} jobs per second`,
    `faults met: ${faults.join(", ")}`,
  ].join("\n")
}

const lines_max = 400
const noise = /^(from [\w-]+: |to [\w-]+: )(answer to )?(query|tail)/u

/** The last lines of a trace, without the questions that went well. */
export const formatTrace = (trace: ReadonlyArray<TraceLine>): string => {
  const told = trace.filter(({ what }) => !noise.test(what))
  const left = told.length > lines_max ? [`… ${told.length - lines_max} lines before; all of them with --trace`] : []
  return [...left, ...told.slice(-lines_max).map(formatLine)].join("\n")
}
