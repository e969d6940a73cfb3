/**
 * Group commit in its barest form: writers that each wait for their answer, and what commits all that wait at once.
 *
 * @module
 */
import { createHash } from "node:crypto"
import fs from "node:fs"

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

/**
 * The least that any ledger of chained lines does in one thread: each fact made a line, each line hashed into the chain, each
 * group written and flushed, and each writer answered. It reads nothing, checks nothing, and takes no lock.
 */
export const appendLinesTogether = async (path: string, facts: number, writers: number): Promise<number> => {
  const file = fs.openSync(path, "w")
  let head = Buffer.alloc(32)
  let offset = 0
  const done = await appendTogether(facts, writers, (group) => {
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
  })
  fs.closeSync(file)
  return done
}
