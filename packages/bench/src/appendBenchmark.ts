import type { ChildProcess } from "node:child_process"
import { appendFacts } from "./appendFacts.ts"
import { append_history, appendHistory } from "./appendHistory.ts"
import { startAppending, tell } from "./appendProcess.ts"
import { type Benchmark, make } from "./Benchmark.ts"
import type { Figures } from "./Goals.ts"
import { makeRoot, removeRoot } from "./jsonlFolder.ts"
import { makeLong } from "./groupsByHand.ts"
import type { PeerModules } from "./Peers.ts"
import { appendToEmmett } from "./sqliteAppends.ts"

interface Input {
  readonly facts: number
  readonly emmett: PeerModules | undefined
  /** One for ours alone, one for what is beside it, and four that append together. */
  readonly ours: ChildProcess
  readonly others: ChildProcess
  readonly several: ReadonlyArray<ChildProcess>
  readonly roots: Array<string>
  /** Where a file lies that is longer than what is written over it. */
  readonly written: string
  /** The pieces that the latest runs wrote, so that the same ones can be written by hand. */
  readonly pieces: { one: ReadonlyArray<number>; four: ReadonlyArray<number> }
}

const fresh = async ({ roots }: Input): Promise<string> => {
  const root = await makeRoot()
  roots.push(root)
  return root
}

const byHand = async (input: Input, pieces: ReadonlyArray<number>): Promise<number> => {
  await tell(input.others, { what: "pieces", root: await fresh(input), pieces })
  return input.facts
}

/** More writers make it slower: as many facts as theirs would take minutes. */
const emmett_writers_max = 1
const emmett_alone =
  "; emmett over SQLite is measured with one writer alone, in append-jsonl-1: one store takes one append at a time, and closes its connection to the others when that is done; and of writers that have a store each, whoever meets another waits for a second and is refused"
const emmett_name = "emmett over SQLite"
const one_process = "one process"
const overwritten = "its pieces by hand, over a file that is as long already"
const [own_pieces, chained] = ["its pieces by hand", "lines made, chained and answered by hand"]
const [locked, their_pieces] = ["the same, locked, looked at and sealed by hand", "their pieces by hand"]

const wall = ({ beside, time }: Figures): string =>
  `the bare pieces leave no room for any work: one thread waits for the disk, and whatever it does for a group is added to the flush. The limits show how much of it any ledger has: the pieces take ${time(own_pieces)}; made of lines, chained and answered, ${time(chained)}; and under the lock among processes, with the looks and the seal, ${time(locked)}. Beside that last one, ours ${beside(one_process, locked)}: each fact is checked, stamped, folded and answered to a fiber of its own as well, by code that has slept through the flush (docs/decisions/0048 says what that does).`
const wallSqlite =
  (sqlite: string) =>
  ({ time }: Figures): string =>
    `SQLite writes over its log once that is a thousand pages long, and a flush of bytes that make no file longer is a cheaper one: the pieces take ${time(overwritten)} over a file that is as long already, where they take ${time(own_pieces)} when they make it longer, which is why it can be faster than what is a limit for a ledger: it takes ${time(sqlite)}. Lines of JSON cannot be written over padding, since whoever reads the file, another implementation too, would meet the padding behind the last line. Beside its flush SQLite binds three values to a prepared statement for each fact, in a loop of C, and keeps no chain, no rules and no fold; its lock is held by nobody else.`

/** More than any of the lines has. */
const line_bytes_max = 1024
const share_max = 4

