/**
 * The statements that a ledger's schema answers.
 *
 * @module
 */
import type { LedgerEvent, NewRecord } from "@waybill/ledger"
import type { Statement } from "./Database.ts"

/** A page ends once its lines hold so many bytes, so that large facts do not pile up in memory. */
const page_bytes_max = 8 * 1024 * 1024
/** How many characters of a checkpoint one row holds. */
const part_characters_max = 4 * 1024 * 1024

/** A text in parts, none of which ends in the middle of a character. */
const cut = (text: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  for (let from = 0; from < text.length;) {
    const to = from + part_characters_max
    const isSplit = to < text.length && /[\ud800-\udbff]/u.test(text.charAt(to - 1))
    parts.push(text.slice(from, isSplit ? to - 1 : to))
    from = isSplit ? to - 1 : to
  }
  return parts
}

/** The pieces of a text, put together to parts: one for every row, `undefined` for each piece that makes none yet. */
export function* partsOf(pieces: Iterable<string>): Generator<ReadonlyArray<string> | undefined, void, undefined> {
  let part = ""
  for (const piece of pieces) {
    part += piece
    if (part.length < part_characters_max) yield undefined
    else {
      yield cut(part)
      part = ""
    }
  }
  yield cut(part)
}

/** Tells the lock that comes before the head's from other advisory locks of the database. */
const hold_class = 0x77617962
/** How long a process may stop while others wait for it. */
const hold_idle_ms = 2_000

