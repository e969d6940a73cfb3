import { makeValidator } from "@waybill/ledger"
import { Arbitrary, Effect, Result, Schema } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { anyJson, oddKey } from "./support/histories.ts"

interface Tree {
  readonly v: number
  readonly kids: ReadonlyArray<Tree>
}
const Tree: Schema.Codec<Tree> = Schema.Struct({
  v: Schema.Int,
  kids: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree)),
})
const Id = Schema.String.check(Schema.isPattern(/^[a-z]+-\d+$/u), Schema.isMaxLength(8))
const Amount = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 99 }))
const Nested = Schema.Struct({
  id: Id,
  amount: Amount,
  note: Schema.optionalKey(Schema.NullOr(Schema.String)),
  loose: Schema.optional(Schema.Boolean),
  lines: Schema.Array(Schema.Struct({ sku: Schema.NonEmptyString, n: Schema.Finite })).check(Schema.isMaxLength(3)),
})

const schemas: Readonly<Record<string, Schema.Codec<unknown>>> = {
  "nested struct": Nested,
  "empty struct": Schema.Struct({ nothing: Schema.Struct({}) }),
  record: Schema.Struct({ r: Schema.Record(Schema.String, Amount) }),
  "record with checked keys": Schema.Struct({ r: Schema.Record(Id, Schema.NullOr(Schema.Boolean)) }),
  "struct with rest": Schema.StructWithRest(Schema.Struct({ a: Schema.Int }), [
    Schema.Record(Schema.String, Schema.Finite),
  ]),
  "tagged union": Schema.Union([
    Schema.Struct({ kind: Schema.Literal("dot") }),
    Schema.Struct({ kind: Schema.Literal("box"), w: Schema.Finite, in: Schema.optionalKey(Nested) }),
  ]),
  "plain union": Schema.Union([
    Schema.Struct({ a: Schema.Int }),
    Schema.Struct({ b: Schema.String }),
    Schema.Null,
    Schema.Array(Schema.Int),
  ]),
  "exclusive union": Schema.Union([Schema.Struct({ a: Schema.Int }), Schema.Struct({ a: Schema.Finite })], {
    mode: "oneOf",
  }),
  "overlapping union": Schema.Struct({
    u: Schema.Union([Schema.Struct({ a: Schema.Int }), Schema.Struct({ a: Schema.Finite }), Schema.Int]),
  }),
  "grouped checks": Schema.Struct({
    g: Schema.Finite.check(Schema.makeFilterGroup([Schema.isGreaterThan(0), Schema.isLessThan(50), Schema.isInt()])),
  }),
  "tuple of structs": Schema.Struct({ t: Schema.Tuple([Schema.Struct({ a: Schema.Int })]) }),
  "two kinds of keys": Schema.StructWithRest(Schema.Struct({}), [
    Schema.Record(Schema.TemplateLiteral(["a", Schema.String]), Schema.Int),
    Schema.Record(Schema.TemplateLiteral(["b", Schema.String]), Schema.Boolean),
  ]),
  "list that begins with something": Schema.Struct({
    t: Schema.TupleWithRest(Schema.Tuple([Schema.String]), [Schema.Int]),
    u: Schema.Array(Schema.Struct({ a: Schema.Int })),
  }),
  "literals and tuples": Schema.Struct({
    l: Schema.Literals(["x", "y", 1]),
    t: Schema.Tuple([Schema.Int, Schema.String]),
  }),
  "any JSON": Schema.Struct({ j: Schema.Json, u: Schema.Unknown }),
  itself: Tree,
  template: Schema.Struct({ t: Schema.TemplateLiteral(["job-", Schema.Int]) }),
  "cross-field check": Schema.Struct({ lo: Schema.Int, hi: Schema.Int }).check(
    Schema.makeFilter(
      (o: { readonly lo: number; readonly hi: number }) => o.lo <= o.hi || { path: ["hi"], issue: "hi must be >= lo" },
    ),
  ),
  "odd names": Schema.Struct({
    constructor: Schema.optionalKey(Schema.Int),
    toString: Schema.Int,
    ["__proto__"]: Schema.optionalKey(Schema.Int),
  }),
}

type Edit = readonly [at: number, kind: number, key: string, value: unknown]
const edit: fc.Arbitrary<Edit> = fc.tuple(
  fc.nat(),
  fc.nat(2),
  oddKey,
  fc.oneof(anyJson, fc.constantFrom("a-1", "x", 1, 0.5, -1, null, undefined, {}, [])),
)

/** The value with one of its places replaced, dropped or added to. */
const mutate = (root: unknown, [at, kind, key, value]: Edit): unknown => {
  const copy: unknown = structuredClone(root)
  const places: Array<readonly [Record<string, unknown>, string]> = []
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return
    for (const name of Object.keys(node)) {
      places.push([node as Record<string, unknown>, name])
      walk((node as Record<string, unknown>)[name])
    }
  }
  walk(copy)
  const place = places[at % (places.length + 1)]
  if (place === undefined) return value
  const [holder, name] = place
  if (kind === 0) holder[name] = value
  else if (kind === 1 && !Array.isArray(holder)) Reflect.deleteProperty(holder, name)
  else
    Object.defineProperty(holder, Array.isArray(holder) ? String(holder.length) : key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  return copy
}

describe.each(Object.entries(schemas))("%s", (_, schema) => {
  const pool = Effect.runSync(Arbitrary.sampleEffect(Arbitrary.schema(schema), { count: 200, seed: 1 }))
  it.each(["open", "closed"] as const)("accepts what the schema accepts, and nothing else: %s", (keys) => {
    const { accepts, explain } = makeValidator(schema, keys)
    const decode = Schema.decodeUnknownResult(schema, {
      onExcessProperty: keys === "open" ? "ignore" : "error",
      errors: "all",
    })
    const values = fc
      .tuple(fc.nat(pool.length - 1), fc.array(edit, { maxLength: 3 }))
      .map(([i, edits]) => edits.reduce<unknown>(mutate, pool[i]))
    let accepted = 0
    fc.assert(
      fc.property(fc.oneof({ weight: 6, arbitrary: values }, { weight: 1, arbitrary: anyJson }), (value) => {
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
