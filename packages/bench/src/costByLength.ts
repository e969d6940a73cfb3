/**
 * What reading a ledger in files costs for each of its events, by its length.
 *
 * @module
 */
import type { Conditions, CurveTools } from "./Benchmark.ts"
import { mediansAt, timesInTurns } from "./inTurns.ts"
import { jobspecEvents } from "./jobspecEvents.ts"
import { fill, makeRoot, removeRoot } from "./jsonlFolder.ts"
import type { Curve } from "./Report.ts"

const rounds = 5

/** Fills ledgers of all lengths; nothing of what they were filled with is left in memory, where the collector would go through it. */
const fillAll = async (lengths: ReadonlyArray<number>, roots: Array<string>, { progress }: CurveTools) => {
  const events = jobspecEvents(Math.max(...lengths))
  for (const length of lengths) {
    progress(`filling a ledger with ${length} events`)
    const root = await makeRoot()
    roots.push(root)
    await fill(root, events.slice(0, length))
  }
}

/** Reads ledgers of all lengths in turns, each as a new process would. */
export const costByLength = async ({
  lengths: full_lengths,
  name,
  open,
  ...tools
}: CurveTools &
  Conditions & {
    readonly name: string
    readonly lengths: ReadonlyArray<number>
    readonly open: (root: string) => Promise<unknown>
  }): Promise<Curve> => {
  const lengths = full_lengths.map((full) => tools.scaled(full))
  const roots: Array<string> = []
  try {
    await fillAll(lengths, roots, tools)
    const turns = lengths.map((length, i) => ({
      round: async () => {
        // What the reading before it left is not this one's to clear away.
        tools.collectGarbage()
        const started = tools.now()
        await open(roots[i] ?? "")
        return ((tools.now() - started) / length) * 1000
      },
    }))
    const times = await timesInTurns(turns, rounds, `${name}, ${lengths.join(", ")} events`, tools)
    return { name, x: "events", y: "µs for each event (median)", points: mediansAt(lengths, times) }
  } finally {
    for (const root of roots) await removeRoot(root)
  }
}
