/**
 * What an append costs beside a history of so many events.
 *
 * @module
 */
import { cp } from "node:fs/promises"
import { openForAppends } from "./appendFacts.ts"
import type { Conditions, CurveTools } from "./Benchmark.ts"
import { type Behind, mediansInTurns, medianOf } from "./inTurns.ts"
import { jobspecEvents } from "./jobspecEvents.ts"
import { fill, makeRoot, removeRoot } from "./jsonlFolder.ts"
import type { Curve } from "./Report.ts"

const writers = 16
const facts = 1024
const history_events = [1000, 10_000, 100_000, 1_000_000]
const rounds = 40

export const append_history = `a durable append by ${writers} writers`

/** A copy of a ledger, open. */
const behind = async (root: string, events: number): Promise<Behind> => {
  const copy = await makeRoot()
  await cp(root, copy, { recursive: true })
  const opened = await openForAppends(copy)
  let round = 0
  return {
    events,
    round: async () => ((await opened.append({ writers, facts, name: `h${round++}` })) / facts) * 1000,
    close: async () => {
      await opened.close()
      await removeRoot(copy)
    },
  }
}

/** The middle of some rounds behind each length. */
export const appendHistory = async (tools: CurveTools & Conditions): Promise<Curve> => {
  const { progress, scaled } = tools
  const lengths = history_events.map((full) => scaled(full))
  const root = await makeRoot()
  const all: Array<Behind> = []
  const fillAll = async () => {
    const events = jobspecEvents(lengths.at(-1) ?? 0)
    let filled = 0
    for (const length of lengths) {
      progress(`filling a ledger with ${length} events`)
      await fill(root, events.slice(filled, length))
      filled = length
      all.push(await behind(root, length))
    }
  }
  await fillAll()
  const points = await mediansInTurns(all, rounds, tools)
  await removeRoot(root)
  return {
    name: append_history,
    x: "events before the first round",
    y: `µs for each fact, ${medianOf(rounds)}`,
    points,
  }
}
