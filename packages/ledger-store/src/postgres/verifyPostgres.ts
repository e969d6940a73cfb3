/**
 * Walking a ledger in PostgreSQL from its first record to its last, without folding anything.
 *
 * @module
 */
import { decodeLine, type StoreError, StoreRefused } from "@waybill/ledger"
import { Effect, Result } from "effect"
import type { Database, Row } from "./Database.ts"
import { headless, storeError } from "./failures.ts"
import { prepareSchema, refuseSchemaName } from "./schema.ts"
import { makeStatements } from "./statements.ts"

/** One thing that is wrong with a ledger's tables. */
export interface PostgresFlaw {
  readonly error: string
  /** The record concerned, where it is one. */
  readonly position?: number
}

export interface PostgresVerification {
  readonly where: string
  /** The position of the last record, as the head says. */
  readonly head: number
  readonly records: number
  readonly flaws: ReadonlyArray<PostgresFlaw>
}

const page_records = 1_000

const flawOf = (row: Row): string | undefined => {
  const decoded = decodeLine(String(row["line"]))
  if (Result.isFailure(decoded)) return decoded.failure.reason
  for (const column of ["job_id", "event_id"] as const)
    if (decoded.success[column] !== row[column])
      return `its ${column} is ${JSON.stringify(decoded.success[column])}, but it is found under ${JSON.stringify(row[column])}`
  return undefined
}

/**
 * Checks that every position from 1 to the head holds one record, that every line can be read, that it is found under its own
 * job and event id, and that nothing stands behind the head. What is appended meanwhile is not looked at. It knows what
 * the server says: there are no seals, so a line that somebody with the owner's rights has replaced by another sound one is
 * not noticed. Makes nothing: fails with `StoreRefused` where the schema holds no ledger.
 */
export const verifyPostgres = (
  database: Database,
  { schema = "waybill" }: { readonly schema?: string } = {},
): Effect.Effect<PostgresVerification, StoreError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const where = `${database.where}, schema ${schema}`
      const badName = refuseSchemaName(schema)
      if (badName !== undefined) return yield* new StoreRefused({ where: database.where, reason: badName })
      const walk = Effect.gen(function* () {
        const connection = yield* database.connect
        const statements = makeStatements(schema)
        yield* prepareSchema(connection, schema, where, "refuse")
        const flaws: Array<PostgresFlaw> = []
        const [[ends] = []] = yield* connection.run([statements.ends])
        if (ends === undefined) return yield* headless
        const [head, last] = [Number(ends["head"]), Number(ends["last"])]
        if (last > head) flaws.push({ error: `records stand behind the head, up to ${last}; the head says ${head}` })
        let records = 0
        let position = 0
        const miss = (until: number): void => {
          if (until === position + 1) flaws.push({ position: until, error: "the record is missing" })
          else if (until > position) flaws.push({ error: `the records ${position + 1} to ${until} are missing` })
        }
        while (position < head) {
          const [rows = []] = yield* connection.run([statements.walk(position, head, page_records)])
          for (const row of rows) {
            const at = Number(row["position"])
            miss(at - 1)
            position = at
            records++
            const error = flawOf(row)
            if (error !== undefined) flaws.push({ position: at, error })
          }
          if (rows.length > 0) continue
          miss(head)
          position = head
        }
        return { where, head, records, flaws }
      })
      return yield* Effect.catchTag(walk, "DatabaseError", (error) => Effect.fail(storeError(where, error)))
    }),
  )
