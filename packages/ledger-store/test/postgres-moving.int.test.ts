/** Lines of another ledger come into PostgreSQL to the byte, or not at all; and a walk finds what is not as it was written. */
import { encodeLine } from "@waybill/ledger"
import { ImportRefused } from "@waybill/ledger-store"
import { importToPostgres, makeSqlPgDatabase, verifyPostgres } from "@waybill/ledger-store/postgres"
import { Effect, Redacted, Stream } from "effect"
import { describe, expect } from "vitest"
import { usePostgres } from "./support/postgres.ts"
import { collect, ledgerOver, textOf, write } from "./support/texts.ts"

const { freshSchema, open, promise, server, sql } = usePostgres()

const database = () =>
  makeSqlPgDatabase({ url: Redacted.make(server().url), lock_wait_ms: 5_000, connect_wait_ms: 5_000 })

const lineOf = (n: number, more = ""): string =>
  `{"schema_version":1,"event_id":"evt_${n}","request_id":"r","job_id":"job-${n % 7}","event_type":"note.written","occurred_at":"2026-01-02T03:04:05.678Z","actor":"test","payload":{"text":"n${n}"}${more}}`

/** The lines as bytes, cut where no line ends. */
const bytesOf = (lines: ReadonlyArray<string>): Stream.Stream<Uint8Array> => {
  const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""))
  const chunks = Array.from({ length: Math.ceil(bytes.byteLength / 997) }, (_, i) =>
    bytes.slice(i * 997, (i + 1) * 997),
  )
  return Stream.fromIterable(chunks)
}

const importing = (schema: string, lines: ReadonlyArray<string>) =>
  importToPostgres(database(), { schema, lines: bytesOf(lines) })

describe("lines of another ledger", () => {
  promise("are there to the byte, each at the position of its line, and the ledger goes on behind them", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      // Keys in another order and keys of somebody else's are kept, as is a blank line's absence.
      const lines = Array.from({ length: 2_500 }, (_, i) => lineOf(i + 1, i % 3 === 0 ? ',"theirs":[1, 2]' : ""))
      expect(yield* importing(schema, ["", ...lines.slice(0, 9), "  ", ...lines.slice(9)])).toBe(2_500)
      const rows = yield* sql(`SELECT position, line FROM ${schema}.facts ORDER BY position`)
      expect(rows.map(({ line }) => line)).toEqual(lines)
      expect(rows.map(({ position }) => Number(position))).toEqual(lines.map((_, i) => i + 1))
      const ledger = yield* Effect.flatMap(open(schema), ledgerOver)
      const [next] = yield* write(ledger, "mine", "next")
      expect(next?.position).toBe(2_501)
      expect(yield* verifyPostgres(database(), { schema })).toMatchObject({ head: 2_501, records: 2_501, flaws: [] })
    }),
  )
  const broken: ReadonlyArray<readonly [string, ReadonlyArray<string>, number, RegExp]> = [
    ["a line that is none", [lineOf(1), "{", lineOf(2)], 2, /^invalid json/u],
    ["a copy of an event id", ["", lineOf(1), lineOf(2), lineOf(1)], 4, /^evt_1 stands in a line before/u],
    ["a copy far behind", [...Array.from({ length: 1_500 }, (_, i) => lineOf(i)), lineOf(3)], 1_501, /^evt_3 stands/u],
    ["half a batch", [lineOf(1), lineOf(2, ',"batch":[0,2]')], 2, /incomplete batch/u],
  ]
  for (const [name, lines, line_number, reason] of broken)
    promise(`are refused as a whole for ${name}, which is named`, () =>
      Effect.gen(function* () {
        const schema = freshSchema()
        const refused = yield* Effect.flip(importing(schema, lines))
        expect(refused).toBeInstanceOf(ImportRefused)
        expect(refused).toMatchObject({ line_number, reason: expect.stringMatching(reason) })
        expect(yield* sql(`SELECT position FROM ${schema}.facts`)).toEqual([])
        expect(yield* importing(schema, [lineOf(1)])).toBe(1)
      }),
    )
  promise("do not mix with records that are there", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const ledger = yield* Effect.flatMap(open(schema), ledgerOver)
      yield* write(ledger, "mine", "one")
      expect(yield* Effect.flip(importing(schema, [lineOf(1)]))).toMatchObject({
        _tag: "StoreRefused",
        reason: expect.stringContaining("empty ledger only"),
      })
      expect((yield* collect(ledger.read())).map(textOf)).toEqual(["one"])
      const lines = (yield* collect(ledger.read())).map((event) => encodeLine(event))
      expect(yield* importing(freshSchema(), lines)).toBe(1)
    }),
  )
})

describe("a walk over the records", () => {
  promise("names what was removed, changed, put under another job, or written past the head", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      yield* importing(
        schema,
        Array.from({ length: 12 }, (_, i) => lineOf(i + 1)),
      )
      yield* sql(`ALTER TABLE ${schema}.facts DISABLE TRIGGER ALL`)
      yield* sql(`DELETE FROM ${schema}.facts WHERE position IN (2, 5, 6, 12)`)
      yield* sql(`UPDATE ${schema}.facts SET line = 'no json' WHERE position = 8`)
      yield* sql(`UPDATE ${schema}.facts SET job_id = 'theirs' WHERE position = 9`)
      yield* sql(`UPDATE ${schema}.facts SET position = 14 WHERE position = 11`)
      const { flaws, records } = yield* verifyPostgres(database(), { schema })
      expect(records).toBe(7)
      expect(flaws).toEqual([
        { error: "records stand behind the head, up to 14; the head says 12" },
        { position: 2, error: "the record is missing" },
        { error: "the records 5 to 6 are missing" },
        { position: 8, error: expect.stringMatching(/^invalid json/u) },
        { position: 9, error: 'its job_id is "job-2", but it is found under "theirs"' },
        { error: "the records 11 to 12 are missing" },
      ])
    }),
  )
})
