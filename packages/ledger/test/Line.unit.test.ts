import {
  decodeLine,
  encodeJson,
  encodeLine,
  formatTime,
  isTime,
  type Json,
  type JsonObject,
  line_depth_max,
  type LedgerEvent,
  parseTime,
} from "@waybill/ledger"
import { Result } from "effect"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"

const golden = (name: string): ReadonlyArray<string> =>
  readFileSync(new URL(`./golden/${name}.jsonl`, import.meta.url), "utf8")
    .split("\n")
    .slice(0, -1)

const event: LedgerEvent = {
  schema_version: 1,
  event_id: "evt_job.accepted_j1_000001",
  request_id: "r1",
  job_id: "j1",
  event_type: "job.accepted",
  occurred_at: "2026-04-28T12:00:00Z",
  actor: "ada",
  payload: {},
}
const reasonOf = (line: string): string | undefined => {
  const result = decodeLine(line)
  return Result.isFailure(result) ? result.failure.reason : undefined
}
const withKey = (key: string, value: string): string =>
  encodeLine(event).replace(/\}$/, `,${JSON.stringify(key)}:${value}}`)

describe("the bytes of a line are fixed", () => {
  const written: ReadonlyArray<readonly [string, LedgerEvent]> = [
    ["an empty payload is left out", event],
    [
      "keys in byte order, where UTF-16 order differs",
      { ...event, payload: { "\uff61": 1, "\u{10000}": 2, z: 3, A: 4, "": 5, "\ue000": 6, é: 7, z1: 8 } },
    ],
    [
      "escapes",
      {
        ...event,
        actor: "<a>&\u2028\u2029",
        payload: { "<k>&": '"\\/\b\f\n\r\t\u0000\u001f\u007f\u2028\u2029é\u{1f6aa}' },
      },
    ],
    [
      "numbers",
      {
        ...event,
        payload: {
          n: [0, -0, 1.0, 1e21, 1e20, 1e-6, 1e-7, 5e-324, 1.7976931348623157e308, 123456789012345680000, 0.1],
        },
      },
    ],
    ["a batch", { ...event, payload: { a: null, b: true, c: [], d: {} }, batch: [1, 3] }],
    [
      "keys that are ordinary here",
      { ...event, payload: JSON.parse('{"__proto__":{"x":1},"constructor":2,"toString":[]}') },
    ],
  ]
  const lines = golden("written")
  it.each(written.map(([name, value], i) => [name, value, lines[i]] as const))("%s", (_, value, line) => {
    expect(encodeLine(value)).toBe(line)
    expect(Result.getOrThrow(decodeLine(line ?? ""))).toEqual(value)
  })
  it("every golden line has its case", () => expect(lines.length).toBe(written.length))

  it("the contract's example is written as it was read", () => {
    const [line = ""] = golden("reference")
    expect(encodeLine(Result.getOrThrow(decodeLine(line)))).toBe(line)
  })
})

