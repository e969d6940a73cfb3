import { curlOf, exchangeText } from "@waybill/conformance"
import fc from "fast-check"
import { execFileSync } from "node:child_process"
import { expect, it } from "vitest"

const token = "s3cret"

/** The words that a shell would hand to curl. */
const wordsOf = (command: string): ReadonlyArray<string> =>
  execFileSync("sh", ["-c", `curl() { printf '%s\\0' "$@"; }\n${command}`], {
    env: { ...process.env, TOKEN: token, URL: "http://server" },
    encoding: "utf8",
  })
    .split("\0")
    .slice(0, -1)

const texts = fc.string({ unit: "binary", maxLength: 40 }).map((text) => text.replaceAll("\0", "").toWellFormed())

it("a request, pasted into a shell, is that very request", () => {
  fc.assert(
    fc.property(texts, fc.webPath(), fc.constantFrom("POST", "DELETE", "PATCH"), (body, path, method) => {
      const headers = { Authorization: `Bearer ${token}`, "X-Note": 'a\'b "c" $d' }
      const words = wordsOf(curlOf({ method, path, headers, body }, token))
      const heads = ["-H", `Authorization: Bearer ${token}`, "-H", 'X-Note: a\'b "c" $d']
      expect(words).toEqual(["-sS", "-X", method, ...heads, `http://server${path}`, "--data-binary", body])
    }),
    { numRuns: 60 },
  )
})

it("the token never stands in it, nor in the answer below it", () => {
  const asked = { method: "POST", path: "/v1/jobs", headers: { Authorization: `Bearer ${token}` }, body: "{}" }
  const answer = { status: 200, headers: new Headers(), text: `{"a":"${token}"}\n`, bytes: new Uint8Array(), json: {} }
  expect(exchangeText({ asked, outcome: answer }, token)).toBe(
    `curl -sS -X POST -H "Authorization: Bearer $TOKEN" "$URL/v1/jobs" --data-binary '{}'\n# 200 {"a":"$TOKEN"}`,
  )
  expect(exchangeText({ asked, outcome: { lost: "it ended" } }, token)).toMatch(/\n# no answer: it ended$/u)
})

it("a token that is no longer than a word is taken out where a token stands, and leaves every other letter as it is", () => {
  const asked = { method: "POST", path: "/v1/jobs", headers: { Authorization: "Bearer e" }, body: '{"e":"e"}' }
  const answer = { status: 200, headers: new Headers(), text: '{"error":"e"}', bytes: new Uint8Array(), json: {} }
  expect(exchangeText({ asked, outcome: answer }, "e")).toBe(
    `curl -sS -X POST -H "Authorization: Bearer $TOKEN" "$URL/v1/jobs" --data-binary '{"e":"e"}'\n# 200 {"error":"e"}`,
  )
})

it("what stands beside the token in a header means nothing to the shell", () => {
  const asked = { method: "GET", path: "/", headers: { "X-Note": `"$URL" \`id\` \\ ${token}` } }
  expect(wordsOf(curlOf(asked, token))).toEqual(["-sS", "-H", `X-Note: "$URL" \`id\` \\ ${token}`, "http://server/"])
})
