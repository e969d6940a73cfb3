import fc from "fast-check"
import { expect, it } from "vitest"
import { withoutSecrets } from "../src/PlainText.ts"
import { makeRedactedStderr } from "../src/RedactedStderr.ts"

it("stderr of a handler has no secret in it, however its bytes arrive, and all else", () =>
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "b", "ü"), minLength: 6, maxLength: 8 }),
      fc.array(fc.constantFrom("a", "b", "ü", "\n", "SECRET"), { maxLength: 30 }),
      fc.array(fc.nat(9), { maxLength: 50 }),
      (secret, parts, cuts) => {
        const text = parts.map((part) => (part === "SECRET" ? secret : part)).join("")
        const bytes = Buffer.from(text)
        const stderr = makeRedactedStderr([secret, ""])
        const passed: Array<Uint8Array> = []
        let at = 0
        for (const cut of [...cuts, bytes.length]) {
          passed.push(stderr.take(bytes.subarray(at, at + cut)))
          at += cut
        }
        passed.push(stderr.end())
        expect(Buffer.concat(passed).toString()).toBe(withoutSecrets(text, [secret]))
      },
    ),
  ))
