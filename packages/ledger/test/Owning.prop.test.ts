import { encodeJson, isFact, type Json, ownJson, Vocabulary } from "@waybill/ledger"
import { Result, Schema } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { around, cook, schemas } from "./support/schemas.ts"

const isFrozen = (value: unknown): boolean =>
  typeof value !== "object" || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen))

describe.each(Object.entries(schemas).filter(([, { ast }]) => ast._tag === "Objects"))("%s", (_, schema) => {
  const type = Vocabulary.make("any", { fact: { payload: schema } }).facts.fact
  const decode = Schema.decodeUnknownResult(schema, { onExcessProperty: "error", errors: "all" })
  /** What a constructor answers, step by step: it owns the payload as JSON, and its schema takes that. */
  const slowly = (payload: unknown): Json | undefined => {
    const owned = ownJson(payload)
    if (Result.isFailure(owned) || typeof owned.success !== "object" || Array.isArray(owned.success)) return undefined
    return owned.success !== null && Result.isSuccess(decode(owned.success)) ? owned.success : undefined
  }
  it("a fact is made of what JSON can carry and the schema takes, and of nothing else, as a frozen copy", () => {
    let made_count = 0
    fc.assert(
      fc.property(around(schema, "all"), (recipe) => {
        const payload = cook(recipe)
        const made = type.make("j", payload)
        const want = slowly(payload)
        expect(Result.isSuccess(made)).toBe(want !== undefined)
        if (Result.isFailure(made)) {
          expect(made.failure.issues.length).toBeGreaterThan(0)
          return
        }
        made_count++
        const fact = made.success
        expect(isFact(fact) && isFrozen(fact.payload)).toBe(true)
        expect(Reflect.ownKeys(Object(fact.payload))).toEqual(Reflect.ownKeys(Object(want)))
        expect(encodeJson(fact.payload as Json)).toBe(encodeJson(want as Json))
        expect(isApart(fact.payload, payload)).toBe(true)
      }),
      { numRuns: 1000 },
    )
    expect(made_count).toBeGreaterThan(50)
  })
})

/** Whether no object of the one is an object of the other. */
const isApart = (one: unknown, other: unknown): boolean => {
  const objects = (value: unknown): ReadonlyArray<unknown> =>
    typeof value === "object" && value !== null ? [value, ...Object.values(value).flatMap(objects)] : []
  const mine = new Set(objects(one))
  return objects(other).every((object) => !mine.has(object))
}
