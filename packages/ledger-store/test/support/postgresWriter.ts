/**
 * A process with several writers on ledgers in PostgreSQL, one after the other, whose commits come late by a random while. For each
 * line with a job it opens the ledger and says `ready`; for the next line it appends, and tells what was acknowledged: one JSON
 * object `{ text: position }`.
 *
 * `variant` breaks the store on purpose: `no-lock` reads the head without its lock and the one before it, and moves it wherever it
 * stands; `reserve` gives positions away before the commit, as a sequence would. A broken one does not notice either that the head
 * and the records disagree.
 */
import type { Connection, Database, Statement } from "@waybill/ledger-store/postgres"
import { makePostgresStoreOver, makeSqlPgDatabase } from "@waybill/ledger-store/postgres"
import { Effect, Random, Redacted } from "effect"
import { createInterface } from "node:readline"
import { ledgerOver, origin, written } from "./texts.ts"

export type Variant = "sound" | "no-lock" | "reserve"

export interface WriterJob {
  readonly schema: string
  /** Of the process, in its facts. */
  readonly name: string
  readonly writers: number
  /** Of each writer. */
  readonly batches: number
  /** How many facts each holds. */
  readonly batch: number
  readonly variant: Variant
}

const [url = ""] = process.argv.slice(2)
const late_ms_max = 3
const reserved = 1_000

const isHead = ({ text }: Statement): boolean => text.endsWith("FOR UPDATE")
/** The lock of the session that comes before the head's, taken or given back. */
const isHold = ({ text }: Statement): boolean => text.startsWith("SELECT pg_advisory_")
const isAppend = ({ text }: Statement): boolean => text.startsWith("WITH moved")

const isEnds = ({ text }: Statement): boolean => text.includes("max(position)")

type Answer = Effect.Success<ReturnType<Connection["run"]>>[number]

/** What a store is told that is not to notice that the head has been set. */
const blind = (rows: Answer, head: number): Answer =>
  rows.filter((row) => Number(row["position"]) <= head).map((row) => ({ ...row, found: 1_000_000 }))

const moving = /UPDATE \S+head SET position = \$5 WHERE position = \$1 AND (?<ledger>ledger_id = \S+) RETURNING 1/u
const replaceMoving = (statement: Statement, by: (sameLedger: string) => string): ReadonlyArray<Statement> => {
  const found = moving.exec(statement.text)
  if (found === null) throw new Error(`no head is moved by: ${statement.text}`)
  return [{ ...statement, text: statement.text.replace(found[0], () => by(found.groups?.["ledger"] ?? "true")) }]
}

const patched = ({ schema, variant }: WriterJob, statement: Statement): ReadonlyArray<Statement> => {
  if (variant === "no-lock" && isHold(statement)) return [{ text: "SELECT 1" }]
  if (variant === "no-lock" && isHead(statement)) return [{ text: statement.text.replace("FOR UPDATE", "") }]
  if (variant === "reserve" && isHead(statement))
    return [
      {
        text: `UPDATE ${schema}.head SET position = position + ${reserved}
          RETURNING position - ${reserved} AS head, ledger_id::text AS ledger_id`,
      },
      { text: "COMMIT" },
      { text: "BEGIN" },
    ]
  if (variant === "no-lock" && isAppend(statement))
    return replaceMoving(statement, (same) => `UPDATE ${schema}.head SET position = $5 WHERE ${same} RETURNING 1`)
  if (variant === "reserve" && isAppend(statement))
    return replaceMoving(statement, () => "SELECT 1 WHERE $5::bigint > 0 AND $6::text <> ''")
  return [statement]
}

const late = (job: WriterJob, inner: Connection): Connection => {
  const isBroken = job.variant !== "sound"
  /** What the lock answered with last. */
  let head = 0
  return {
    ...inner,
    run: (statements) =>
      Effect.gen(function* () {
        const answers: Array<Answer> = []
        const [only] = statements
        if (isBroken && only !== undefined && isEnds(only)) return [[{ head, last: head }]]
        // An append that is a transaction of its own gets a commit that can come late.
        const isAlone = statements.length === 1 && only !== undefined && isAppend(only)
        let isLocked = false
        for (const statement of isAlone ? [{ text: "BEGIN" }, only, { text: "COMMIT" }] : statements) {
          if (statement.text === "COMMIT") yield* Effect.sleep((yield* Random.next) * late_ms_max)
          const [rows = []] = yield* inner.run(patched(job, statement))
          answers.push(isBroken && isLocked ? blind(rows, head) : rows)
          if (!isHead(statement)) continue
          isLocked = true
          head = Number(rows[0]?.["head"])
        }
        return isAlone ? answers.slice(1, 2) : answers
      }),
  }
}

const real = makeSqlPgDatabase({ url: Redacted.make(url), lock_wait_ms: 60_000, connect_wait_ms: 10_000 })
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const nextLine = Effect.map(
  Effect.promise(() => lines.next()),
  ({ done, value }) => (done === true ? undefined : String(value)),
)
const say = (text: string) => Effect.sync(() => void process.stdout.write(`${text}\n`))

const work = (job: WriterJob) =>
  Effect.gen(function* () {
    const { batch, batches, name, schema, writers } = job
    const database: Database = {
      where: real.where,
      connect: Effect.map(real.connect, (connection) => late(job, connection)),
    }
    const ledger = yield* ledgerOver(yield* makePostgresStoreOver(database, { schema }))
    yield* say("ready")
    yield* nextLine
    const acknowledged: Record<string, number> = {}
    yield* Effect.forEach(
      Array.from({ length: writers }, (_, w) => w),
      (w) =>
        Effect.forEach(
          Array.from({ length: batches }, (_, n) => n),
          (n) => {
            const texts = Array.from({ length: batch }, (_, i) => `${name}:${w}:${n}:${i}`)
            return Effect.map(
              ledger.append(
                texts.map((text) => written(`${name}-${w}`, text)),
                origin(`${name}-${w}-${n}`),
              ),
              (facts) => {
                for (const { payload, position } of facts) acknowledged[payload.text] = position
              },
            )
          },
        ),
      { concurrency: "unbounded" },
    )
    yield* say(JSON.stringify(acknowledged))
  }).pipe(
    Effect.scoped,
    Effect.catch((error) => say(JSON.stringify({ failed: String(error).slice(0, 300) }))),
  )

await Effect.runPromise(
  Effect.gen(function* () {
    for (let line = yield* nextLine; line !== undefined; line = yield* nextLine)
      yield* work(JSON.parse(line) as WriterJob)
  }),
)
