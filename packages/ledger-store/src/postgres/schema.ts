/**
 * The database schema: one per ledger, made and brought up to date by itself. A released version is never changed; a later one
 * is a further step.
 *
 * @module
 */
import { StoreRefused } from "@waybill/ledger"
import { Effect } from "effect"
import type { Connection, DatabaseError, Statement } from "./Database.ts"

/** The oldest server that has all we use. */
const server_version_min = 140_000
/** A channel's name holds the schema's, and PostgreSQL cuts names at 63 bytes. */
const schema_name_pattern = /^[a-z_][a-z0-9_]{0,47}$/u

/** Step n takes the schema from version n - 1 to n. */
export const steps: ReadonlyArray<(schema: string) => ReadonlyArray<string>> = [
  (schema) => [
    // The line is the record: what was written, to the byte. The other columns find it.
    `CREATE TABLE ${schema}.facts (
      position bigint PRIMARY KEY CHECK (position > 0),
      job_id text COLLATE "C" NOT NULL,
      event_id text COLLATE "C" NOT NULL,
      line text COLLATE "C" NOT NULL
    )`,
    `CREATE UNIQUE INDEX facts_event_id ON ${schema}.facts (event_id)`,
    `CREATE UNIQUE INDEX facts_job ON ${schema}.facts (job_id, position)`,
    `CREATE FUNCTION ${schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'the facts of a ledger are never changed or removed' USING ERRCODE = 'object_not_in_prerequisite_state';
      END $$`,
    `CREATE TRIGGER facts_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON ${schema}.facts
      FOR EACH STATEMENT EXECUTE FUNCTION ${schema}.refuse_change()`,
    // One row. Who appends holds its lock, so that the order of commits is the order of positions. Room for its next
    // versions on the same page keeps every update off the index.
    `CREATE TABLE ${schema}.head (
      only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
      position bigint NOT NULL CHECK (position >= 0),
      ledger_id uuid NOT NULL DEFAULT gen_random_uuid()
    ) WITH (fillfactor = 10)`,
    `INSERT INTO ${schema}.head (position) VALUES (0)`,
    // In parts, because a checkpoint may be larger than what one value should hold.
    `CREATE TABLE ${schema}.checkpoints (
      name text COLLATE "C" NOT NULL,
      part integer NOT NULL,
      body text COLLATE "C" NOT NULL,
      PRIMARY KEY (name, part)
    )`,
  ],
]

/** The version this Waybill writes. */
export const schema_version = steps.length

/** Why a schema cannot bear that name, or `undefined`. Names that need no quotes in SQL do. */
export const refuseSchemaName = (schema: string): string | undefined =>
  schema_name_pattern.test(schema)
    ? undefined
    : `the schema's name must be lower-case letters, digits and _, at most 48, not beginning with a digit; not ${JSON.stringify(schema)}`

/** Reads the catalogue itself: a look-up by name may answer from what this session knew before it waited for others. */
const look = (schema: string): Statement => ({
  text: `SELECT current_setting('server_version_num')::int4 AS server, current_setting('server_encoding') AS encoding, EXISTS (
      SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = 'waybill_schema'
    ) AS is_there, EXISTS (
      SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = 'waybill_schema' AND a.attname = 'version' AND a.atttypid = 'int4'::regtype
    ) AS is_ours`,
  values: [schema],
})
const lookAtVersion = (schema: string): Statement => ({
  text: `SELECT max(version)::int4 AS version FROM ${schema}.waybill_schema`,
})

/** What becomes of a schema that holds no ledger: it is made, or the opening is refused. */
export type Missing = "make" | "refuse"

/** Makes the schema or brings it up to date; a schema that is up to date is only looked at. */
export const prepareSchema = (
  connection: Connection,
  schema: string,
  where: string,
  missing: Missing = "make",
): Effect.Effect<void, DatabaseError | StoreRefused> =>
  Effect.gen(function* () {
    const refuse = (reason: string) => new StoreRefused({ where, reason })
    const found = yield* versionOf(connection, schema)
    if (found.server < server_version_min)
      return yield* refuse(`the server is older than PostgreSQL ${server_version_min / 10_000}; upgrade it`)
    if (found.encoding !== "UTF8")
      return yield* refuse(
        `the database is encoded in ${found.encoding}, which cannot hold every text; make one in UTF8`,
      )
    if (!found.isOurs)
      return yield* refuse(
        `the schema ${schema} holds a table waybill_schema that no Waybill has made; name another schema for the ledger`,
      )
    if (found.version === 0 && missing === "refuse")
      return yield* refuse(
        `there is no ledger in the schema ${schema}: nothing has been appended there yet, or its name is mistyped. Reading makes none`,
      )
    if (found.version > schema_version)
      return yield* refuse(
        `the schema ${schema} has version ${found.version}, made by a newer Waybill; this one knows ${schema_version}. Upgrade it`,
      )
    if (found.version === schema_version) return

    // Processes that start at the same time make it one after the other, and the later ones find it done.
    yield* connection.run([
      { text: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE" },
      { text: "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))", values: [`waybill ${schema}`] },
    ])
    const { version } = yield* versionOf(connection, schema)
    if (version === 0)
      yield* connection.run(
        [
          `CREATE SCHEMA IF NOT EXISTS ${schema}`,
          `CREATE TABLE ${schema}.waybill_schema (version integer PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now())`,
        ].map((text) => ({ text })),
      )
    for (const [i, step] of steps.entries()) {
      if (i < version) continue
      yield* connection.run(step(schema).map((text) => ({ text })))
      yield* connection.run([
        { text: `INSERT INTO ${schema}.waybill_schema (version) VALUES ($1)`, values: [BigInt(i + 1)] },
      ])
    }
    yield* connection.run([{ text: "COMMIT" }])
  })

const versionOf = (connection: Connection, schema: string) =>
  Effect.gen(function* () {
    const [rows] = yield* connection.run([look(schema)])
    const [server, encoding] = [Number(rows?.[0]?.["server"]), String(rows?.[0]?.["encoding"])]
    const isThere = rows?.[0]?.["is_there"] === true
    const isOurs = !isThere || rows?.[0]?.["is_ours"] === true
    if (!isThere || !isOurs) return { server, encoding, version: 0, isOurs }
    const [versions] = yield* connection.run([lookAtVersion(schema)])
    return { server, encoding, version: Number(versions?.[0]?.["version"] ?? 0), isOurs }
  })
