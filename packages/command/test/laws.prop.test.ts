import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { serialise } from "../src/Answer.ts"
import { bytesOf, readSizeLimit, shorten } from "../src/Cap.ts"
import { editDistance, nearest } from "../src/EditDistance.ts"
import { humanData, humanError, tabSeparated, table } from "../src/Human.ts"
import { visibleDrawing, visibleJson } from "../src/Visible.ts"
import { makeRequestId, readTraceId } from "../src/Ids.ts"
import { NotJson, toJsonable } from "../src/Jsonable.ts"
import { decodeCursor, encodeCursor, pageFacts } from "../src/Pages.ts"
import { parse } from "../src/Parse.ts"
import { plainText } from "../src/PlainText.ts"
import { route } from "../src/Route.ts"
import { makeStrayOutput } from "../src/StrayOutput.ts"

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const escape = String.fromCharCode(27)

describe("what goes into an answer", () => {
  it("any value becomes JSON, or is refused with a reason; JSON data stays what it is", () =>
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        (value) => {
          try {
            const made = toJsonable(value)
            expect(JSON.stringify(made)).toBe(made === undefined ? undefined : JSON.stringify(json(made)))
          } catch (error) {
            expect(error).toBeInstanceOf(NotJson)
          }
        },
      ),
      { numRuns: 500 },
    ))
  it("plain JSON data passes unchanged, and twice is once", () =>
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: fc.constantFrom("a", "ü", "1", " ", "😀") }), (value) => {
        expect(toJsonable(value)).toEqual(json(value))
      }),
    ))
  it("no escape sequence survives, and text without one is left alone [F-007]", () => {
    const sequence = fc
      .constantFrom("[31m", "[0m", "]0;title\u0007", "]8;;http://x\u001b\\", "[2J", "c", "(")
      .map((tail) => escape + tail)
    fc.assert(
      fc.property(fc.array(fc.oneof(sequence, fc.constantFrom("a", "\r", "ü", " ", "\n"))), (parts) => {
        const plain = plainText(parts.join(""))
        expect(plain).not.toMatch(new RegExp(`[${escape}\r]`))
        expect(plainText(plain)).toBe(plain)
      }),
    )
    expect(plainText("just words, ümlaut\n")).toBe("just words, ümlaut\n")
  })
})

describe("the size limit", () => {
  const data = fc.oneof(
    fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 40 }),
    fc.dictionary(
      fc.string(),
      fc.oneof(
        fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 40 }),
        fc.string({ maxLength: 300, unit: "binary" }),
      ),
    ),
  )
  it("what is shortened fits, is a prefix, and counts what it left out", () =>
    fc.assert(
      fc.property(data, fc.integer({ min: 2, max: 2_000 }), (whole, budget) => {
        const { data: kept, truncation } = shorten(whole, budget)
        expect(bytesOf(kept)).toBeLessThanOrEqual(Math.max(2, budget))
        if (truncation === undefined) expect(kept).toEqual(whole)
        else expect(bytesOf(whole)).toBeGreaterThan(budget)
        if (Array.isArray(whole) && Array.isArray(kept)) {
          expect(whole.slice(0, kept.length)).toEqual(kept)
          if (truncation !== undefined)
            expect(truncation).toEqual({ total_count: whole.length, returned_count: kept.length })
        }
      }),
      { numRuns: 500 },
    ))
  it("an answer is one line of JSON within its limit, whatever is in it [F-052]", () =>
    fc.assert(
      fc.property(data, fc.integer({ min: 700, max: 5_000 }), (whole, limit) => {
        const meta = { duration_ms: 1, timeout_ms: 1 }
        const line = serialise({ ok: true, data: whole, error: null, warnings: [], meta }, limit, "hint")
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(limit)
        expect(line.indexOf("\n")).toBe(line.length - 1)
        const read: { readonly data: unknown; readonly meta: { readonly truncated?: boolean } } = JSON.parse(line)
        if (read.meta.truncated !== true) expect(read.data).toEqual(json(whole))
      }),
    ))
  it("the variable that sets it is heeded, or warned about", () =>
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { bytes, warning } = readSizeLimit(text)
        expect(warning === undefined).toBe(text === "" || /^[1-9]\d{0,14}$/.test(text))
        expect(bytes).toBeGreaterThan(0)
      }),
    ))
})