export const begin: Statement = { text: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE" }
export const commit: Statement = { text: "COMMIT" }
export const rollback: Statement = { text: "ROLLBACK" }

/** Where a ledger ends, and which ledger that is. */
export interface Head {
  readonly position: number
  readonly ledgerId: string
}

export const makeStatements = (schema: string) => {
  // One statement is one snapshot: the head and the facts are of the same moment, also when there is no fact. That there is
  // one head is said, since a planner without statistics takes it for a thousand.
  const page = (condition: string, order: "ASC" | "DESC", limit: string, by = ""): string =>
    `SELECT h.position AS head, h.ledger_id::text AS ledger_id, f.position, f.line, f.found
     FROM (SELECT position, ledger_id FROM ${schema}.head LIMIT 1) h LEFT JOIN LATERAL (
       SELECT position, line, count(*) OVER () AS found,
         sum(octet_length(line)) OVER (ORDER BY position ${order}) - octet_length(line) AS bytes_before
       FROM (SELECT position, line FROM ${schema}.facts WHERE ${condition} ORDER BY ${by}position ${order} LIMIT ${limit}) p
     ) f ON f.bytes_before < ${page_bytes_max} ORDER BY f.position ${order}`
  const after = page("position > $1", "ASC", "$2")
  const before = page("position < $1", "DESC", "$2")
  const append = `WITH moved AS (
      UPDATE ${schema}.head SET position = $5 WHERE position = $1 AND ledger_id = $6::text::uuid RETURNING 1
    ), recorded AS (
      INSERT INTO ${schema}.facts (position, job_id, event_id, line)
      SELECT $1::bigint + n, job_id, event_id, line
      FROM moved, unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS f (job_id, event_id, line, n)
    ) SELECT pg_notify('waybill_${schema}', $5::bigint::text) FROM moved`
  const hold = `${hold_class}, '${schema}.head'::regclass::oid::int4`
  // A range of the jobs' index. `job_id = $1` would leave the planner the choice to walk through everybody's facts.
  const stream = page("(job_id, position) > ($1, $2) AND job_id <= $1", "ASC", "$3", "job_id, ")

  return {
    channel: `waybill_${schema}`,
    /**
     * Queues for the session's lock that comes before the head's. A session that has it and asks nothing is ended, since others
     * would wait for a process that stopped.
     */
    takeHold: {
      text: `SELECT pg_advisory_lock(${hold}), set_config('idle_session_timeout', '${hold_idle_ms}', false)`,
    } satisfies Statement,
    giveHold: {
      text: `SELECT pg_advisory_unlock(${hold}), set_config('idle_session_timeout', '0', false)`,
    } satisfies Statement,
    /** Waits until nobody else appends, and answers with the head as it is then. */
    lockHead: {
      text: `SELECT position AS head, ledger_id::text AS ledger_id FROM ${schema}.head FOR UPDATE`,
    } satisfies Statement,
    readHead: { text: `SELECT position AS head, ledger_id::text AS ledger_id FROM ${schema}.head` } satisfies Statement,
    readAfter: (position: number, limit: number): Statement => ({
      text: after,
      values: [BigInt(position), BigInt(limit)],
    }),
    readBefore: (position: number, limit: number): Statement => ({
      text: before,
      values: [BigInt(position), BigInt(limit)],
    }),
    readStream: (jobId: string, position: number, limit: number): Statement => ({
      text: stream,
      values: [jobId, BigInt(position), BigInt(limit)],
    }),
    /**
     * Takes the head, moves it, records and tells who listens, in one statement, which is one transaction where none has
     * begun. Answers with a row; with none, and nothing done, when the head stands elsewhere or is another ledger's, also
     * when it was moved while this waited for its lock.
     */
    append: ({ ledgerId, position }: Head, records: ReadonlyArray<NewRecord>): Statement => ({
      text: append,
      values: [
        BigInt(position),
        records.map(({ event }) => event.job_id),
        records.map(({ event }) => event.event_id),
        records.map(({ line }) => line),
        BigInt(position + records.length),
        ledgerId,
      ],
    }),
    /** Records lines of another ledger, under the head's lock; answers with the positions of those that were not there. */
    copy: (
      after: number,
      records: ReadonlyArray<{ readonly event: LedgerEvent; readonly line: string }>,
    ): Statement => ({
      text: `INSERT INTO ${schema}.facts (position, job_id, event_id, line)
        SELECT $1::bigint + n, job_id, event_id, line
        FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS f (job_id, event_id, line, n) ORDER BY n
        ON CONFLICT (event_id) DO NOTHING RETURNING position`,
      values: [
        BigInt(after),
        records.map(({ event }) => event.job_id),
        records.map(({ event }) => event.event_id),
        records.map(({ line }) => line),
      ],
    }),
    moveHead: (position: number): ReadonlyArray<Statement> => [
      { text: `UPDATE ${schema}.head SET position = $1`, values: [BigInt(position)] },
      { text: `SELECT pg_notify('waybill_${schema}', $1::bigint::text)`, values: [BigInt(position)] },
    ],
    /** The rows themselves, for somebody who checks them. */
    walk: (position: number, last: number, limit: number): Statement => ({
      text: `SELECT position, job_id, event_id, line FROM ${schema}.facts
        WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3`,
      values: [BigInt(position), BigInt(last), BigInt(limit)],
    }),
    /** Meant for one transaction. Parts are replaced in their order, so that two who save wait for each other. */
    saveCheckpoint: (name: string, parts: ReadonlyArray<string>): ReadonlyArray<Statement> => [
      ...parts.map((text, part) => ({
        text: `INSERT INTO ${schema}.checkpoints (name, part, body) VALUES ($1, $2, $3)
          ON CONFLICT (name, part) DO UPDATE SET body = excluded.body`,
        values: [name, BigInt(part), text],
      })),
      {
        text: `DELETE FROM ${schema}.checkpoints WHERE name = $1 AND part >= $2`,
        values: [name, BigInt(parts.length)],
      },
    ],
    loadCheckpoint: (name: string): Statement => ({
      text: `SELECT body FROM ${schema}.checkpoints WHERE name = $1 ORDER BY part`,
      values: [name],
    }),
    /** Who appends: has locked the head's row or the session's lock before it, and waits for nobody. */
    holder: {
      text: `SELECT a.pid, a.application_name AS name, a.client_addr::text AS client
        FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE (l.relation = '${schema}.head'::regclass AND l.mode = 'RowShareLock'
            OR l.locktype = 'advisory' AND l.classid = ${hold_class} AND l.objid = '${schema}.head'::regclass)
          AND l.granted
          AND a.pid <> pg_backend_pid() AND a.wait_event_type IS DISTINCT FROM 'Lock' LIMIT 1`,
    } satisfies Statement,
    ends: {
      text: `SELECT h.position AS head, coalesce((SELECT max(position) FROM ${schema}.facts), 0) AS last
        FROM ${schema}.head h`,
    } satisfies Statement,
  }
}

export type Statements = ReturnType<typeof makeStatements>
