/** A PostgreSQL of a test file's own, and ledgers in it, each in a schema of its own. */
import {
  findPostgres,
  type PostgresServer,
  type PostgresServerOptions,
  startPostgres,
} from "@waybill/conformance/postgres-server"
import type { Store, StoreError } from "@waybill/ledger"
import { makePostgresStore, type PostgresStoreSettings } from "@waybill/ledger-store/postgres"
import { Effect, Redacted, type Scope } from "effect"
import { afterAll, beforeAll } from "vitest"
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
  }
}