describe("a line is refused for the first thing that is wrong, in the contract's words", () => {
  // Each line also has every mistake of the cases after it.
  const without = (...keys: ReadonlyArray<string>) =>
    JSON.stringify({
      ...Object.fromEntries(Object.entries({ ...event, payload: { a: 1 } }).filter(([key]) => !keys.includes(key))),
      occurred_at: keys.includes("occurred_at") ? undefined : "yesterday",
    })
  const names = ["event_id", "request_id", "job_id", "event_type", "occurred_at", "actor"]
  it.each([
    ["", /^invalid json: /],
    ["{", /^invalid json: /],
    ["\ufeff{}", /^invalid json: /],
    ["[]", /^invalid json: a ledger line is one object$/],
    ["null", /^invalid json: a ledger line is one object$/],
    [`${encodeLine(event)} {}`, /^invalid json: /],
    [withKey("payload", "[]"), /^invalid json: payload must be an object$/],
    [withKey("actor", "5"), /^invalid json: actor must be a string$/],
    [withKey("schema_version", '"1"'), /^invalid json: schema_version must be an integer$/],
    [withKey("schema_version", "1.5"), /^invalid json: schema_version must be an integer$/],
    ...[
      "[3,3]",
      "[-1,2]",
      "[0.5,2]",
      "[0,1.5]",
      "[0]",
      "[0,1,2]",
      '{"0":0,"1":1,"length":2}',
      '"01"',
      "7",
      '["0","1"]',
    ].map((batch) => [withKey("batch", batch), /^invalid json: batch must be \[index, count\]$/] as const),
    ["5", /^invalid json: a ledger line is one object$/],
    ['"text"', /^invalid json: a ledger line is one object$/],
    [withKey("payload", '{"n":1e400}'), /^invalid json: a number is too large$/],
    [withKey("payload", `{"n":${"9".repeat(400)}}`), /^invalid json: a number is too large$/],
    [withKey("payload", `{"n":${"9".repeat(300)}e10}`), /^invalid json: a number is too large$/],
    ["{}", /^schema_version mismatch: got 0 want 1$/],
    ['{"schema_version":null}', /^schema_version mismatch: got 0 want 1$/],
    ['{"schema_version":2,"actor":""}', /^schema_version mismatch: got 2 want 1$/],
    ...names.map((name, i) => [without(...names.slice(i)), new RegExp(`^${name} is required$`)] as const),
    [withKey("event_id", '"\\t "'), /^event_id is required$/],
    [withKey("job_id", "null"), /^job_id is required$/],
    [withKey("request_id", '"a b"'), /^request_id "a b" must not contain whitespace$/],
    [withKey("request_id", '"a\\tb"'), /^request_id "a\\tb" must not contain whitespace$/],
    [without(), /^invalid occurred_at: "yesterday" is not RFC 3339$/],
  ] as ReadonlyArray<readonly [string, RegExp]>)("%s", (line, reason) => expect(reasonOf(line)).toMatch(reason))

  it("what is open stays open: unknown keys and types, null payloads, duplicate keys", () => {
    expect(reasonOf(withKey("tenth", "[1]"))).toBeUndefined()
    expect(reasonOf(withKey("event_type", '"made.up"'))).toBeUndefined()
    expect(Result.getOrThrow(decodeLine(withKey("payload", "null"))).payload).toEqual({})
    expect(Result.getOrThrow(decodeLine(withKey("actor", '"last"'))).actor).toBe("last")
  })

  it("a message never grows with the line", () => {
    expect(reasonOf(withKey("request_id", `"a ${"b".repeat(100_000)}"`))?.length).toBeLessThan(300)
    expect(reasonOf(withKey("schema_version", "[".repeat(100_000) + "]".repeat(100_000)))).toMatch(/^invalid json/)
  })
})

describe("nesting", () => {
  const nested = (levels: number) => withKey("payload", `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`)
  it("a line as deep as the contract takes is read and written again", () => {
    const line = nested(line_depth_max - 2)
    expect(encodeLine(Result.getOrThrow(decodeLine(line)))).toBe(line)
  })
  /** The same value, so many levels down, in objects and arrays in turn. */
  const buried = (value: Json, levels: number): Json => {
    let inner = value
    for (let level = 0; level < levels; level++)
      inner = level % 2 === 0 ? { b: inner, a: [1], "": null } : [level, inner, "x"]
    return inner
  }
  it.each([510, 511, 512, 513, 514, 1500])("%d levels down a value is written as it is at the top", (levels) => {
    const values: ReadonlyArray<Json> = [
      { z: [1, [2, -0], {}], "\ue000": "<", "\u{10000}": [], a: null, "<": { y: true, x: false } },
      [],
      [[], {}, "a", 1.5],
      "\u2028",
      7,
    ]
    for (const value of values) {
      const text = encodeJson(buried(value, levels))
      const shallow = encodeJson(value)
      // Peeled off level by level, nothing else is there.
      let rest = text
      for (let level = levels - 1; level >= 0; level--) {
        const [before, after] = level % 2 === 0 ? ['{"":null,"a":[1],"b":', "}"] : [`[${level},`, ',"x"]']
        if (!rest.startsWith(before) || !rest.endsWith(after)) throw new Error(`level ${level} is ${rest.slice(0, 30)}`)
        rest = rest.slice(before.length, rest.length - after.length)
      }
      expect(rest).toBe(shallow)
    }
  })
  it("a key without a value is left out, however deep", () => {
    const holey = { a: undefined, b: 1, c: undefined } as object as JsonObject
    for (const levels of [0, 600]) expect(encodeJson(buried(holey, levels))).toContain('{"b":1}')
  })
  it("a deeper one is refused", () => {
    expect(reasonOf(nested(line_depth_max))).toBe(`invalid json: nested deeper than ${line_depth_max} levels`)
    expect(reasonOf(nested(2_000_000))).toMatch(/^invalid json/)
  })
})

