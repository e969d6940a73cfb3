import {
  type Fact,
  InvalidFact,
  isFact,
  isRecordedFact,
  job_id_bytes_max,
  type RecordedFact,
  Vocabulary,
} from "@waybill/ledger"
import { Result, Schema } from "effect"
import { runInNewContext } from "node:vm"
import { describe, expect, expectTypeOf, it } from "vitest"
import { Door, type DoorFact } from "./support/door.ts"
import { recorded } from "./support/histories.ts"

const issuesOf = <T extends string, P>(result: Result.Result<Fact<T, P>, InvalidFact>) =>
  Result.isFailure(result) ? result.failure.issues.map(({ path, message }) => `${path}: ${message}`) : []

/** What somebody without types could pass. */
const untyped = (value: unknown): { readonly by: string } => value as { readonly by: string }

describe("a constructor is closed", () => {
  it("makes a frozen fact that later changes to the argument do not reach", () => {
    const notes = [{ text: "one" }]
    const fact = Door.facts.opened.makeOrThrow("front", { by: "ada", notes })
    notes.push({ text: "two" })
    expect(fact).toMatchObject({
      event_type: "door.opened",
      job_id: "front",
      payload: { by: "ada", notes: [{ text: "one" }] },
    })
    expect([fact, fact.payload, fact.payload.notes, fact.payload.notes?.[0]].every(Object.isFrozen)).toBe(true)
  })
  it("names every bad path in one error, the job's id included", () => {
    const result = Door.facts.opened.make(" front", untyped({ by: "", notes: [{ text: 1, more: 2 }], colour: "red" }))
    expect(
      issuesOf(result)
        .map((issue) => issue.split(":")[0])
        .toSorted((a = "", b = "") => a.localeCompare(b)),
    ).toEqual(["by", "colour", "job_id", "notes.0.more", "notes.0.text"])
    expect(Result.isFailure(result) && result.failure).toBeInstanceOf(InvalidFact)
    expect(Result.isFailure(result) && result.failure.message).toMatch(
      /^door\.opened: job_id starts or ends with white space; /,
    )
  })
  it("an empty payload takes no key", () => {
    expect(issuesOf(Door.facts.closed.make("front", {}))).toEqual([])
    expect(issuesOf(Door.facts.closed.make("front", untyped({ x: 1 })))).toEqual(["x: Expected no excess property"])
  })
  it.each([null, undefined, 5, "x", [], () => 0])("a payload is an object, not %s", (value) =>
    expect(issuesOf(Door.facts.closed.make("front", untyped(value)))).toHaveLength(1),
  )
  it("a payload that no line could hold is refused whatever its schema says", () => {
    const Odd = Vocabulary.make("odd", { text: { payload: Schema.String } })
    expect(issuesOf(Odd.facts.text.make("j", "x"))).toEqual(["(root): is not an object"])
  })
  it("job ids have their limits", () => {
    const refused = (id: string) => issuesOf(Door.facts.closed.make(id, {}))[0]
    expect(refused("schedule")).toBe("job_id: is reserved")
    expect(refused("ledger")).toBe("job_id: is reserved")
    const Notes = Vocabulary.make("note", { taken: { payload: Schema.Struct({}), under: "schedule" } })
    expect(Notes.facts.taken.makeOrThrow("schedule", {}).job_id).toBe("schedule")
    expect(Result.isFailure(Notes.facts.taken.make("j1", {}))).toBe(true)
    expect(refused("")).toBe("job_id: is empty")
    expect(refused("a\u0007b")).toBe("job_id: contains a control character")
    expect(refused("\ud800")).toBe("job_id: contains a lone surrogate")
    expect(refused("é".repeat(128))).toBeUndefined()
    expect(refused("é".repeat(128) + "a")).toBe(`job_id: is longer than ${job_id_bytes_max} bytes`)
    expect(issuesOf(Door.facts.closed.make(JSON.parse("5") as string, {}))).toEqual(["job_id: is not a string"])
  })
  it("a unique key is taken from its field, where there is one", () => {
    expect(Door.facts.installed.makeOrThrow("front", { serial: "s1" }).unique).toEqual({ field: "serial", value: "s1" })
    expect(Door.facts.closed.makeOrThrow("front", {}).unique).toBeUndefined()
    const Numbered = Vocabulary.make("numbered", {
      put: { payload: Schema.Struct({ serial: Schema.Union([Schema.String, Schema.Finite]) }), unique: "serial" },
    })
    const keyOf = (serial: string | number) => Numbered.facts.put.makeOrThrow("j", { serial }).unique?.value
    expect([keyOf("s"), keyOf(""), keyOf(5)]).toEqual(["s", undefined, undefined])
  })
})

describe("a look-alike is no fact", () => {
  const fact = Door.facts.opened.makeOrThrow("front", { by: "ada" })
  const foreign: unknown = runInNewContext("new (class MintedFact { #minted = true; event_type = 'door.opened' })()")
  it.each([
    ["a spread copy", { ...fact }],
    ["one that inherits", Object.create(fact)],
    ["one with its prototype", Object.assign(Object.create(Object.getPrototypeOf(fact)), fact)],
    ["its JSON", JSON.parse(JSON.stringify(fact))],
    ["its clone", structuredClone(fact)],
    ["a proxy", new Proxy(fact, {})],
    ["another realm's", foreign],
    ["nothing", null],
  ])("%s", (_, value: unknown) => expect(isFact(value)).toBe(false))
  it("and neither is a fact a recorded one, or the other way round", () => {
    const read = Door.decode(recorded(1, "door.opened", "front", { by: "ada" }))
    expect([isFact(fact), isRecordedFact(fact), isFact(read), isRecordedFact(read)]).toEqual([true, false, false, true])
    expect(isRecordedFact({ ...read })).toBe(false)
  })
})

