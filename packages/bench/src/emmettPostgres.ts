import type { PeerModules } from "./Peers.ts"
import { connections_max, type PgModule } from "./queuePeers.ts"

interface EmmettPostgres {
  readonly getPostgreSQLEventStore: (
    url: string,
    options: { readonly connectionOptions: { readonly pool: unknown } },
  ) => {
    readonly appendToStream: (
      stream: string,
      events: ReadonlyArray<{ readonly type: string; readonly data: object }>,
    ) => Promise<unknown>
    readonly close: () => Promise<void>
  }
}

/** An event store of emmett: each append is one event to the stream of its writer. */
export interface EmmettStore {
  readonly append: (stream: string, data: object) => Promise<void>
  readonly close: () => Promise<void>
}

/** emmett over PostgreSQL, with as many connections as the others have; its tables are made by the first append. */
export const startEmmett = async (url: string, { load }: PeerModules): Promise<EmmettStore> => {
  const { getPostgreSQLEventStore } = (await load("@event-driven-io/emmett-postgresql")) as EmmettPostgres
  const { default: pg } = (await load("pg")) as PgModule
  const pool = new pg.Pool({ connectionString: url, max: connections_max })
  const store = getPostgreSQLEventStore(url, { connectionOptions: { pool } })
  return {
    append: async (stream, data) => void (await store.appendToStream(stream, [{ type: "noted", data }])),
    close: async () => {
      await store.close()
      await pool.end()
    },
  }
}