describe("keys are in the order of their bytes", () => {
  it.each<readonly [ReadonlyArray<string>]>([
    [["a", "aa", "ab", "b"]],
    [["", "\u0000", "a"]],
    [["\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"]],
    [["z", "é", "\u{10000}"]],
    [["\ue000\u{10000}", "\uffff", "\u{10000}\ue000", "\u{10000}\u{10000}"]],
  ])("%j", (keys) => {
    const orders = [keys, keys.toReversed(), [...keys.slice(1), ...keys.slice(0, 1)]]
    for (const order of orders) {
      const value = Object.fromEntries(order.map((key) => [key, 0]))
      expect(encodeJson(value)).toBe(`{${keys.map((key) => `${encodeJson(key)}:0`).join(",")}}`)
      expect(encodeJson([[value]])).toBe(`[[${encodeJson(value)}]]`)
    }
  })
  it("a number that JSON cannot say is null", () => {
    expect(encodeJson([Number.NaN, Infinity, -Infinity])).toBe("[null,null,null]")
  })
})

describe("lone surrogates become U+FFFD on the way in", () => {
  it.each([
    ['"\\ud800"', "\ufffd"],
    ['"\\udfff\\ud83d\\udeaa"', "\ufffd\u{1f6aa}"],
    ['"\\\\ud800"', "\\ud800"],
    ['"\\ud83d\\ud83d\\udeaa"', "\ufffd\u{1f6aa}"],
    ['"\\uD83D\\uDEAA"', "\u{1f6aa}"],
    ['"\\n\\ud800\\t"', "\n\ufffd\t"],
    ['"\ud800"', "\ufffd"],
    ['"\\u00e9"', "é"],
  ])("%s", (text, read) => expect(Result.getOrThrow(decodeLine(withKey("actor", text))).actor).toBe(read))
})

describe("times", () => {
  it.each([
    [0, "1970-01-01T00:00:00Z"],
    [1777377600500, "2026-04-28T12:00:00.5Z"],
    [1777377600050, "2026-04-28T12:00:00.05Z"],
    [1777377600123, "2026-04-28T12:00:00.123Z"],
    [1777377600000, "2026-04-28T12:00:00Z"],
    [-62167219200000, "0000-01-01T00:00:00Z"],
  ])("%d is written %s", (ms, text) => expect(formatTime(ms)).toBe(text))
  it("the first and the last are written, and fractions of a millisecond dropped", () => {
    expect(formatTime(253402300799999)).toBe("9999-12-31T23:59:59.999Z")
    expect(formatTime(-62167219200000)).toBe("0000-01-01T00:00:00Z")
    expect(formatTime(1777377600500.9)).toBe("2026-04-28T12:00:00.5Z")
  })
  it("a time that no reader takes is not written", () => {
    for (const ms of [Number.NaN, Infinity, 253402300800000, -62167219200001])
      expect(() => formatTime(ms)).toThrow(new RangeError(`${ms} ms is not in the years 0 to 9999`))
  })
  it.each([
    "2028-02-29T00:00:00Z",
    "2026-01-31T23:59:59Z",
    "2026-12-31T00:00:00.123456789123Z",
    "2026-01-29T00:00:00-23:59",
  ])("%s is one", (text) => {
    expect(isTime(text)).toBe(true)
    expect(parseTime(text)).toBe(
      BigInt(Date.parse(text.replace(/(\.\d{3})\d*/u, "$1"))) * 1_000_000n + BigInt(text.includes(".") ? 456_789 : 0),
    )
  })
  it.each(["", ".5", ".55", ".555", ".5555", ".55555", ".555555", ".5555555", ".55555555", ".555555555"])(
    "%s is read to the nanosecond",
    (fraction) => {
      const ns = BigInt(fraction.slice(1).padEnd(9, "0"))
      expect(parseTime(`2026-04-28T12:00:00${fraction}Z`)).toBe(1777377600000000000n + ns)
    },
  )
  it("offsets name the same instant", () =>
    expect(parseTime("2026-04-28T14:00:00+02:00")).toBe(parseTime("2026-04-28T12:00:00Z")))
  it.each([
    "2026-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:60:00Z",
    "2026-01-01T00:00:60Z",
    "2026-01-01T00:00:00",
    "2026-01-01 00:00:00Z",
    "2026-01-01T00:00:00.Z",
    "2026-01-01T00:00:00+24:00",
    "2026-1-1T00:00:00Z",
    "",
    " 2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00Z ",
    "2026-01-01T00:00:00.5xZ",
    "2026-01-01T00:00:00.1234567890x1Z",
    "12026-01-01T00:00:00Z",
    "2026-01-281T00:00:00Z",
    "2026-06-31T00:00:00Z",
    "2026-01-32T00:00:00Z",
    "2025-02-29T00:00:00+01:00",
  ])("%s is no time", (text) => {
    expect(parseTime(text)).toBeUndefined()
    expect(isTime(text)).toBe(false)
  })
})
