/**
 * Appends of the same lines to SQLite databases, each durable before its answer (WAL, synchronous=FULL).
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite"
import { join } from "node:path"
import type { PeerModules } from "./Peers.ts"

/** As long as a line of the ledger that is measured. */
const line = "x".repeat(450)

const openTable = (root: string) => {
  const database = new DatabaseSync(join(root, "facts.sqlite"))
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
  database.exec(
    "CREATE TABLE facts (position INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, job_id TEXT NOT NULL, line TEXT NOT NULL)",
  )
  database.exec("CREATE INDEX facts_of_job ON facts (job_id, position)")
  return {
    database,
    insert: database.prepare("INSERT INTO facts (event_id, job_id, line) VALUES (?, ?, ?)"),
  }
}

/** `node:sqlite`, so many facts in each transaction: one, or as many as a group commit of so many writers takes. */
export const appendToSqlite = (root: string, facts: number, batch: number): number => {
  const { database, insert } = openTable(root)
  for (let n = 0; n < facts;) {
    database.exec("BEGIN IMMEDIATE")
    for (const end = Math.min(facts, n + batch); n < end; n++) insert.run(`evt-${n}`, `job-${n % batch}`, line)
    database.exec("COMMIT")
  }
  database.close()
  return facts
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