describe("a reader is open", () => {
  it("keeps unknown fields", () => {
    const read = Door.decode(recorded(3, "door.opened", "front", { by: "ada", colour: "red" }))
    expect(read).toMatchObject({ position: 3, event_type: "door.opened", payload: { by: "ada", colour: "red" } })
    expect(isRecordedFact(read) && Door.facts.opened.is(read)).toBe(true)
  })
  it("tells unknown types and payloads that do not fit", () => {
    expect(Door.decode(recorded(1, "door.painted", "front", {}))).toBeInstanceOf(Vocabulary.UnknownType)
    const bad = Door.decode(recorded(1, "door.opened", "front", { by: 5, notes: [{}] }))
    expect(bad instanceof Vocabulary.MalformedFact && bad.issues.map(({ path }) => path)).toEqual([
      "by",
      "notes.0.text",
    ])
    for (const payload of [null, undefined, [], "x"])
      expect(Door.decode(recorded(1, "door.closed", "front", payload))).toMatchObject({
        _tag: "MalformedFact",
        event: { position: 1 },
        issues: [{ path: "(root)", message: "is not an object" }],
      })
    expect(Door.decode(recorded(4, "door.painted", "front", {}))).toMatchObject({
      _tag: "UnknownType",
      event: { position: 4 },
    })
  })
  it("tells its types apart", () => {
    const read = Door.decode(recorded(1, "door.opened", "front", { by: "ada" })) as DoorFact
    expect([Door.facts.opened.is(read), Door.facts.closed.is(read)]).toEqual([true, false])
    expect(Door.facts.opened.is({ ...read } as DoorFact)).toBe(false)
  })
  it("owns its prefix only", () => {
    expect(["door.opened", "door.painted", "doors.opened", "door", "indoor.opened"].map(Door.owns)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
  })
  it("does not read again what it has read, but reads what another has", () => {
    const read = Door.decode(recorded(1, "door.closed", "front", {}))
    const Other = Vocabulary.make("door", { closed: { payload: Schema.Struct({ by: Schema.String }) } })
    expect(isRecordedFact(read) && Door.decode(read as DoorFact)).toBe(read)
    expect(isRecordedFact(read) && Other.decode(recorded(1, "door.closed", "front", {}))).toBeInstanceOf(
      Vocabulary.MalformedFact,
    )
  })
  it("cannot write", () => expect("facts" in Vocabulary.reader(Door)).toBe(false))
})

describe("a definition that could not be kept is refused", () => {
  it("a schema that transforms", () =>
    expect(() => Vocabulary.make("x", { y: { payload: Schema.Struct({ at: Schema.DateFromString }) } })).toThrow(
      TypeError,
    ))
  it("also deep inside", () =>
    expect(() =>
      Vocabulary.make("x", {
        y: { payload: Schema.Struct({ l: Schema.Array(Schema.NullOr(Schema.FiniteFromString)) }) },
      }),
    ).toThrow(TypeError))
  it.each(["", " ", "a b", "a..b", "a\u0000", "x".repeat(200)])("the prefix %j", (prefix) =>
    expect(() => Vocabulary.make(prefix, { y: { payload: Schema.Struct({}) } })).toThrow(
      new TypeError(`${JSON.stringify(`${prefix}.y`)} cannot name a fact type: want words joined by dots`),
    ),
  )
  it("in words", () =>
    expect(() => Vocabulary.make("x", { y: { payload: Schema.Struct({ at: Schema.DateFromString }) } })).toThrow(
      "a payload schema must not transform its value",
    ))
})

describe("types", () => {
  it("event_type tells facts apart", () => {
    expectTypeOf<DoorFact["event_type"]>().toEqualTypeOf<"door.installed" | "door.opened" | "door.closed">()
    const by = (fact: DoorFact): string => (fact.event_type === "door.opened" ? fact.payload.by : fact.event_type)
    expectTypeOf(by).returns.toBeString()
    expectTypeOf(Door.facts.opened.makeOrThrow("a", { by: "b" }).payload.notes).toEqualTypeOf<
      ReadonlyArray<{ readonly text: string }> | undefined
    >()
    expectTypeOf<Vocabulary.FactsOf<typeof Door>>().toExtend<RecordedFact<string, unknown>>()
  })
  it("a unique key must be a field of the payload", () => {
    const payload = Schema.Struct({ serial: Schema.String })
    // @ts-expect-error -- there is no such field
    Vocabulary.make("x", { y: { payload, unique: "serail" } })
    // @ts-expect-error -- a forged fact has no brand
    const forged: Fact = { event_type: "x.y", job_id: "j", payload: {}, unique: undefined }
    expect(isFact(forged)).toBe(false)
  })
})

it("a schema that refers to itself is published with what it refers to; without a description there is none", () => {
  interface Tree {
    readonly children: ReadonlyArray<Tree>
  }
  const Tree = Schema.Struct({ children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree)) }).annotate({
    identifier: "Tree",
  })
  const { facts } = Vocabulary.make("forest", { planted: { payload: Schema.Struct({ tree: Tree }) } })
  const published = Vocabulary.jsonSchema(facts.planted)
  expect(Object.keys(published)).not.toContain("description")
  expect(published).toMatchObject({ $defs: { Tree: { type: "object" } } })
})

it("the published schema of every fact is pinned", () =>
  expect(Object.values(Door.facts).map((type) => Vocabulary.jsonSchema(type))).toMatchSnapshot())
