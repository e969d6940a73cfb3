/**
 * Filling an empty ledger in PostgreSQL with the lines of another one, byte by byte.
 *
 * @module
 */
import { type StoreError, StoreRefused } from "@waybill/ledger"
import { Effect, Stream } from "effect"
import { ImportRefused } from "../jsonl/importLines.ts"
import { type Line, LineReader } from "../jsonl/LineReader.ts"
import type { Connection, Database, DatabaseError } from "./Database.ts"
import { headless, storeError } from "./failures.ts"
import { prepareSchema, refuseSchemaName } from "./schema.ts"
import { begin, commit, makeStatements } from "./statements.ts"

const statement_lines_max = 1_000
const statement_bytes_max = 8 * 1024 * 1024

export interface PostgresImportOptions<E, R> {
  /** The schema that holds the ledger; `waybill` by default. Made when it is not there. */
  readonly schema?: string
  /** The bytes of the lines, cut anywhere. */
  readonly lines: Stream.Stream<Uint8Array, E, R>
}

/** Sends lines as they come, so many at a time. */
const makeSender = (connection: Connection, statements: ReturnType<typeof makeStatements>) => {
  let position = 0
  let waiting: Array<Line> = []
  let bytes = 0
  const send: Effect.Effect<void, DatabaseError | ImportRefused> = Effect.suspend(() => {
    const [sent, after] = [waiting, position]
    waiting = []
    bytes = 0
    position += sent.length
    const records = sent.flatMap(({ content, text }) => ("error" in content ? [] : [{ event: content, line: text }]))
    return Effect.gen(function* () {
      if (records.length === 0) return
      const [rows = []] = yield* connection.run([statements.copy(after, records)])
      if (rows.length === records.length) return
      const taken = new Set(rows.map((row) => Number(row["position"])))
      const refused = sent.find((_, i) => !taken.has(after + 1 + i))
      const id = refused === undefined || "error" in refused.content ? "an event" : refused.content.event_id
      return yield* new ImportRefused({
        line_number: refused?.line_number ?? 0,
        reason: `${id} stands in a line before; leave the copy out`,
      })
    })
  })
  const take = (line: Line): Effect.Effect<void, DatabaseError | ImportRefused> => {
    const { content, line_number } = line
    if ("error" in content) return Effect.fail(new ImportRefused({ line_number, reason: content.error }))
    waiting.push(line)
    bytes += line.bytes
    return waiting.length >= statement_lines_max || bytes >= statement_bytes_max ? send : Effect.void
  }
  return { take, send, position: () => position }
}

/**
 * Copies lines into the ledger of a schema, which must not hold any records: foreign lines and our own never mix. The lines are
 * kept as they are, and each one's position is its number, blank lines not counted. One transaction, which keeps others from
 * appending; answers how many records there are.
 *
 * Fails with {@link ImportRefused} for a line that replay would refuse or whose event id stands in a line before, and with
 * `StoreRefused` for a ledger that is not empty.
 */
export const importToPostgres = <E, R>(
  database: Database,
  { lines, schema = "waybill" }: PostgresImportOptions<E, R>,
): Effect.Effect<number, E | ImportRefused | StoreError, R> =>
  Effect.scoped(
    Effect.gen(function* () {
      const where = `${database.where}, schema ${schema}`
      const badName = refuseSchemaName(schema)
      if (badName !== undefined) return yield* new StoreRefused({ where: database.where, reason: badName })
      const told = <A, R2>(effect: Effect.Effect<A, DatabaseError | ImportRefused | StoreRefused, R2>) =>
        Effect.catchTag(effect, "DatabaseError", (error) => Effect.fail(storeError(where, error)))
      const connection = yield* told(database.connect)
      const statements = makeStatements(schema)
      yield* told(prepareSchema(connection, schema, where))
      // Lines may be long in coming.
      const patient = { text: "SET LOCAL idle_in_transaction_session_timeout = 0" }
      const [, , [head] = []] = yield* told(connection.run([begin, patient, statements.lockHead]))
      if (head === undefined) return yield* told(headless)
      if (Number(head["head"]) !== 0)
        return yield* new StoreRefused({
          where,
          reason: "it is not empty; lines are imported into an empty ledger only",
        })
      const reader = new LineReader()
      const sender = makeSender(connection, statements)
      yield* Stream.runForEach(lines, (chunk) =>
        told(Effect.forEach(reader.push(chunk), sender.take, { discard: true })),
      )
      yield* told(Effect.forEach(reader.finish(), sender.take, { discard: true }))
      yield* told(sender.send)
      const records = sender.position()
      yield* told(connection.run([...statements.moveHead(records), commit]))
      return records
    }),
  )
