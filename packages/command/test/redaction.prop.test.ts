/** Secrets are taken out of whatever is answered or said. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { toJsonable } from "../src/Jsonable.ts"
import { redact } from "../src/PlainText.ts"

describe("what is hidden", () => {
  it("a secret of at least six characters is in no text and no key, however deep", () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{6,12}$/), fc.jsonValue({ maxDepth: 3 }), (secret, value) => {
        const data = { [`key-${secret}`]: [{ text: `before ${secret} after` }, value], secret }
        expect(JSON.stringify(toJsonable(data, [secret]))).not.toContain(secret)
      }),
    ))
  it("credentials in URLs and authorization headers are taken out of messages", () => {
    expect(redact("GET https://ada:pw@host/x with Bearer abcdefgh.ij", [])).toBe(
      "GET https://[redacted]@host/x with Bearer [redacted]",
    )
    expect(redact("expected text, found x: x=x, 'x' and xx", ["x"])).toBe(
      "expected text, found [redacted]: [redacted]=[redacted], '[redacted]' and xx",
    )
    expect(redact("a long-secret-in-it-self", ["secret-in-it"])).toBe("a long-[redacted]-self")
    expect(redact("-a-b- stands alone, also beside words: x-a-b-x", ["-a-b-"])).toBe(
      "[redacted] stands alone, also beside words: x[redacted]x",
    )
    expect(redact("see https://host/a@b", [])).toBe("see https://host/a@b")
  })
})
