import { Ledger } from "@waybill/ledger"
import { vocabularies } from "@waybill/jobspec"
import { Effect, Stream } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { make } from "../Benchmark.ts"
import { costByLength } from "../costByLength.ts"
import { jobspecEvents } from "../jobspecEvents.ts"
import { fill, makeRoot, removeRoot, withStore } from "../jsonlFolder.ts"

const events_count = 1_000_000
const history_events = [1000, 10_000, 100_000, events_count]
const catching_up = "catching up"

interface Input {
  readonly root: string
  readonly events: number
}

const grown = async (events: number): Promise<Input> => {
  const root = await makeRoot()
  await fill(root, jobspecEvents(events))
  return { root, events }
}

/** Opens the ledger and reads it from the first event to the last, as a reader does that was away. */
const catchUp = (root: string): Promise<number> =>
  withStore(root, (store) =>
    Effect.scoped(Effect.flatMap(Ledger.make(store, vocabularies), (ledger) => Stream.runCount(ledger.read()))),
  )

const readFiles = ({ events, root }: Input): number => {
  const folder = join(root, ".agents", "daemon")
  const files = readdirSync(folder).filter((name) => name === "ledger.jsonl" || name.startsWith("ledger.p"))
  const bytes = files.reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0)
  return bytes > 0 ? events : 0
}

/** What a reader that comes late waits for. */
export default make<Input, number>({
  name: "catch-up-jsonl",
  title: "Catching up with a ledger in files",
  unit: "events",
  input: (_, { scaled }) => grown(scaled(events_count)),
  amount: ({ events }) => events,
  describe: ({ events }) =>
    `${events} JobSpec-like events in files of 64 MiB, in the page cache, read from the first on`,
  subjects: [
    { name: "the ledger's reader", role: "subject", run: ({ root }) => catchUp(root) },
    { name: "reading the files", role: "limit", run: readFiles },
  ],
  goals: [
    { subject: "the ledger's reader", per_second_min: 100_000 },
    { curve: catching_up, growth_max: 1.2 },
  ],
  check: (count, { events }) => {
    if (count !== events) throw new Error(`${count} events, want ${events}`)
  },
  curves: async (_, tools) => [
    await costByLength({ ...tools, name: catching_up, lengths: history_events, open: (root) => catchUp(root) }),
  ],
  close: ({ root }) => removeRoot(root),
})
