import { makeValidator } from "@waybill/ledger"
import { Result, Schema } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { around, cook, Nested, schemas, Tree } from "./support/schemas.ts"

describe.each(Object.entries(schemas))("%s", (_, schema) => {
  const recipes = around(schema, "strange")
  it.each(["open", "closed"] as const)("accepts what the schema accepts, and nothing else: %s", (keys) => {
    const { accepts, explain } = makeValidator(schema, keys)
    const decode = Schema.decodeUnknownResult(schema, {
      onExcessProperty: keys === "open" ? "ignore" : "error",
      errors: "all",
    })
    let accepted = 0
    fc.assert(
      fc.property(recipes, (recipe) => {
        const value = cook(recipe)
        const takes = Result.isSuccess(decode(value))
        expect(accepts(value)).toBe(takes)
        expect(explain(value).length === 0).toBe(takes)
        if (takes) accepted++
      }),
      { numRuns: 2000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })
})

describe("a text matches a pattern that is bounded by a count as it matches the pattern itself", () =>
  it.each([
    /^x:[0-9a-f]{4}$/u,
    /^[a-c]{1,3}$/u,
    /^k[a-k]{2}$/iu,
    /^[a-s]{2,3}$/i,
    /^[a-c]{2}$/mu,
    /^[a-c]{0}$/u,
    /^[^a]{2}$/u,
    /^[a-c]{2}[k]{1}$/u,
    /^a|[b]{2}$/u,
    /^[a-c]{2,}$/u,
    /[a-c]{2}/gu,
    /[a-c]{2}/uy,
  ])("%s", (pattern) => {
    const { accepts } = makeValidator(Schema.Struct({ t: Schema.String.check(Schema.isPattern(pattern)) }), "open")
    const unit = fc.constantFrom(
      "a",
      "b",
      "c",
      "k",
      "K",
      "s",
      "x",
      ":",
      "0",
      "\u212a",
      "\u017f",
      "\n",
      "\u{1f600}",
      "\ud800",
    )
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 7 }), (t) => {
        pattern.lastIndex = 0
        expect(accepts({ t })).toBe(pattern.test(t))
      }),
      { numRuns: 2000 },
    )
  }))

it("explain lists every bad path", () => {
  const value = {
    id: "X",
    amount: 1.5,
    extra: 1,
    lines: [
      { sku: "", n: 1 },
      { sku: "a", n: "1", more: 2 },
    ],
  }
  const paths = (keys: "open" | "closed") =>
    makeValidator(Nested, keys)
      .explain(value)
      .map(({ path }) => path)
      .sort()
  expect(paths("open")).toEqual(["amount", "id", "lines.0.sku", "lines.1.n"])
  expect(paths("closed")).toEqual(["amount", "extra", "id", "lines.0.sku", "lines.1.more", "lines.1.n"])
})

it("what is wrong with the whole is at the root, and a path is dotted through lists", () => {
  const { explain } = makeValidator(Schema.Struct({ a: Schema.Array(Schema.Struct({ b: Schema.Int })) }), "closed")
  expect(explain(5).map(({ path }) => path)).toEqual(["(root)"])
  expect(explain({ a: [{ b: 1 }, { b: "x" }] }).map(({ path }) => path)).toEqual(["a.1.b"])
})

it.each<readonly [string, Schema.Constraint]>([
  ["a field's", Schema.Struct({ at: Schema.DateFromString })],
  ["that of a record's values", Schema.Record(Schema.String, Schema.FiniteFromString)],
  ["that of a list's items", Schema.Array(Schema.FiniteFromString)],
  ["that of one of several", Schema.Union([Schema.Int, Schema.FiniteFromString])],
  ["one behind a reference", Schema.Struct({ at: Schema.suspend(() => Schema.FiniteFromString) })],
])("a schema that transforms its value is refused: %s", (_, schema) =>
  expect(() => makeValidator(schema, "open")).toThrow(new TypeError("a payload schema must not transform its value")),
)

it.each([255, 300, 100_000])("%d levels end in an answer, not in an overflow", (levels) => {
  const deep: unknown = JSON.parse(`${'{"v":1,"kids":['.repeat(levels)}${"]}".repeat(levels)}`)
  const { accepts, explain } = makeValidator(Tree, "open")
  expect(accepts(deep)).toBe(levels === 255)
  expect(explain(deep)).toEqual(levels === 255 ? [] : [{ path: "(root)", message: "is nested deeper than 512 levels" }])
  // What the schema does not name is not looked at, however deep.
  expect(makeValidator(Schema.Struct({ v: Schema.Int }), "open").accepts(deep)).toBe(true)
})
