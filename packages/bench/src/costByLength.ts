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
    const events = jobspecEvents(Math.max(...lengths))
    for (const length of lengths) {
      tools.progress(`filling a ledger with ${length} events`)
      const root = await makeRoot()
      roots.push(root)
      await fill(root, events.slice(0, length))
    }
    const turns = lengths.map((length, i) => ({
      round: async () => {
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
