import { jsonEqual, ownJson, payload_depth_max } from "@waybill/ledger"
import { Result } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { anyJson, oddKey } from "./support/histories.ts"

const runs = { numRuns: 2000 }
const isFrozen = (value: unknown): boolean =>
  typeof value !== "object" || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen))
const issuesOf = (value: unknown) => {
  const result = ownJson(value)
  return Result.isFailure(result) ? result.failure.map(({ path, message }) => `${path} ${message}`) : []
}

describe("an owned value is a frozen deep copy", () => {
  it("equal to the original, whatever happens to that later", () =>
    fc.assert(
      fc.property(fc.dictionary(oddKey, anyJson), (original) => {
        const before = structuredClone(original)
        const owned = Result.getOrThrow(ownJson(original))
        for (const key of Object.keys(original)) Reflect.deleteProperty(original, key)
        original["later"] = 1
        expect(jsonEqual(owned, before)).toBe(true)
        expect(isFrozen(owned)).toBe(true)
      }),
      runs,
    ))
  it("undefined entries are left out, `__proto__` is an ordinary key", () => {
    const owned = Result.getOrThrow(ownJson({ a: undefined, ["__proto__"]: { polluted: true } }))
    expect(Object.keys(owned as object)).toEqual(["__proto__"])
    expect(Object.getPrototypeOf(owned)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined()
  })
  it("a shared value is copied wherever it occurs", () => {
    const shared = { x: 1 }
    expect(Result.getOrThrow(ownJson([shared, { shared }]))).toEqual([{ x: 1 }, { shared: { x: 1 } }])
  })
})

describe("whatever JSON cannot carry is named", () => {
  class Point {
    readonly x = 1
  }
  it("every place at once", () =>
    expect(
      issuesOf({
        f: () => 0,
        s: Symbol("s"),
        n: [1n, Number.NaN, Infinity, undefined],
        // oxlint-disable-next-line no-sparse-arrays -- a hole is what this looks for
        hole: [1, , 2],
        date: new Date(0),
        point: new Point(),
        map: new Map(),
        text: "a\ud800",
        "\udc00": 1,
        ok: { deep: [null, true, "é", -0] },
      }),
    ).toEqual([
      "f is a function, which JSON cannot carry",
      "s is a symbol, which JSON cannot carry",
      "n.0 is a bigint, which JSON cannot carry",
      "n.1 is not a finite number",
      "n.2 is not a finite number",
      "n.3 is undefined, which JSON cannot carry",
      "hole.1 is undefined, which JSON cannot carry",
      "date is not a plain object",
      "point is not a plain object",
      "map is not a plain object",
      "text contains a lone surrogate, which UTF-8 cannot carry",
      "\udc00 has a key with a lone surrogate",
    ]))
  it.each([undefined, () => 0, new Date(0), Object.create({ inherited: 1 })])("at the root: %s", (value) =>
    expect(issuesOf(value)).toHaveLength(1),
  )
  it("a value that contains itself, also many times over", () => {
    const one: Record<string, unknown> = {}
    one["a"] = one
    const many: Array<unknown> = []
    many.push(many, [many, many], many)
    expect(issuesOf(one)).toEqual(["a contains itself, so it is nested without end"])
    expect(issuesOf(many)).toHaveLength(4)
  })
  it("nesting has an end", () => {
    const nest = (levels: number): unknown => (levels === 0 ? 1 : JSON.parse("[".repeat(levels) + "]".repeat(levels)))
    expect(issuesOf(nest(payload_depth_max))).toEqual([])
    const [end, start] = ["0.".repeat(50), ".0".repeat(50)]
    expect(issuesOf(nest(payload_depth_max + 1))).toEqual([`${end}…${start} is nested deeper than 512 levels`])
    expect(issuesOf(nest(100_000))).toHaveLength(1)
  })
  it("a path has an end: a long one is told by its two ends, and a cut character is none", () => {
    const key = `${"k".repeat(99)}😀${"z".repeat(1_000_000)}`
    const [issue = ""] = issuesOf({ [key]: { here: Number.NaN } })
    expect(issue).toBe(`${"k".repeat(99)}\u{fffd}…${"z".repeat(95)}.here is not a finite number`)
    const short = "k".repeat(200)
    expect(issuesOf({ [short]: Number.NaN, "": Number.NaN })).toEqual([
      `${short} is not a finite number`,
      " is not a finite number",
    ])
  })
  it("a report has an end too, and starts at the beginning", () => {
    const issues = issuesOf(Array.from({ length: 1500 }, () => undefined))
    expect([issues.length, issues[0], issues.at(-1)]).toEqual([
      1000,
      "0 is undefined, which JSON cannot carry",
      "999 is undefined, which JSON cannot carry",
    ])
  })
  it("values have a number beyond which no line could hold them", () => {
    const most = 8_388_608
    const half = Array.from({ length: most / 2 }, () => 0)
    // The two lists and what holds them are values too.
    expect(issuesOf([half, half.slice(3)])).toEqual([])
    expect(issuesOf([half, half.slice(2)])).toEqual(["1 holds more than 8388608 values"])
    expect(issuesOf({ a: half, b: half.slice(3), c: 0 })).toEqual(["c is beyond the first 8388608 values"])
  })
  it("something thrown that is no error", () =>
    expect(
      issuesOf({
        get x(): never {
          // oxlint-disable-next-line typescript/only-throw-error -- whatever somebody throws
          throw "text"
        },
      }),
    ).toEqual(["x cannot be read: it throws"]))
  it("a list that claims to be endless", () =>
    expect(issuesOf({ a: Object.assign([], { length: 4_000_000_000 }) })).toEqual(["a holds more than 8388608 values"]))
  it("a getter is read once, and one that throws is an issue", () => {
    let reads = 0
    expect(
      Result.getOrThrow(
        ownJson({
          get x() {
            return ++reads
          },
        }),
      ),
    ).toEqual({ x: 1 })
    expect(
      issuesOf({
        a: {
          get b() {
            throw new Error("no")
          },
        },
      }),
    ).toEqual(["a.b cannot be read: no"])
    expect(
      issuesOf(
        new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error("no")
            },
          },
        ),
      ),
    ).toEqual(["(root) cannot be read: no"])
  })
  it("never throws, and takes exactly what comes back equal from its own text", () =>
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withNullPrototype: true,
          withSparseArray: true,
          withObjectString: true,
          withBoxedValues: true,
          withTypedArray: true,
        }),
        (value) => {
          const owned = ownJson(value)
          if (Result.isSuccess(owned)) expect(isFrozen(owned.success)).toBe(true)
          else expect(owned.failure.length).toBeGreaterThan(0)
        },
      ),
      runs,
    ))
})

describe("two values are equal", () => {
  it.each<readonly [unknown, unknown, boolean]>([
    [[], {}, false],
    [{}, [], false],
    [[1], { 0: 1 }, false],
    [{ 0: 1 }, [1], false],
    [[1, 2], [1], false],
    [[1], [1, 2], false],
    [{ a: 1 }, { b: 1 }, false],
    [{ a: undefined }, { b: undefined }, false],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ toString: 1 }, {}, false],
    [{}, { toString: 1 }, false],
    [{ a: 1, b: [2] }, { b: [2], a: 1 }, true],
    [null, {}, false],
    [{}, null, false],
    [null, null, true],
    [1, "1", false],
  ])("%j and %j: %s", (a, b, isEqual) => expect(jsonEqual(a, b)).toBe(isEqual))
})
