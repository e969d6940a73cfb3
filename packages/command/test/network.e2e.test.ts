/**
 * What is said of connections that fail, and of limits that cannot be read.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { ask } from "./support/call.ts"
import { type StrangeServers, startStrangeServers } from "./support/strange-servers.ts"

let servers: StrangeServers
beforeAll(async () => {
  servers = await startStrangeServers()
})
afterAll(() => servers.close())

describe.concurrent("--connect-timeout", () => {
  it("names what it waited for, and how", async () => {
    const words = ["fetch", `https://127.0.0.1:${servers.silent}/`, "--connect-timeout", "200ms"]
    const { envelope, exit_code } = await ask(words)
    expect(exit_code).toBe(10)
    expect(envelope.error).toMatchObject({
      code: "CONNECT_TIMEOUT",
      network_context: { url: words[1], proxy_used: null, ssl_verify: true },
    })
  })
})

describe.concurrent("failures that the handler did not catch", () => {
  it("a limit of the handler's own is told from the run's", async () => {
    const { envelope, exit_code } = await ask(["own-limit", `http://127.0.0.1:${servers.silent}/`])
    expect([exit_code, envelope.error?.code]).toEqual([10, "REQUEST_TIMEOUT"])
  })
  it("a proxy that the environment names is used, and named in the failure without its password [F-036 F-037]", async () => {
    const env = { HTTP_PROXY: `http://user:secret@127.0.0.1:${servers.refusing}`, http_proxy: "", NO_PROXY: "" }
    const { envelope, stdout } = await ask(["fetch", "http://example.invalid/"], {
      env: { ...env, http_proxy: env.HTTP_PROXY },
    })
    expect(envelope.error).toMatchObject({
      code: "CONNECTION_FAILED",
      network_context: { proxy_source: "HTTP_PROXY", proxy_used: `http://[redacted]@127.0.0.1:${servers.refusing}` },
    })
    expect(stdout).not.toContain("secret")
  })
})

describe.concurrent("the words of a limit", () => {
  it.for([
    ["5", "5s"],
    ["-1", "sign"],
    ["0s", "write 0"],
    ["1h30", "1h30m"],
  ] as const)("--timeout %s is refused before anything is done [C-012]", async ([text, hint]) => {
    const { envelope, exit_code } = await ask(["idle", "http://localhost", "--timeout", text])
    expect(exit_code).toBe(2)
    expect(envelope.error).toMatchObject({
      code: "ARG_ERROR",
      phase: "validation",
      errors: [{ param: "--timeout", field: "timeout", message: expect.stringContaining(hint) }],
    })
  })
})
