import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import fs from "node:fs"
import { join } from "node:path"
import { type Appended, type Appends, appendFacts } from "./appendFacts.ts"
import { append_history, appendHistory } from "./appendHistory.ts"
import { type Benchmark, make } from "./Benchmark.ts"
import { appendLinesTogether } from "./groupsByHand.ts"
import { makeRoot, removeRoot } from "./jsonlFolder.ts"
import type { PeerModules } from "./Peers.ts"
import { appendToEmmett, appendToSqlite, appendToSqliteTogether } from "./sqliteAppends.ts"

interface Input {
  readonly facts: number
  readonly emmett: PeerModules | undefined
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

/** The least that makes the same pieces durable: one write and one flush for each, and no other thread to wake. */
const byHand = async (input: Input, pieces: ReadonlyArray<number>, facts: number): Promise<number> => {
  const file = fs.openSync(join(await fresh(input), "lines"), "w")
  const block = Buffer.alloc(Math.max(1, ...pieces), "x")
  let offset = 0
  for (const bytes of pieces) {
    fs.writeSync(file, block, 0, bytes, offset)
    fs.fdatasyncSync(file)
    offset += bytes
  }
  fs.closeSync(file)
  return facts
}

/** Its appends go out one after the other: more writers make them no faster, and so many take minutes. */
const emmett_writers_max = 1
const [one, emmett_name] = ["node:sqlite, one to a transaction", "emmett over SQLite"]

const wall =
  "a fact is checked, stamped, made a line, chained by SHA-256, folded, and answered to a fiber of its own on one thread, 14 µs each in a large group, and a group takes its lock and looks at three names, 0.1 ms; a flush of this disk takes about as long as that for the whole group (docs/decisions/0023). The second limit does the least that any chained ledger does: lines made, hashed and answered, nothing checked, no lock."
const wall_sqlite =
  "SQLite binds six values to a prepared statement for a fact and keeps no chain, no rules and no lock among processes while it waits: its cost is the flush, and ours the flush and what is named above."

/** Durable appends by so many writers, in one process and spread over four. */
export const appendBenchmark = (writers: number, facts_count: number, hasHistory = false): Benchmark => {
  const batched = `node:sqlite, ${writers} to a transaction`
  return make<Input, number>({
    name: `append-jsonl-${writers}`,
    title: `Durable appends by ${writers} writers, each waiting for its answer`,
    unit: "facts",
    input: (_, { peers, scaled }) => ({
      // Each writer has as many as the others.
      facts: Math.ceil(scaled(facts_count, writers * 4) / (writers * 4)) * writers * 4,
      emmett: peers.get("emmett-sqlite"),
      processes: Array.from({ length: Math.min(4, writers) }, () =>
        fork(join(import.meta.dirname, "appendFacts.ts"), { execArgv: ["--conditions=@waybill/source"] }),
      ),
      roots: [],
      pieces: { one: [], four: [] },
    }),
    amount: ({ facts }) => facts,
    describe: ({ facts }) =>
      `${facts} facts of about 450 bytes, one to a batch; the same pieces written and flushed by hand; as many facts made lines, chained by SHA-256, written and flushed in groups, and answered by hand, which checks nothing and takes no lock. SQLite has WAL and synchronous=FULL, keys on event and job, writers that wait as the ledger's do, and no chain of seals; emmett, which is measured for one writer, appends one after the other, since it does not wait for a busy database`,
    subjects: [
      {
        name: "one process",
        role: "subject",
        run: async (input) => {
          const done = await appendFacts({ root: await fresh(input), writers, facts: input.facts, name: "w" })
          input.pieces.one = done.pieces
          return done.facts
        },
      },
      { name: "its pieces by hand", role: "limit", run: (input) => byHand(input, input.pieces.one, input.facts) },
      {
        name: "lines made, chained and answered by hand",
        role: "limit",
        run: async (input) => appendLinesTogether(join(await fresh(input), "lines"), input.facts, writers),
      },
      {
        name: "several processes",
        role: "subject",
        run: async (input) => {
          const root = await fresh(input)
          const share = input.processes.length
          const done = await Promise.all(
            input.processes.map((child, i) =>
              tell(child, { root, writers: writers / share, facts: input.facts / share, name: `p${i}` }),
            ),
          )
          input.pieces.four = done.flatMap(({ pieces }) => pieces)
          return done.reduce((sum, { facts }) => sum + facts, 0)
        },
      },
      { name: "their pieces by hand", role: "limit", run: (input) => byHand(input, input.pieces.four, input.facts) },
      ...(writers === 1
        ? [
            {
              name: one,
              role: "peer" as const,
              run: async (input: Input) => appendToSqlite(await fresh(input), input.facts),
            },
          ]
        : [
            {
              name: batched,
              role: "peer" as const,
              run: async (input: Input) => appendToSqliteTogether(await fresh(input), input.facts, writers),
            },
          ]),
      ...(writers <= emmett_writers_max
        ? [
            {
              name: emmett_name,
              role: "peer" as const,
              needs: "emmett-sqlite" as const,
              run: async (input: Input) =>
                input.emmett === undefined ? 0 : appendToEmmett(input.emmett, await fresh(input), input.facts),
            },
          ]
        : []),
    ],
    goals: [
      { subject: "one process", beside: "its pieces by hand", speed_min: 0.85, wall },
      { subject: "one process", beside: writers === 1 ? one : batched, speed_min: 1, wall: wall_sqlite },
      ...(hasHistory ? [{ curve: append_history, growth_max: 1.2 }] : []),
    ],
    ...(hasHistory ? { curves: async (_, tools) => [await appendHistory(tools)] } : {}),
    check: (facts, { facts: want }) => {
      if (facts !== want) throw new Error(`${facts} facts, want ${want}`)
    },
    close: async ({ processes, roots }) => {
      for (const child of processes) child.disconnect()
      for (const root of roots) await removeRoot(root)
    },
  })
}
