/**
 * Group commit in its barest form: writers that each wait for their answer, and what commits all that wait at once.
 *
 * @module
 */
import { createHash } from "node:crypto"
import fs from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"

/** One fact that somebody waits for. */
export interface Fact {
  readonly job: string
  readonly n: number
}

const note = "x".repeat(200)

/** The line of the same fact as the ledger's writers append. */
export const lineOf = (job: string, n: number): string =>
  JSON.stringify({
    schema_version: 1,
    event_id: `evt_step_done_${job}_${n}`,
    request_id: `req-${job}-${n}`,
    job_id: job,
    event_type: "step.done",
    occurred_at: "2026-01-01T00:00:00.000Z",
    actor: "bench",
    payload: { n, note },
  })

/** So many writers ask one after the other; `commit` is given all that wait. Answers how many facts there were. */
export const appendTogether = async (
  facts: number,
  writers: number,
  commit: (group: ReadonlyArray<Fact>) => void,
): Promise<number> => {
  let waiting: Array<{ readonly fact: Fact; readonly answer: () => void }> = []
  const drain = () => {
    const group = waiting
    waiting = []
    commit(group.map(({ fact }) => fact))
    for (const { answer } of group) answer()
  }
  const append = (fact: Fact) =>
    new Promise<void>((answer) => {
      if (waiting.push({ fact, answer }) === 1) setImmediate(drain)
    })
  const share = Math.ceil(facts / writers)
  const write = async (_: unknown, writer: number) => {
    for (let n = 0; n < share; n++) await append({ job: `w-${writer}`, n })
  }
  await Promise.all(Array.from({ length: writers }, write))
  return share * writers
}

/** A durable file that is so long, to be written over. */
export const makeLong = (root: string, bytes: number): Promise<void> =>
  writeFile(join(root, "lines"), Buffer.alloc(bytes, "x"), { flush: true })

/**
 * The least that makes the same pieces durable: one write and one flush for each, and no other thread to wake; into a new file, or
 * over one that is longer.
 */
export const writePieces = (path: string, pieces: ReadonlyArray<number>, isOver = false): void => {
  const file = fs.openSync(path, isOver ? "r+" : "w")
  const block = Buffer.alloc(Math.max(1, ...pieces), "x")
  let offset = 0
  for (const bytes of pieces) {
    fs.writeSync(file, block, 0, bytes, offset)
    fs.fdatasyncSync(file)
    offset += bytes
  }
  fs.closeSync(file)
}

/** What surrounds the writing of a group. */
interface Around {
  readonly before: () => void
  /** Given how many lines were written and are durable. */
  readonly after: (lines: number) => void
}
const nothing: Around = { before: () => {}, after: () => {} }

const appendLines = async (
  path: string,
  facts: number,
  writers: number,
  { after, before }: Around,
): Promise<number> => {
  const file = fs.openSync(path, "w")
  let head = Buffer.alloc(32)
  let offset = 0
  const done = await appendTogether(facts, writers, (group) => {
    before()
    const lines: Array<Buffer> = []
    for (const { job, n } of group) {
      const line = Buffer.from(`${lineOf(job, n)}\n`)
      head = createHash("sha256").update(head).update(line).digest()
      lines.push(line)
    }
    const bytes = Buffer.concat(lines)
    fs.writeSync(file, bytes, 0, bytes.byteLength, offset)
    fs.fdatasyncSync(file)
    offset += bytes.byteLength
    after(lines.length)
  })
  fs.closeSync(file)
  return done
}

/**
 * The least that any ledger of chained lines does in one thread: each fact made a line, each line hashed into the chain, each
 * group written and flushed, and each writer answered. It reads nothing, checks nothing, and takes no lock.
 */
export const appendLinesTogether = (path: string, facts: number, writers: number): Promise<number> =>
  appendLines(path, facts, writers, nothing)

const seal_row_bytes = 96

/**
 * The same for a ledger that other processes append to as well, and whose past is sealed: each group under a lock that the kernel
 * drops with its process, behind a look at the three names that an append depends on, and with a row of the seal for each fact.
 */
export const appendLinesLocked = async (root: string, facts: number, writers: number): Promise<number> => {
  const folder = join(root, "folder")
  fs.mkdirSync(folder)
  const lock = new DatabaseSync(join(folder, "lock"), { timeout: 0 })
  lock.exec("PRAGMA journal_mode = MEMORY")
  const [take, give] = [lock.prepare("BEGIN EXCLUSIVE"), lock.prepare("ROLLBACK")]
  const [above, within] = [fs.openSync(root, "r"), fs.openSync(folder, "r")]
  const seal = fs.openSync(join(folder, "seal"), "w")
  const look = (directory: number, name: string) =>
    fs.lstatSync(`/proc/self/fd/${directory}/${name}`, { bigint: true, throwIfNoEntry: false })
  let sealed = 0
  const done = await appendLines(join(folder, "lines"), facts, writers, {
    before: () => {
      take.run()
      look(within, "lines")
      look(within, "activation.json")
      look(above, "folder")
    },
    after: (lines) => {
      const rows = Buffer.alloc(lines * seal_row_bytes)
      fs.writeSync(seal, rows, 0, rows.byteLength, sealed)
      sealed += rows.byteLength
      give.run()
    },
  })
  for (const open of [above, within, seal]) fs.closeSync(open)
  lock.close()
  return done
}
