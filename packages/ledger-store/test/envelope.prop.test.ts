import { encodeLine, type LedgerEvent } from "@waybill/ledger"
import fc from "fast-check"
import { expect, it } from "vitest"
import { measure, measureOwn } from "../src/jsonl/Envelope.ts"
import { pack } from "../src/jsonl/pack.ts"

/** What needs an escape or looks like the seams between fields, in plain characters. */
const seam = fc.constantFrom(
  '"',
  "\\",
  ",",
  '","payload":{',
  '","actor":"',
  '","payload":',
  "}",
  "{",
  ":",
  "\n",
  "a",
  "z-9",
  "evt_x",
)
/** What is not plain as it is written. */
const odd = fc.constantFrom("<", "&", "\u0001", "ü", "\u007f", "\u2028", "😀", "\ud800", "\\u", "\\ud800")
const word = fc.constantFrom("evt_x", "job-1", "a.b", "req 7")
const joined = (piece: fc.Arbitrary<string>) => fc.array(piece, { maxLength: 3 }).map((pieces) => pieces.join(""))
const text = fc.oneof(
  { weight: 30, arbitrary: word },
  { weight: 10, arbitrary: joined(seam) },
  { weight: 1, arbitrary: joined(fc.oneof(seam, odd)) },
)
const event: fc.Arbitrary<LedgerEvent> = fc.record(
  {
    schema_version: fc.constant(1 as const),
    event_id: text,
    request_id: text,
    job_id: text,
    event_type: text,
    occurred_at: fc.constant("2026-04-28T12:00:00Z"),
    actor: text,
    payload: fc.oneof(fc.constant({}), fc.dictionary(text, text, { maxKeys: 2 })),
    batch: fc.tuple(fc.nat(11), fc.integer({ min: 12, max: 13 })),
  },
  {
    requiredKeys: [
      "schema_version",
      "event_id",
      "request_id",
      "job_id",
      "event_type",
      "occurred_at",
      "actor",
      "payload",
    ],
  },
)

it("what a process knows of its own lines is what any reader finds out", () => {
  let plain = 0
  let cuttable = 0
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 2 }), (events) => {
      const records = events.map((each, i) => ({ event: { ...each, position: i + 1 }, line: encodeLine(each) }))
      const { bytes, isPlain, lengths } = pack(records)
      if (!isPlain) return
      plain++
      let at = 0
      for (const [i, { event, line }] of records.entries()) {
        const end = at + (lengths[i] ?? 0)
        const known = measureOwn(bytes, at, end, event)
        expect(known).toEqual(measure(line, event))
        if (known !== undefined) cuttable++
        at = end + 1
      }
    }),
    { numRuns: 3000 },
  )
  expect(plain).toBeGreaterThan(100)
  expect(cuttable).toBeGreaterThan(20)
})
