import { Validator } from "@cfworker/json-schema"
import { job_descriptor_schema } from "@waybill/command-contract"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isSurelyOf } from "../src/OutputCheck.ts"

const names = ["a", "b", "c"]
const types = ["null", "boolean", "object", "array", "number", "string", "integer", "other"]
const values = fc.jsonValue({ maxDepth: 2 })
const objects = fc.dictionary(fc.constantFrom(...names), fc.oneof(values, fc.constantFrom(0, 1, -1, "x", true)))

const keywordsOver = (inner: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  fc.oneof(
    fc.record({ type: fc.oneof(fc.constantFrom(...types), fc.subarray(types, { minLength: 1 })) }),
    fc.record({ enum: fc.array(fc.constantFrom(0, 1, "x", true, null), { minLength: 1 }) }),
    fc.record({ pattern: fc.constantFrom("^x$", "a") }),
    fc.record({ minimum: fc.integer({ min: -2, max: 2 }) }),
    fc.record({ required: fc.subarray(names) }),
    fc.record({ properties: fc.dictionary(fc.constantFrom(...names), inner) }),
    fc.record({ items: inner }),
    fc.record({ maxItems: fc.nat(2) }),
    fc.record({ not: inner }),
    fc.record({ description: fc.string() }),
  )
/** One to three keywords, since more of them would take nothing. */
const schemaOver = (inner: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  fc.array(keywordsOver(inner), { maxLength: 3 }).map((all) => Object.assign({}, ...all) as object)
const schemas = schemaOver(schemaOver(fc.constantFrom({}, { type: "string" }, { type: "integer", minimum: 1 })))

describe("a command's answer and its output_schema", () => {
  it("what is taken without a validator is what a validator takes", () => {
    let taken = 0
    fc.assert(
      fc.property(schemas, fc.oneof(values, objects, fc.array(objects)), (schema, value) => {
        if (!isSurelyOf(schema, value)) return
        taken++
        expect(new Validator(schema, "2020-12", false).validate(value).valid).toBe(true)
      }),
      { numRuns: 2_000 },
    )
    expect(taken).toBeGreaterThan(100)
  })

  it("the descriptor of a job is judged without one", () => {
    const descriptor = {
      job_id: "j",
      status: "complete",
      terminal: true,
      status_command: "tool job status j",
      cancel_command: "tool job cancel j",
      poll_interval_ms: 1000,
      timeout_ms: 1000,
    }
    expect(isSurelyOf(job_descriptor_schema, descriptor)).toBe(true)
    expect(isSurelyOf(job_descriptor_schema, { ...descriptor, status: "done" })).toBe(false)
    expect(isSurelyOf(job_descriptor_schema, { ...descriptor, job_id: undefined })).toBe(false)
  })
})
