import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { type Appended, type Appends, appendFacts } from "./appendFacts.ts"
import { type Benchmark, make } from "./Benchmark.ts"
import { makeRoot, removeRoot } from "./jsonlFolder.ts"

interface Input {
  readonly processes: ReadonlyArray<ChildProcess>
  readonly roots: Array<string>
  /** The pieces that the latest runs wrote, so that the same ones can be written by hand. */
  readonly pieces: { one: ReadonlyArray<number>; four: ReadonlyArray<number> }
}

const fresh = async ({ roots }: Input): Promise<string> => {
  const root = await makeRoot()
  roots.push(root)
  return root
}

const tell = async (child: ChildProcess, appends: Appends): Promise<Appended> => {
  child.send(appends)
  const [appended] = (await once(child, "message")) as [Appended]
  return appended
}

/** The least that makes the same pieces durable: one write and one flush for each. */
const byHand = async (input: Input, pieces: ReadonlyArray<number>, facts: number): Promise<number> => {
  const file = await open(join(await fresh(input), "lines"), "w")
  const block = Buffer.alloc(Math.max(1, ...pieces), "x")
  let offset = 0
  for (const bytes of pieces) {
    await file.write(block, 0, bytes, offset)
    await file.datasync()
    offset += bytes
  }
  await file.close()
  return facts
}

/** Durable appends by so many writers, in one process and spread over four. */
export const appendBenchmark = (writers: number, facts_count: number): Benchmark =>
  make<Input, number>({
    name: `append-jsonl-${writers}`,
    title: `Durable appends by ${writers} writers, each waiting for its answer`,
    unit: "facts",
    input: () => ({
      processes: Array.from({ length: Math.min(4, writers) }, () =>
        fork(join(import.meta.dirname, "appendFacts.ts"), { execArgv: ["--conditions=@waybill/source"] }),
      ),
      roots: [],
      pieces: { one: [], four: [] },
    }),
    amount: () => facts_count,
    describe: () =>
      `${facts_count} facts of about 450 bytes, one to a batch; the same pieces written and flushed by hand`,
    subjects: [
      {
        name: "one process",
        role: "subject",
        run: async (input) => {
          const done = await appendFacts({ root: await fresh(input), writers, facts: facts_count, name: "w" })
          input.pieces.one = done.pieces
          return done.facts
        },
      },
      { name: "its pieces by hand", role: "limit", run: (input) => byHand(input, input.pieces.one, facts_count) },
      {
        name: "several processes",
        role: "subject",
        run: async (input) => {
          const root = await fresh(input)
          const share = input.processes.length
          const done = await Promise.all(
            input.processes.map((child, i) =>
              tell(child, { root, writers: writers / share, facts: facts_count / share, name: `p${i}` }),
            ),
          )
          input.pieces.four = done.flatMap(({ pieces }) => pieces)
          return done.reduce((sum, { facts }) => sum + facts, 0)
        },
      },
      { name: "their pieces by hand", role: "limit", run: (input) => byHand(input, input.pieces.four, facts_count) },
    ],
    check: (facts) => {
      if (facts !== facts_count) throw new Error(`${facts} facts, want ${facts_count}`)
    },
    close: async ({ processes, roots }) => {
      for (const child of processes) child.disconnect()
      for (const root of roots) await removeRoot(root)
    },
  })