describe("the command line", () => {
  const flags = {
    name: { type: "string", required: false, description: "x" },
    count: { type: "integer", required: false, description: "x", short: "c" },
    loud: { type: "boolean", required: false, description: "x" },
    many: { type: "array", required: false, description: "x" },
    first: { type: "string", required: false, description: "x", positional: 0 },
    rest: { type: "array", required: false, description: "x", positional: 1 },
  } as const

  it("nothing that is typed makes it throw, and every word is either read or told about", () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.constantFrom("--name", "--count", "-c", "--loud", "--no-loud", "--many", "--", "--loud=no"),
          ),
        ),
        (words) => {
          const { errors, given } = parse(words, flags)
          expect(errors.every(({ code, message }) => code !== "" && message !== "")).toBe(true)
          expect([...given.keys()].every((name) => Object.hasOwn(flags, name))).toBe(true)
        },
      ),
      { numRuns: 500 },
    ))
  it("what was meant is what is read, in any order of flags", () => {
    const value = fc.stringMatching(/^[a-z]{1,6}$/)
    const parts = fc.record({
      name: value,
      count: fc.integer(),
      loud: fc.boolean(),
      many: fc.array(value, { minLength: 1 }),
    })
    fc.assert(
      fc.property(
        parts,
        fc.array(value, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        ({ count, loud, many, name }, free, isInline) => {
          const typed = [
            isInline ? [`--name=${name}`] : ["--name", name],
            [`--count=${count}`],
            [loud ? "--loud" : "--no-loud"],
            ...many.map((each) => ["--many", each]),
          ]
          const words = [...typed.toReversed().flat(), ...free]
          const { errors, given } = parse(words, flags)
          expect(errors).toEqual([])
          expect(Object.fromEntries(given)).toEqual({
            name,
            count,
            loud,
            many: many.toReversed(),
            first: free[0],
            ...(free.length > 1 ? { rest: free.slice(1) } : {}),
          })
        },
      ),
    )
  })
  it("a flag that is given twice is refused, unless it is a list", () => {
    expect(parse(["--name", "a", "--name", "b"], flags).errors).toMatchObject([
      { param: "--name", code: "FLAG_DUPLICATE" },
    ])
    expect(parse(["--loud", "--loud"], flags).errors).toMatchObject([{ code: "FLAG_DUPLICATE" }])
    expect(parse(["--many", "a", "--many", "b"], flags).errors).toEqual([])
  })
  it("a value that is missing does not swallow the next flag", () => {
    expect(parse(["--name", "--loud"], flags).errors).toEqual([
      expect.objectContaining({ param: "--name", code: "FLAG_VALUE_MISSING" }),
    ])
  })
  it("the longest command wins, flags may stand before it, and what follows is its own", () => {
    const names = new Map([
      ["job", "job"],
      ["job.status", "job.status"],
      ["ledger.show", "ledger.show"],
      ["st", "job.status"],
    ])
    expect(route(["--output", "json", "job", "status", "x"], names)).toEqual({
      kind: "command",
      path: "job.status",
      words: ["--output", "json", "x"],
    })
    expect(route(["job", "7"], names)).toMatchObject({ kind: "command", path: "job", words: ["7"] })
    expect(route(["st"], names)).toMatchObject({ kind: "command", path: "job.status" })
    expect(route(["ledger"], names)).toMatchObject({ kind: "group", path: "ledger" })
    expect(route(["ledger", "shwo"], names)).toEqual({ kind: "unknown", word: "shwo", group: "ledger", meant: "show" })
    expect(route(["job", "--", "status"], names)).toMatchObject({
      kind: "command",
      path: "job",
      words: ["--", "status"],
    })
  })
  it("the distance of words is the same both ways, and one slip is always recognised", () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), fc.nat(7), (a, b, at) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a))
        expect(editDistance(a, b) === 0).toBe(a === b)
        const swapped = a.slice(0, at) + (a[at + 1] ?? "") + (a[at] ?? "") + a.slice(at + 2)
        expect(editDistance(a, swapped)).toBeLessThanOrEqual(1)
        if (a.length > 2) expect([nearest(`${a}x`, [a]), nearest(swapped, [a])]).toEqual([a, a])
      }),
    ))
})

describe("ids and pages", () => {
  it("a request id is a UUID of version 7, and later ones sort later [F-025]", () =>
    fc.assert(
      fc.property(
        fc.nat(2 ** 47),
        fc.nat(2 ** 20),
        fc.uint8Array({ minLength: 10, maxLength: 10 }),
        (time, later, random) => {
          const id = makeRequestId(time, random)
          expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
          expect(makeRequestId(time + 1 + later, random) > id).toBe(true)
        },
      ),
    ))
  it("a trace id has no control characters and at most 256 characters [F-024]", () =>
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
        expect(readTraceId(text) ?? "x").toMatch(/^\P{Cc}{1,256}$/u)
      }),
    ))
  it("a cursor is read back, is safe anywhere, and any other text is refused as an argument [F-019]", () =>
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, text) => {
        const cursor = encodeCursor(value)
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/)
        expect(decodeCursor(cursor)).toEqual(json(value))
        try {
          decodeCursor(text)
        } catch (error) {
          expect(error).toMatchObject({ options: { exit: "ARG_ERROR", code: "INVALID_CURSOR" } })
        }
      }),
    ))
  it("a page counts its items wherever they are [F-018 O-003]", () => {
    expect(pageFacts({ items: [1, 2], name: "x" }, { total: 5, next_cursor: "n" })).toEqual({
      total: 5,
      returned: 2,
      truncated: true,
      has_more: true,
      next_cursor: "n",
    })
    expect(pageFacts([], {})).toEqual({
      total: null,
      returned: 0,
      truncated: false,
      has_more: false,
      next_cursor: null,
    })
  })
})

// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const obeyed = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/u
const hostile_marks = [escape, `${escape}[2J`, "\u009b2J", "\u0007", "\b", "\r", "\n", "\u202e", "\u007f"]

it("what JSON would write as an empty object is refused by name, with what to answer in its place", () => {
  for (const [value, name, instead] of [
    [new Map([["a", 1]]), "Map", "Object.fromEntries"],
    [new Set([1]), "Set", "[...set]"],
    [Promise.resolve(1), "Promise", "await it"],
  ] as const) {
    expect(() => toJsonable({ items: [value] })).toThrow(NotJson)
    expect(() => toJsonable({ items: [value] })).toThrow(`data.items[0] is a ${name}, which JSON would lose`)
    expect(() => toJsonable(value)).toThrow(instead)
  }
})

describe("text for people", () => {
  const row = fc.dictionary(
    fc.constantFrom("label", "name", "size"),
    fc.oneof(fc.string({ maxLength: 60 }), fc.integer(), fc.constant(null)),
  )
  it("a table has one line per row and is no wider than the terminal", () =>
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), fc.integer({ min: 20, max: 120 }), (rows, columns) => {
        const lines = table(
          rows.map((each) => ({ ...each })),
          { columns, colour: false },
        ).split("\n")
        expect(lines).toHaveLength(rows.length + 1)
        for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns)
      }),
    ))
  it("an id is whole however narrow the terminal is, and the other columns give way", () =>
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 60 }), (rows, columns) => {
        const named = rows.map((each, n) => ({ job_id: `job-${"x".repeat(30)}-${n}`, ...each }))
        const [, ...lines] = table(named, { columns, colour: false }).split("\n")
        for (const [n, line] of lines.entries()) {
          expect(line.startsWith(`job-${"x".repeat(30)}-${n}`)).toBe(true)
          expect([...line].length).toBeLessThanOrEqual(Math.max(columns, 36 + 3 * 6))
        }
      }),
    ))
  it("any JSON has a text, and colours only where they are wanted", () =>
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: fc.constantFrom("a", "é", "漢") }), (value) => {
        expect(humanData(value, { columns: 80, colour: false })).not.toContain(escape)
      }),
    ))
  it("no terminal obeys data: a text holds line ends and no other control character, whatever the data is", () =>
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: fc.constantFrom("a", ...hostile_marks) }), (value) => {
        expect(humanData(value, { columns: 80, colour: false })).not.toMatch(obeyed)
      }),
    ))
  it("nor an error, and no later line of one stands where a line of the program's own would", () =>
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("error:", "a", ...hostile_marks) }), (text) => {
        const text_fields = { message: text, detail: text, suggestion: text, fix_required: text }
        const error = { code: "X", retryable: false, phase: "execution", exit_code: 1, ...text_fields } as const
        const field = { param: "--a", field: "a", code: "X", message: text }
        const shown = humanError({ ...error, errors: [field, field] }, { columns: 80, colour: false })
        expect(shown).not.toMatch(obeyed)
        expect(shown.split("\n").filter((line) => line.startsWith("error:"))).toHaveLength(1)
      }),
    ))
  it("what a command drew keeps its lines and colours, and nothing else that a terminal obeys", () =>
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", `${escape}[1m`, ...hostile_marks) }), (text) => {
        expect(visibleDrawing(text, true).replaceAll(`${escape}[1m`, "")).not.toMatch(obeyed)
        expect(visibleDrawing(text, false)).not.toMatch(obeyed)
        const lines = text.split("\n").length
        expect(visibleDrawing(text, true).split("\n")).toHaveLength(lines)
      }),
    ))
  it("JSON for a terminal is the same JSON", () =>
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: fc.constantFrom("a", ...hostile_marks) }), (value) => {
        const json = visibleJson(JSON.stringify(value))
        expect(json).not.toMatch(obeyed)
        expect(JSON.stringify(JSON.parse(json))).toBe(JSON.stringify(value))
      }),
    ))
  it("tab-separated rows have the same number of fields in every line", () =>
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), (rows) => {
        const lines = tabSeparated({ items: rows.map((each) => ({ ...each })) })
          .split("\n")
          .slice(0, -1)
        expect(new Set(lines.map((line) => line.split("\t").length)).size).toBe(1)
        expect(lines).toHaveLength(rows.length + 1)
      }),
    ))
})

it("stray output is the same however its bytes arrive", () =>
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.constantFrom("words", "{}", "[1]", "ümlaut", "", `${escape}[1mbold`),
          fc.constant("x".repeat(3_000)),
        ),
      ),
      fc.array(fc.nat(50), { maxLength: 50 }),
      (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""))
        const whole = makeStrayOutput()
        whole.take(bytes)
        const split = makeStrayOutput()
        let at = 0
        for (const cut of cuts) {
          split.take(bytes.subarray(at, at + cut))
          at += cut
        }
        split.take(bytes.subarray(at))
        expect(split.warnings()).toEqual(whole.warnings())
        expect(whole.warnings().join("\n")).not.toContain("{}")
      },
    ),
  ))
