import { keepsLaw, type MakePlace, storeLaws } from "@waybill/conformance"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { needsPostgres, usePostgres } from "./support/postgres.ts"

const { freshSchema, open, server } = usePostgres()

const place: MakePlace = Effect.sync(() => {
  const schema = freshSchema()
  return {
    // Followers hear of news by notification; a poll would come after the test.
    open: open(schema, { poll_ms: 600_000 }),
    // Without a flush nothing would survive the loss of power; this loses the server, at any moment.
    crash: Effect.promise(async () => {
      await server().stop("immediate")
      await server().start()
    }),
  }
})

const laws = await storeLaws()

describe("PostgreSQL", () => {
  for (const law of laws)
    needsPostgres(it)(`${law.id} ${law.statement}`, async () => {
      expect((await keepsLaw(law, place)).status).toBe("pass")
    })
})
