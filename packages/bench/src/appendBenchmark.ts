import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import fs from "node:fs"
import { join } from "node:path"
import { type Appended, type Appends, appendFacts } from "./appendFacts.ts"
import { append_history, appendHistory } from "./appendHistory.ts"
import { type Benchmark, make } from "./Benchmark.ts"
import { appendLinesLocked, appendLinesTogether } from "./groupsByHand.ts"
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
  "the bare pieces leave no room for any work: a disk that flushes in 0.15 ms is waited for by one thread, and whatever that does for a group is added to the flush. The limits below show how much of it any ledger has: lines made, chained and answered; and the same under the lock among processes, with the looks and the seal. Of ours, a lone append takes 52 µs of the thread where the flush is left out (115 before what was done on the spot), a third of it the system calls of the lock, the looks and the writes; behind a flush, which puts the thread to sleep, the same work takes up to three times as long, as it does behind a sleep of the same length and not behind a busy wait: the processor has done something else meanwhile (docs/decisions/0048). In large groups a fact takes 10 to 14 µs, of which its two checksums are 1, its line 1.5, the collector 1.4, the answer to a fiber of its own 2.8, and checking, stamping, folding and its row the rest."
const wall_sqlite =
  "SQLite binds three values to a prepared statement for a fact, in a loop of C that touches the same few pages, and keeps no chain, no rules and no fold; its lock is held by nobody else. Beside the flush it costs what the limit that is locked, looked at and sealed by hand costs beside its own; the rest of ours is what is named above."

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
      `${facts} facts of about 450 bytes, one to a batch; the same pieces written and flushed by hand; as many facts made lines, chained by SHA-256, written and flushed in groups, and answered by hand, which checks nothing and takes no lock; the same under a lock among processes, with looks at three names and a row of the seal for each fact, which still checks and folds nothing. SQLite has WAL and synchronous=FULL, keys on event and job, writers that wait as the ledger's do, and no chain of seals; emmett, which is measured for one writer, appends one after the other, since it does not wait for a busy database`,
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
      // Its looks go through Linux' folder of open descriptors, as ours do there.
      ...(process.platform === "linux"
        ? [
            {
              name: "the same, locked, looked at and sealed by hand",
              role: "limit" as const,
              run: async (input: Input) => appendLinesLocked(await fresh(input), input.facts, writers),
            },
          ]
        : []),
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
