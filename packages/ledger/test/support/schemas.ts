/**
 * Schemas of every kind that a payload may have, and values that are nearly right.
 *
 * @module
 */
import { Arbitrary, Effect, Schema } from "effect"
import fc from "fast-check"
import { anyJson, oddKey } from "./histories.ts"

interface Tree {
  readonly v: number
  readonly kids: ReadonlyArray<Tree>
}
export const Tree: Schema.Codec<Tree> = Schema.Struct({
  v: Schema.Int,
  kids: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree)),
})
const Id = Schema.String.check(Schema.isPattern(/^[a-z]+-\d+$/u), Schema.isMaxLength(8))
const Amount = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 99 }))
export const Nested = Schema.Struct({
  id: Id,
  amount: Amount,
  note: Schema.optionalKey(Schema.NullOr(Schema.String)),
  loose: Schema.optional(Schema.Boolean),
  lines: Schema.Array(Schema.Struct({ sku: Schema.NonEmptyString, n: Schema.Finite })).check(Schema.isMaxLength(3)),
})

export const schemas: Readonly<Record<string, Schema.Codec<unknown>>> = {
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
  "bounds of every kind": Schema.Struct({
    short: Schema.String.check(Schema.isMinLength(2), Schema.isMaxLength(4)),
    between: Schema.optionalKey(Schema.Array(Schema.Null).check(Schema.isBetweenLength(1, 2))),
    least: Schema.Number.check(Schema.isGreaterThanOrEqualTo(0)),
    most: Schema.Number.check(Schema.isLessThanOrEqualTo(1)),
    inside: Schema.Number.check(Schema.isBetween({ minimum: 0, maximum: 1, exclusiveMaximum: true })),
  }),
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

/** Every place inside a value. */
const placesOf = (root: unknown): ReadonlyArray<readonly [Record<string, unknown>, string]> => {
  const places: Array<readonly [Record<string, unknown>, string]> = []
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return
    for (const name of Object.keys(node)) {
      places.push([node as Record<string, unknown>, name])
      walk((node as Record<string, unknown>)[name])
    }
  }
  walk(root)
  return places
}

/** The value with one of its places replaced, dropped or added to. */
const mutate = (root: unknown, [at, kind, key, value]: Edit): unknown => {
  const copy: unknown = structuredClone(root)
  const places = placesOf(copy)
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

const own = (value: unknown): object => ({ ...Object(value) })
const entries = (value: unknown): Array<[string, unknown]> => Object.entries(own(value))

/** What JSON never holds, and what looks like something else. It may be looked at without end or error. */
const strange: Readonly<Record<string, (honest: unknown) => unknown>> = {
  "not a number": () => Number.NaN,
  "minus zero": () => -0,
  endless: () => Infinity,
  undefined: () => undefined,
  bigint: () => 1n,
  symbol: () => Symbol("s"),
  function: () => () => 0,
  "half a character": () => "\ud800",
  date: () => new Date(0),
  map: () => new Map(),
  "a list with holes": () => Object.assign([1, 2], { length: 4 }),
  inherited: (honest) => Object.create(own(honest)),
  "without a prototype": (honest) => Object.assign(Object.create(null), honest),
  "another prototype": (honest) => Object.assign(Object.create({ note: 1, extra: 1 }), honest),
  "a class": (honest) => Object.assign(new (class Odd {})(), honest),
  "a hidden field of the prototype": (honest) =>
    Object.assign(Object.create(Object.defineProperty({}, "note", { value: 1, writable: true })), honest),
  "half a character as key": (honest) => ({ ...own(honest), "\udc00": 1 }),
  "a hidden note": (honest) => Object.defineProperty(own(honest), "note", { value: 1 }),
  "a hidden a": (honest) => Object.defineProperty(own(honest), "a", { value: 1 }),
  "all hidden": (honest) =>
    Object.defineProperties({}, Object.fromEntries(entries(honest).map(([key, value]) => [key, { value }]))),
  "another order": (honest) => Object.fromEntries(entries(honest).toReversed()),
  "undefined in place of null": (honest) =>
    Object.fromEntries(entries(honest).map(([key, value]) => [key, value ?? undefined])),
  "undefined besides": (honest) => ({ ...own(honest), note: undefined, loose: undefined, more: undefined }),
  getters: (honest) =>
    Object.defineProperties(
      {},
      Object.fromEntries(entries(honest).map(([key, value]) => [key, { get: () => value, enumerable: true }])),
    ),
}

/** What throws or never ends where it is looked at, and what only JSON does not look at. */
const wild: Readonly<Record<string, (honest: unknown) => unknown>> = {
  "a symbol as key": (honest) => ({ ...own(honest), [Symbol("s")]: [] }),
  "a list that claims any length": () => Object.assign([], { length: 4_000_000_000 }),
  "too deep": () => JSON.parse(`${"[".repeat(600)}${"]".repeat(600)}`),
  "deeper than the stack": () => JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`),
  "contains itself": (honest) => {
    const self: Record<string, unknown> = { ...own(honest) }
    return Object.assign(self, { self, a: self, r: self })
  },
  "throws when its keys are asked for": () =>
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no")
        },
      },
    ),
  "throws when it is read": (honest) =>
    Object.defineProperty(own(honest), "note", {
      enumerable: true,
      get: () => {
        throw new Error("no")
      },
    }),
}

const makers = { ...strange, ...wild }

/** A value that a schema takes or nearly takes, and where and how it is made what JSON never holds. */
export interface Recipe {
  readonly value: unknown
  readonly spoiled?: readonly [at: number, how: string]
}

/** The value that a recipe is for. */
export const cook = ({ spoiled, value }: Recipe): unknown => {
  if (spoiled === undefined) return value
  const [at, how] = spoiled
  const make = makers[how] ?? (() => undefined)
  const copy: unknown = structuredClone(value)
  const places = placesOf(copy)
  const place = places[at % (places.length + 1)]
  if (place === undefined) return make(copy)
  const [holder, name] = place
  Object.defineProperty(holder, name, {
    value: make(holder[name]),
    enumerable: true,
    configurable: true,
    writable: true,
  })
  return copy
}

/** Values around those that a schema takes, with strange ones among them; `all` adds those that throw or never end. */
export const around = (schema: Schema.Codec<unknown>, which: "strange" | "all"): fc.Arbitrary<Recipe> => {
  const pool = Effect.runSync(Arbitrary.sampleEffect(Arbitrary.schema(schema), { count: 200, seed: 1 }))
  const edited = fc
    .tuple(fc.nat(pool.length - 1), fc.array(edit, { maxLength: 3 }))
    .map(([i, edits]) => edits.reduce<unknown>(mutate, pool[i]))
  const how = fc.constantFrom(...Object.keys(which === "all" ? makers : strange))
  return fc.oneof(
    { weight: 6, arbitrary: edited.map((value) => ({ value })) },
    { weight: 4, arbitrary: fc.record({ value: edited, spoiled: fc.tuple(fc.nat(), how) }) },
    { weight: 1, arbitrary: anyJson.map((value) => ({ value })) },
  )
}
