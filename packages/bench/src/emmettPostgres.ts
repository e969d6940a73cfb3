import { job_body } from "./queuePeers.ts"
import type { PeerModules } from "./Peers.ts"

interface EmmettPostgres {
  readonly getPostgreSQLEventStore: (url: string) => {
    readonly appendToStream: (
      stream: string,
      events: ReadonlyArray<{ readonly type: string; readonly data: object }>,
    ) => Promise<unknown>
    readonly close: () => Promise<void>
  }
}

/** An event store of emmett: each append is one event to the stream of its writer. */
export interface EmmettStore {
  readonly append: (writer: number, n: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** emmett over PostgreSQL; its tables are made by the first append. */
export const startEmmett = async (url: string, { load }: PeerModules): Promise<EmmettStore> => {
  const { getPostgreSQLEventStore } = (await load("@event-driven-io/emmett-postgresql")) as EmmettPostgres
  const store = getPostgreSQLEventStore(url)
  const note = "x".repeat(120)
  return {
    append: async (writer, n) =>
      void (await store.appendToStream(`job-${writer}`, [{ type: "noted", data: { n, writer, note, ...job_body } }])),
    close: () => store.close(),
  }
}
