import { findPostgres } from "@waybill/conformance/postgres-server"
import { Effect } from "effect"
import { it } from "vitest"
import { needs } from "../../../test/support/needs.ts"
import { queueOnPostgres } from "./support/queueOnPostgres.ts"
import { folder } from "./support/server.ts"

needs("PostgreSQL (initdb and postgres)", () => findPostgres() !== undefined)(it)(
  "the queue over HTTP, on two servers over one database: 64 workers on 1 000 jobs hold each epoch once",
  () =>
    Effect.runPromise(
      Effect.scoped(Effect.flatMap(folder, (path) => Effect.promise(() => queueOnPostgres(path, 1000, 64)))),
    ),
)
