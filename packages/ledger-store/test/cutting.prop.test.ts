/** What is cut out of a line is what parsing it says. */
import { decode_whole, decodeLine, encodeLine, type LedgerEvent } from "@waybill/ledger"
import { Result } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import { measure, SealedEvent } from "../src/jsonl/Envelope.ts"
import { latin1, Remembered } from "../src/jsonl/latin1.ts"
import { type FieldLengths, Flag, Rows } from "../src/jsonl/Rows.ts"

const name = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 12 })
const event: fc.Arbitrary<LedgerEvent> = fc.record({
  schema_version: fc.constant(1 as const),
  event_id: name,
  request_id: name,
  job_id: name,
  event_type: name,
  occurred_at: fc.constantFrom("2026-04-28T12:00:00Z", "2026-04-28T12:00:00.123456Z"),
  actor: fc.oneof(fc.constantFrom("ada", "bob", "worker:1"), name),
  payload: fc.dictionary(fc.string({ unit: "grapheme", maxLength: 5 }), fc.jsonValue()) as fc.Arbitrary<
    LedgerEvent["payload"]
  >,
})

const flagsOf = (line: string) =>
  Flag.readable | Flag.cuttable | (Buffer.byteLength(line) === line.length ? Flag.ascii : 0)

const sealed = (line: string, { event_type, job_id }: LedgerEvent, lengths: FieldLengths, behind = "") => {
  const before = "what another record says\n"
  const rows = new Rows()
  const bytes = Buffer.byteLength(line)
  const offset = before.length
  rows.add({ offset, bytes, blanks: 0, flags: flagsOf(line), previous: 0, job: 7, id_hash: 0, type_at: 0, lengths })
  const block = Buffer.from(`${before}${line}\n${behind}`)
  return new SealedEvent(7, job_id, event_type, { rows, block, start: 0, isReleased: false }, 0)
}

it("a sealed event as a whole is what its line says, whatever the payload holds", () => {
  let cuttable = 0
  fc.assert(
    fc.property(event, (each) => {
      const line = encodeLine(each)
      const lengths = measure(line, each)
      if (lengths === undefined || Result.isFailure(decodeLine(line))) return
      cuttable++
      const whole = sealed(line, each, lengths)[decode_whole]()
      expect(whole).toEqual({ ...Result.getOrThrow(decodeLine(line)), position: 7 })
    }),
    { numRuns: 2000 },
  )
  expect(cuttable).toBeGreaterThan(200)
})

it("a row that tells more than its line holds is not believed, and nothing behind the line is told", () => {
  const each: LedgerEvent = {
    schema_version: 1,
    event_id: "evt_1",
    request_id: "req_1",
    job_id: "job-1",
    event_type: "a.b",
    occurred_at: "2026-04-28T12:00:00Z",
    actor: "ada",
    payload: {},
  }
  const line = encodeLine(each)
  const lengths = measure(line, each)
  if (lengths === undefined) throw new Error("the line can be cut")
  for (const actor of [200, 65_535]) {
    const event = sealed(line, each, { ...lengths, actor }, "a secret of another job".repeat(10))
    expect(event[decode_whole]()).toEqual({ ...each, position: 7 })
  }
})

it("a text that was met before is the text that stands there, however many others share its place", () => {
  const remembered = new Remembered()
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme-ascii", maxLength: 4 }), { maxLength: 50 }), (texts) => {
      const block = Buffer.from(texts.join(""))
      let at = 0
      for (const text of texts) {
        expect(remembered.at(block, at, at + text.length)).toBe(text)
        expect(latin1(block, at, at + text.length)).toBe(text)
        at += text.length
      }
    }),
  )
})
