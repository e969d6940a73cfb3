/**
 * Appends in a process of its own: what is measured there does not pay for what the measuring process does beside it. That one collects
 * its garbage before each run, and with a ledger that has been closed goes the code that the engine made for it.
 *
 * @module
 */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { appendFacts, type Appends } from "./appendFacts.ts"
import { appendLinesLocked, appendLinesTogether, writePieces } from "./groupsByHand.ts"
import { appendToSqlite, appendToSqliteTogether } from "./sqliteAppends.ts"

interface Groups {
  readonly root: string
  readonly facts: number
  readonly writers: number
}

/** What a process is told to do, in a folder of its own. */
export type Task =
  | { readonly what: "ledger"; readonly appends: Appends }
  | { readonly what: "pieces"; readonly root: string; readonly pieces: ReadonlyArray<number>; readonly isOver?: true }
  | ({ readonly what: "lines" | "locked" } & Groups)
  | ({ readonly what: "sqlite"; readonly isIndexed: boolean } & Groups)

/** How many facts were appended, and what was written to the ledger's file, in order. */
export interface Done {
  readonly facts: number
  readonly pieces: ReadonlyArray<number>
}

const perform = async (task: Task): Promise<Done> => {
  switch (task.what) {
    case "ledger":
      return appendFacts(task.appends)
    case "pieces":
      writePieces(join(task.root, "lines"), task.pieces, task.isOver)
      return { facts: 0, pieces: task.pieces }
    case "lines":
      return { facts: await appendLinesTogether(join(task.root, "lines"), task.facts, task.writers), pieces: [] }
    case "locked":
      return { facts: await appendLinesLocked(task.root, task.facts, task.writers), pieces: [] }
    case "sqlite": {
      const { facts, isIndexed, root, writers } = task
      const done =
        writers === 1
          ? appendToSqlite(root, facts, isIndexed)
          : await appendToSqliteTogether(root, facts, writers, isIndexed)
      return { facts: done, pieces: [] }
    }
  }
}

/** A process that does what it is told, as often as it is told. */
export const startAppending = (): ChildProcess =>
  fork(import.meta.filename, { execArgv: ["--conditions=@waybill/source"] })

/** Rejects where the process ends without an answer. */
export const tell = async (child: ChildProcess, task: Task): Promise<Done> => {
  const over = new AbortController()
  const ended = once(child, "exit", { signal: over.signal }).then(([code]) => {
    throw new Error(`the appending process ended with ${String(code)} before it was done`)
  })
  child.send(task)
  try {
    const [done] = (await Promise.race([once(child, "message", { signal: over.signal }), ended])) as [Done]
    return done
  } finally {
    over.abort()
    ended.catch(() => undefined)
  }
}

if (process.send !== undefined && process.argv[1] === import.meta.filename)
  process.on("message", (task: Task) => {
    void perform(task).then(({ facts, pieces }) => process.send?.({ facts, pieces }))
  })
