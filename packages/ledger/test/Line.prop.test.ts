import {
  decodeLine,
  encodeJson,
  encodeLine,
  isTime,
  jsonEqual,
  type JsonObject,
  type LedgerEvent,
  parseTime,
  utf8Bytes,
} from "@waybill/ledger"
import { Result } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import { anyJson, anyPayload } from "./support/histories.ts"

const runs = { numRuns: 2000 }
const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .filter((s) => s.trim() !== "" && s.isWellFormed())
const digits = fc.integer({ min: 0, max: 999_999_999 }).map((n) => (n === 0 ? "" : `.${String(n).replace(/0+$/, "")}`))
const event: fc.Arbitrary<LedgerEvent> = fc.record(
  {
    schema_version: fc.constant(1 as const),
    event_id: name,
    request_id: name.filter((s) => !/[ \t\r\n]/u.test(s)),
    job_id: name,
    event_type: name,
    occurred_at: digits.map((fraction) => `2026-04-28T12:00:00${fraction}Z`),
    actor: name,
    payload: anyPayload,
    batch: fc.tuple(fc.nat(5), fc.integer({ min: 6, max: 9 })),
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

it("what is written is what is read", () =>
  fc.assert(
    fc.property(event, (written) => {
      const line = encodeLine(written)
      const read = Result.getOrThrow(decodeLine(line))
      expect(read).toEqual(written)
      expect(encodeLine(read)).toBe(line)
    }),
    runs,
  ))

it("a line is one line, and plain JSON that any parser reads alike", () =>
  fc.assert(
    fc.property(event, (written) => {
      const line = encodeLine(written)
      expect(line).not.toMatch(/[\n\r<>&\u2028\u2029]/u)
      const { payload = {}, ...rest } = JSON.parse(line) as Partial<LedgerEvent>
      expect({ ...rest, payload }).toEqual(written)
    }),
    runs,
  ))

it("keys are in UTF-8 byte order", () =>
  fc.assert(
    fc.property(
      fc.uniqueArray(
        fc.string({ unit: "binary", maxLength: 4 }).filter((s) => s.isWellFormed()),
        { maxLength: 8 },
      ),
      (keys) => {
        const payload: JsonObject = Object.fromEntries(keys.map((key) => [key, 0]))
        const written = [...encodeJson(payload).matchAll(/"((?:[^"\\]|\\.)*)":/gu)].map(
          ([, key]) => JSON.parse(`"${key}"`) as string,
        )
        expect(written).toEqual([...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
      },
    ),
    runs,
  ))

it("no text makes the reader throw, and what it takes can be written", () => {
  const mutated = fc.tuple(event, fc.nat(), fc.nat(3), fc.string({ maxLength: 4 })).map(([e, at, cut, extra]) => {
    const line = encodeLine(e)
    const i = at % (line.length + 1)
    return line.slice(0, i) + extra + line.slice(i + cut)
  })
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.json(), mutated), (text) => {
      const read = decodeLine(text)
      if (Result.isFailure(read)) {
        expect(read.failure.reason).not.toBe("")
        return
      }
      expect(Result.getOrThrow(decodeLine(encodeLine(read.success)))).toEqual(read.success)
    }),
    runs,
  )
})

it("a line is taken exactly where every name is there, the version is 1, and the request id, the time and the marks are in order", () => {
  const texts = fc.constantFrom(
    "j1",
    "é",
    "",
    " ",
    "\t ",
    "\u00a0",
    " a",
    "a b",
    "a\tb",
    "a\u2028",
    "\u0000",
    5,
    null,
    undefined,
  )
  const odd = (honest: unknown, ...others: ReadonlyArray<unknown>) =>
    fc.oneof({ weight: 6, arbitrary: fc.constant(honest) }, { weight: 1, arbitrary: fc.constantFrom(...others) })
  const name_or_odd = fc.oneof({ weight: 6, arbitrary: fc.constant<unknown>("j1") }, { weight: 1, arbitrary: texts })
  const keys = fc.record({
    schema_version: odd(1, 0, 2, 1.5, "1", null, undefined),
    event_id: name_or_odd,
    request_id: name_or_odd,
    job_id: name_or_odd,
    event_type: name_or_odd,
    occurred_at: odd("2026-04-28T12:00:00Z", "", "2026-04-31T12:00:00Z", "yesterday", 5, null, undefined),
    actor: name_or_odd,
    payload: odd({ a: 1 }, {}, null, undefined, [], "x", { a: { b: [1, { c: "HUGE" }] } }),
    batch: odd(undefined, [0, 2], [2, 2], "0", [0], null),
    more: odd(undefined, 1, "HUGE", ["HUGE"]),
  })
  const isName = (value: unknown): boolean => typeof value === "string" && value.trim() !== ""
  fc.assert(
    fc.property(keys, (line) => {
      const text = JSON.stringify(line).replaceAll('"HUGE"', "1e999")
      const { actor, batch, event_id, event_type, job_id, occurred_at, payload, request_id, schema_version } = line
      const isTaken =
        schema_version === 1 &&
        [event_id, request_id, job_id, event_type, actor].every(isName) &&
        !/[ \t\r\n]/u.test(String(request_id)) &&
        occurred_at === "2026-04-28T12:00:00Z" &&
        !text.includes("1e999") &&
        (payload ?? {})?.constructor === Object &&
        (batch === undefined || batch === null || jsonEqual(batch, [0, 2]))
      expect(Result.isSuccess(decodeLine(text))).toBe(isTaken)
    }),
    { numRuns: 5000 },
  )
})

it("a text is a time exactly where it names an instant", () => {
  const time = fc
    .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
    .map((date) => date.toISOString())
  const edits = fc.array(fc.tuple(fc.nat(24), fc.constantFrom(..."0123456789-:.TZtz+ /", "", "00", "31")), {
    maxLength: 2,
  })
  fc.assert(
    fc.property(time, edits, (text, changes) => {
      const changed = changes.reduce((now, [at, by]) => now.slice(0, at) + by + now.slice(at + 1), text)
      expect(isTime(changed)).toBe(parseTime(changed) !== undefined)
    }),
    { numRuns: 5000 },
  )
})

it("two values are equal exactly where their bytes are", () =>
  fc.assert(
    fc.property(anyJson, anyJson, fc.constantFrom(0, -0), (a, b, zero) => {
      expect(jsonEqual(a, b)).toBe(encodeJson(a) === encodeJson(b))
      expect(jsonEqual([a, zero], [structuredClone(a), 0])).toBe(Object.is(zero, 0))
    }),
    runs,
  ))

it("how long a text is in UTF-8 is counted as the platform encodes it, lone surrogates too", () => {
  const anyText = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: "binary", maxLength: 300 }))
  const cut = fc.tuple(anyText, fc.nat(300)).map(([text, at]) => text.slice(at))
  fc.assert(
    fc.property(cut, (text) => {
      expect(utf8Bytes(text)).toBe(Buffer.byteLength(text))
    }),
    runs,
  )
})
