import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { readCommandResult } from "../src/worker/commandResult.ts"

const read = (said: string | Uint8Array, hide = (text: string) => text) =>
  readCommandResult(typeof said === "string" ? new TextEncoder().encode(said) : said, hide)
const refused = (said: string | Uint8Array, hide?: (text: string) => string) =>
  Result.match(read(said, hide), { onSuccess: () => "", onFailure: (message) => message })

describe("a command's result", () => {
  it("is nothing, or one object", () => {
    expect(read(" \n")).toEqual(Result.succeed({}))
    expect(read('{"artifacts":{"report":"/r"},"more":1}')).toEqual(Result.succeed({ artifacts: { report: "/r" } }))
  })
  it.each([
    ["fine, thanks", 'is no JSON value (12 bytes, beginning with "fine, thanks")'],
    [`${"x".repeat(200)}`, `(200 bytes, beginning with "${"x".repeat(80)}…")`],
    [Uint8Array.of(0x22, 0xff, 0x22), "is not UTF-8 (3 bytes)"],
    ["[]", "is JSON, but no result"],
    ['{"artifacts":{"report":7}}', "artifacts.report: Expected string"],
    ['{"failure":{"retryable":"no"}}', "failure.retryable: Expected boolean"],
  ])("that is none is told by what was there, and by what should have been: %s", (said, what) => {
    const message = refused(said)
    expect(message).toContain("standard output ")
    expect(message).toContain(what)
    expect(message).toContain('such as {"artifacts":{"report":"/path/to/it"}}')
  })
  it("shows no secret, and no beginning of one", () => {
    const secret = "s3cret-".repeat(20)
    expect(refused(`token ${secret} is wrong`, (text) => text.replaceAll(secret, "***"))).toContain(
      '"token *** is wrong"',
    )
  })
})
