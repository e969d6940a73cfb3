import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { allOmissions } from "../src/bom/generate.ts"
import { planAttempt, readInput } from "../src/bom/mend.ts"

type Told = ReadonlyArray<readonly [name: string, status: "passed" | "failed"]>

const after = (...checks: Told) =>
  planAttempt({ previous: { reason: "rejected", checks: checks.map(([name, status]) => ({ name, status })) } })

const omissionsAfter = (...checks: Told) => [...Result.getOrThrow(after(...checks)).omissions]

describe("what an attempt leaves out", () => {
  it("the first: everything it can", () => {
    expect([...Result.getOrThrow(planAttempt({})).omissions]).toEqual(allOmissions)
  })
  it("one after an attempt that nothing judged: the same", () => {
    expect(omissionsAfter()).toEqual(allOmissions)
  })
  it("a repair mends what the failed checks name and nothing else", () => {
    expect(omissionsAfter(["hashes", "failed"])).toEqual(allOmissions.filter((name) => name !== "development-hashes"))
    expect(omissionsAfter(["complete", "failed"])).toEqual(["development-hashes", "serial-number"])
  })
  it("a repair does not undo what passed before", () => {
    expect(omissionsAfter(["complete", "passed"], ["hashes", "failed"])).toEqual(["serial-number"])
  })
  it("a check it cannot mend is named beside those it can", () => {
    expect(Result.getOrThrow(after(["hashes", "failed"], ["licenses", "failed"]))).toMatchObject({
      mended: ["hashes"],
      unknown: ["licenses"],
    })
  })
  it("when no failed check can be mended there is no candidate", () => {
    const plan = after(["licenses", "failed"], ["complete", "passed"])
    expect(Result.isFailure(plan) && plan.failure.message).toMatch(/No mend is known for the failed checks licenses/)
  })
})

describe("the input", () => {
  it("may be null or empty, and may have keys this agent does not know", () => {
    for (const text of ["null", "{}", `{"later":1}`]) expect(Result.getOrThrow(readInput(text))).toEqual({})
  })
  it.each([
    ["", /the whole file: not JSON/],
    ["[]", /the whole file/],
    [`{"previous":{"checks":[]}}`, /previous\.reason/],
    [`{"previous":{"reason":"rejected","checks":[{"name":"a","status":"maybe"}]}}`, /previous\.checks\.0\.status/],
  ])("%j is refused with the place", (text, message) => {
    const input = readInput(text)
    expect(Result.isFailure(input) && input.failure.message).toMatch(message)
  })
})
