/** A PostgreSQL of a test file's own, and ledgers in it, each in a schema of its own. */
import {
  findPostgres,
  type PostgresServer,
  type PostgresServerOptions,
  startPostgres,
} from "@waybill/conformance/postgres-server"
import type { Store, StoreError } from "@waybill/ledger"
import {
  type DatabaseError,
  makePostgresStore,
  makeSqlPgDatabase,
  type PostgresStoreSettings,
  type Row,
} from "@waybill/ledger-store/postgres"
import { Effect, Redacted, type Scope } from "effect"
import { afterAll, beforeAll, it } from "vitest"
import { needs } from "../../../../test/support/needs.ts"

export const needsPostgres = needs("PostgreSQL (initdb and postgres)", () => findPostgres() !== undefined)

export interface TestServer {
  readonly server: () => PostgresServer
  /** The name of a schema that nobody has used. */
  readonly freshSchema: () => string
  readonly open: (
    schema: string,
    settings?: Omit<PostgresStoreSettings, "schema">,
  ) => Effect.Effect<Store, StoreError, Scope.Scope>
  /** A statement of an administrator, who may do anything. */
  readonly sql: (
    text: string,
    ...values: ReadonlyArray<unknown>
  ) => Effect.Effect<ReadonlyArray<Row>, DatabaseError, Scope.Scope>
  /** Declares a test that needs the server. */
  readonly promise: (name: string, effect: () => Effect.Effect<void, unknown, Scope.Scope>) => void
}

/** Starts a server before the file's tests and stops it after them; does nothing where there is none. */
export const usePostgres = (options: PostgresServerOptions = {}): TestServer => {
  let running: PostgresServer | undefined
  let schemas = 0
  beforeAll(async () => {
    if (findPostgres() !== undefined) running = await startPostgres(options)
  }, 60_000)
  afterAll(() => running?.close())
  const server = () => {
    if (running === undefined) throw new Error("the server has not been started")
    return running
  }
  return {
    server,
    freshSchema: () => `ledger_${++schemas}`,
    open: (schema, settings = {}) =>
      Effect.suspend(() => makePostgresStore({ url: Redacted.make(server().url), schema, ...settings })),
    sql: (text, ...values) =>
      Effect.suspend(() =>
        Effect.flatMap(
          makeSqlPgDatabase({ url: Redacted.make(server().url), lock_wait_ms: 5_000, connect_wait_ms: 5_000 }).connect,
          (connection) => Effect.map(connection.run([{ text, values }]), ([rows]) => rows ?? []),
        ),
      ),
    promise: (name, effect) =>
      needsPostgres(it)(name, () => Effect.runPromise(Effect.scoped(Effect.suspend(effect))), 60_000),
  }
}
