/**
 * Appends of the same lines to SQLite databases, each durable before its answer (WAL, synchronous=FULL).
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite"
import { join } from "node:path"
import type { PeerModules } from "./Peers.ts"
import { appendTogether, lineOf } from "./groupsByHand.ts"

/** The ledger finds the facts of one job without reading the others, which is what the index over jobs is for. */
const openTable = (root: string, isIndexed: boolean) => {
  const database = new DatabaseSync(join(root, "facts.sqlite"))
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
  database.exec(
    "CREATE TABLE facts (position INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, job_id TEXT NOT NULL, line TEXT NOT NULL)",
  )
  if (isIndexed) database.exec("CREATE INDEX facts_of_job ON facts (job_id, position)")
  return {
    database,
    insert: database.prepare("INSERT INTO facts (event_id, job_id, line) VALUES (?, ?, ?)"),
  }
}

/** `node:sqlite`, a transaction for each fact. */
export const appendToSqlite = (root: string, facts: number, isIndexed: boolean): number => {
  const { database, insert } = openTable(root, isIndexed)
  for (let n = 0; n < facts; n++) {
    database.exec("BEGIN IMMEDIATE")
    insert.run(`evt-${n}`, `job-0`, lineOf(`w-0`, n))
    database.exec("COMMIT")
  }
  database.close()
  return facts
}

/** `node:sqlite`, batched as a ledger is: writers that each wait for their answer, and a transaction for all that wait. */
export const appendToSqliteTogether = async (
  root: string,
  facts: number,
  writers: number,
  isIndexed: boolean,
): Promise<number> => {
  const { database, insert } = openTable(root, isIndexed)
  const done = await appendTogether(facts, writers, (group) => {
    database.exec("BEGIN IMMEDIATE")
    for (const { job, n } of group) insert.run(`evt-${job}-${n}`, job, lineOf(job, n))
    database.exec("COMMIT")
  })
  database.close()
  return done
}

interface EmmettSqlite {
  readonly getSQLiteEventStore: (options: {
    readonly fileName: string
    readonly schema: { readonly autoMigration: "CreateOrUpdate" }
  }) => {
    readonly appendToStream: (
      stream: string,
      events: ReadonlyArray<{ readonly type: string; readonly data: object }>,
    ) => Promise<unknown>
  }
}

const tries_max = 100

/**
 * emmett over SQLite, one event to an append, one append after the other: it opens a connection for each and does not wait for
 * a database that is busy. Even so, one is now and then told that the connection before is not done; it is tried again.
 */
export const appendToEmmett = async ({ load }: PeerModules, root: string, facts: number): Promise<number> => {
  const { getSQLiteEventStore } = (await load("@event-driven-io/emmett-sqlite")) as EmmettSqlite
  const fileName = join(root, "emmett.sqlite")
  const store = getSQLiteEventStore({ fileName, schema: { autoMigration: "CreateOrUpdate" } })
  const note = "x".repeat(200)
  const append = async (n: number, tries: number): Promise<void> => {
    try {
      await store.appendToStream(`job-${n % 64}`, [{ type: "done", data: { n, note } }])
    } catch (cause) {
      const isBusy = cause instanceof Error && cause.message.includes("SQLITE_BUSY")
      if (!isBusy || tries >= tries_max) throw cause
      await append(n, tries + 1)
    }
  }
  for (let n = 0; n < facts; n++) await append(n, 1)
  return facts
}
