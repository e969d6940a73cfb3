/**
 * What an append costs beside a history of so many events.
 *
 * @module
 */
import { cp } from "node:fs/promises"
import { appendFacts } from "./appendFacts.ts"
import type { Conditions, CurveTools } from "./Benchmark.ts"
import { jobspecEvents } from "./jobspecEvents.ts"
import { fill, makeRoot, removeRoot } from "./jsonlFolder.ts"
import type { Curve } from "./Report.ts"

const writers = 16
const facts = 1024
const history_events = [1000, 10_000, 100_000, 1_000_000]
const rounds = 5

export const append_history = `a durable append by ${writers} writers`

/** The fastest of some rounds at each length, on a copy, so that every round finds the same history. */
export const appendHistory = async ({ progress, scaled }: CurveTools & Conditions): Promise<Curve> => {
  const lengths = history_events.map((full) => scaled(full))
  const events = jobspecEvents(lengths.at(-1) ?? 0)
  const root = await makeRoot()
  const points = []
  let filled = 0
  for (const length of lengths) {
    progress(`appending behind ${length} events`)
    await fill(root, events.slice(filled, length))
    filled = length
    const copy = await makeRoot()
    await cp(root, copy, { recursive: true })
    const times: Array<number> = []
    for (let round = 0; round < rounds; round++)
      times.push((await appendFacts({ root: copy, writers, facts, name: `h${round}`, isOpened: true })).ms)
    await removeRoot(copy)
    points.push({ x: length, y: Number(((Math.min(...times) / facts) * 1000).toPrecision(3)) })
  }
  await removeRoot(root)
  return { name: append_history, x: "events before it", y: "µs for each fact", points }
}
