import { expect, it } from "vitest"
import { makeNetwork } from "../src/Network.ts"

const made = (env: Readonly<Record<string, string>>) =>
  makeNetwork({ signal: new AbortController().signal, connectMs: () => undefined, env })

it.each([
  ["HTTP_PROXY", "garbage"],
  ["HTTPS_PROXY", "me:secret@proxy"],
  ["HTTP_PROXY", "proxy:3128"],
  ["HTTPS_PROXY", "ftp://proxy"],
])("%s=%s is refused by its name, and not repeated", (name, address) => {
  const said = (() => {
    try {
      made({ [name]: address }).close()
    } catch (error) {
      return error
    }
    return undefined
  })()
  expect(said).toMatchObject({ options: { exit: "PRECONDITION", code: "PROXY_INVALID" } })
  expect(String(said)).toContain(`${name} is no address of a proxy`)
  expect(String(said)).not.toContain("secret")
})

it("a proxy with an address is taken, and so is none", () => {
  for (const env of [{}, { HTTP_PROXY: "" }, { http_proxy: "http://a:1", HTTPS_PROXY: "https://b" }]) made(env).close()
})