/** Durable appends by so many writers, in one process and, where there are more of them, spread over four. */
export const appendBenchmark = (writers: number, facts_count: number, hasHistory = false): Benchmark => {
  const sqlite = `node:sqlite, ${writers === 1 ? "one" : writers} to a transaction`
  const bare_sqlite = `${sqlite}, no index over jobs`
  const beside = [own_pieces, overwritten, chained, locked, sqlite, bare_sqlite, emmett_name]
  const groups = async (input: Input) => ({ root: await fresh(input), facts: input.facts, writers })
  const inSqlite = (name: string, isIndexed: boolean) => ({
    name,
    role: "peer" as const,
    run: async (input: Input) =>
      (await tell(input.others, { what: "sqlite", isIndexed, ...(await groups(input)) })).facts,
  })
  return make<Input, number>({
    name: `append-jsonl-${writers}`,
    title: `Durable appends by ${writers === 1 ? "one writer" : `${writers} writers`}, each waiting for its answer`,
    unit: "facts",
    input: async (_, { peers, scaled }) => {
      // Each writer has as many as the others.
      const facts = Math.ceil(scaled(facts_count, writers * share_max) / (writers * share_max)) * writers * share_max
      const written = await makeRoot()
      await makeLong(written, facts * line_bytes_max)
      return {
        facts,
        written,
        emmett: peers.get("emmett-sqlite"),
        ours: startAppending(),
        others: startAppending(),
        several: writers === 1 ? [] : Array.from({ length: share_max }, startAppending),
        roots: [written],
        pieces: { one: [], four: [] },
      }
    },
    amount: ({ facts }) => facts,
    describe: ({ facts }) =>
      `${facts} facts of about 450 bytes, one to a batch, appended by a process of its own; the same pieces written and flushed by hand, into a new file and over one that is as long already; as many facts made lines, chained by SHA-256, written and flushed in groups, and answered by hand, which checks nothing and takes no lock; the same under a lock among processes, with looks at three names and a row of the seal for each fact, which still checks and folds nothing. SQLite has WAL and synchronous=FULL, keys on event and job, since the ledger finds a job's facts without reading the others, writers that wait as the ledger's do, and no chain of seals; it is shown without the key on jobs as well. All of these are of one more process. In the process that measures, whose garbage is collected before each run, the ledger is measured once more${writers === 1 ? "; emmett appends one after the other there, since it does not wait for a busy database" : emmett_alone}`,
    subjects: [
      {
        name: one_process,
        role: "subject",
        beside,
        run: async (input) => {
          const { facts, pieces } = await tell(input.ours, {
            what: "ledger",
            appends: { root: await fresh(input), writers, facts: input.facts, name: "w" },
          })
          input.pieces.one = pieces
          return facts
        },
      },
      {
        name: "the process that measures",
        role: "subject",
        beside,
        run: async (input) =>
          (await appendFacts({ root: await fresh(input), writers, facts: input.facts, name: "w" })).facts,
      },
      { name: own_pieces, role: "limit", run: (input) => byHand(input, input.pieces.one) },
      {
        name: overwritten,
        role: "limit",
        run: async ({ facts, others, pieces, written }) => {
          await tell(others, { what: "pieces", root: written, pieces: pieces.one, isOver: true })
          return facts
        },
      },
      {
        name: chained,
        role: "limit",
        run: async (input) => (await tell(input.others, { what: "lines", ...(await groups(input)) })).facts,
      },
      // Its looks go through Linux' folder of open descriptors, as ours do there.
      ...(process.platform === "linux"
        ? [
            {
              name: locked,
              role: "limit" as const,
              run: async (input: Input) =>
                (await tell(input.others, { what: "locked", ...(await groups(input)) })).facts,
            },
          ]
        : []),
      ...(writers === 1
        ? []
        : [
            {
              name: "several processes",
              role: "subject" as const,
              beside: [their_pieces, sqlite, bare_sqlite],
              run: async (input: Input) => {
                const root = await fresh(input)
                const share = input.several.length
                const done = await Promise.all(
                  input.several.map((child, i) =>
                    tell(child, {
                      what: "ledger",
                      appends: { root, writers: writers / share, facts: input.facts / share, name: `p${i}` },
                    }),
                  ),
                )
                input.pieces.four = done.flatMap(({ pieces }) => pieces)
                return done.reduce((sum, { facts }) => sum + facts, 0)
              },
            },
            { name: their_pieces, role: "limit" as const, run: (input: Input) => byHand(input, input.pieces.four) },
          ]),
      inSqlite(sqlite, true),
      inSqlite(bare_sqlite, false),
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
      { subject: one_process, beside: own_pieces, speed_min: 0.85, wall },
      { subject: one_process, beside: sqlite, speed_min: 1, wall: wallSqlite(sqlite) },
      ...(hasHistory ? [{ curve: append_history, growth_max: 1.2 }] : []),
    ],
    ...(hasHistory ? { curves: async (_, tools) => [await appendHistory(tools)] } : {}),
    check: (facts, { facts: want }) => {
      if (facts !== want) throw new Error(`${facts} facts, want ${want}`)
    },
    close: async ({ others, ours, roots, several }) => {
      for (const child of [ours, others, ...several]) child.disconnect()
      for (const root of roots) await removeRoot(root)
    },
  })
}
