import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { plainSpec, SpecInvalid } from "../src/agent/plainSpec.ts"
import { spec } from "./support/world.ts"

const refusalOf = (given: unknown): string => {
  try {
    plainSpec(given)
  } catch (error) {
    return error instanceof SpecInvalid ? error.message : `threw ${String(error)}`
  }
  return "taken"
}

describe("what is no data is refused with the field that holds it, and nothing is put in its place", () => {
  it.each([
    ["a symbol for a word", { command: ["sh", Symbol("x")] }, "command[1] is of the type symbol"],
    ["a word without a prototype", { command: [Object.create(null)] }, "command[0] is of the type object"],
    ["a list for a word", { command: ["sh", ["-c"]] }, "command[1] is a list"],
    ["a variable that is null", { env: { A: null } }, "env.A is null"],
    ["variables that are a text", { env: "A=1" }, "env is of the type string"],
    ["reasons that are null", { exitReasons: null }, "exitReasons is null"],
    ["a reason that is a big number", { exitReasons: { 3: 10n } }, "exitReasons.3 is of the type bigint"],
    ["a time that is an object", { timeLimit_ms: {} }, "timeLimit_ms is of the type object"],
    ["an input that is a function", { input: () => 1 }, "input is no JSON: it holds function"],
    [
      "an input with a function in it",
      { input: { a: { b: () => 1 } } },
      'input (at "b") is no JSON: it holds function',
    ],
    ["an input with a hole in it", { input: [1, undefined] }, 'input (at "1") is no JSON: it holds undefined'],
    ["an input with no number", { input: [Number.NaN] }, 'input (at "0") is no JSON: it holds NaN'],
    ["an input with an endless number", { input: -Infinity }, "input is no JSON: it holds -Infinity"],
    [
      "an input that is a map",
      { input: new Map([[1, 2]]) },
      "input is no JSON: it holds an object that is no plain one",
    ],
  ])("%s", (_, more, words) => {
    expect(refusalOf({ ...spec, ...more })).toContain(`the submit spec's ${words}`)
  })

  it.each([undefined, null, "agent", 7])("%j instead of a spec", (given) => {
    expect(refusalOf(given)).toContain("the submit spec's answer is ")
  })
})

it("whatever comes out is what went in, and nobody else's", () => {
  const data = fc.record(
    {
      command: fc.array(fc.string()),
      timeLimit_ms: fc.double(),
      env: fc.dictionary(fc.string(), fc.string()),
      input: fc.jsonValue(),
    },
    { requiredKeys: ["command", "timeLimit_ms"] },
  )
  fc.assert(
    fc.property(data, (given) => {
      const copy = plainSpec(given)
      expect(JSON.stringify(copy)).toBe(JSON.stringify(structuredClone(given)))
      expect(copy.command).not.toBe(given.command)
    }),
  )
})

it("whatever goes in, what comes out has no `null` but where there was one", () => {
  const nulls = (value: unknown) => JSON.stringify(value)?.match(/(?<=[:,[])null(?=[,\]}])/gu)?.length ?? 0
  fc.assert(
    fc.property(fc.record({ command: fc.anything(), env: fc.anything(), timeLimit_ms: fc.integer() }), (given) => {
      if (refusalOf(given) !== "taken") return
      expect(nulls(plainSpec(given))).toBeLessThanOrEqual(nulls(given))
    }),
  )
})
