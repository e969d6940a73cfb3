/**
 * The two limits of a network command reach every connection, against servers that misbehave.
 *
 * @module
 */
import { type Server, type Socket, createServer } from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { ask } from "./support/call.ts"

const sockets = new Set<Socket>()
const listen = (onSocket: (socket: Socket) => void) =>
  new Promise<Server>((resolve) => {
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on("error", () => undefined)
      onSocket(socket)
    })
    server.listen(0, "127.0.0.1", () => resolve(server))
  })
const portOf = (server: Server): number => {
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the server does not listen")
  return address.port
}

let silent: Server
let dripping: Server
let unused = 0
beforeAll(async () => {
  silent = await listen(() => undefined)
  dripping = await listen((socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    const drip = setInterval(() => socket.write("x"), 50)
    socket.on("close", () => clearInterval(drip))
  })
  const gone = await listen(() => undefined)
  unused = portOf(gone)
  gone.close()
})
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  silent.close()
  dripping.close()
})

// Again when one was late: a busy machine is late once, a broken limit always.
describe.concurrent("--timeout", { retry: 3 }, () => {
  it.for(["fetch", "agent"] as const)("%s: ends a request that is never answered", async (way) => {
    const { envelope, exit_code } = await ask([way, `http://127.0.0.1:${portOf(silent)}/`, "--timeout", "2s"])
    expect(exit_code).toBe(10)
    expect(envelope).toMatchObject({ error: { code: "TIMEOUT", retryable: true }, meta: { timeout_ms: 2_000 } })
    expect(envelope.meta.duration_ms).toBeLessThan(3_000)
  })
  it.for(["fetch", "agent"] as const)("%s: ends a body that drips", async (way) => {
    const { envelope, exit_code } = await ask([way, `http://127.0.0.1:${portOf(dripping)}/`, "--timeout", "2s"])
    expect([exit_code, envelope.error?.code]).toEqual([10, "TIMEOUT"])
    expect(envelope.meta.duration_ms).toBeLessThan(3_000)
  })
})

describe.concurrent("--connect-timeout", () => {
  it("ends a TLS handshake that never finishes, within a fraction of a second of its limit", async () => {
    const words = ["fetch", `https://127.0.0.1:${portOf(silent)}/`, "--connect-timeout", "200ms"]
    const { envelope, exit_code } = await ask(words)
    expect(exit_code).toBe(10)
    expect(envelope.error).toMatchObject({
      code: "CONNECT_TIMEOUT",
      network_context: { url: words[1], proxy_used: null, ssl_verify: true },
    })
  })
  it("0 leaves only the limit of the run", async () => {
    const words = ["fetch", `https://127.0.0.1:${portOf(silent)}/`, "--connect-timeout", "0", "--timeout", "2s"]
    const { envelope, exit_code } = await ask(words)
    expect([exit_code, envelope.error?.code]).toEqual([10, "TIMEOUT"])
  })
})

describe.concurrent("failures that the handler did not catch", () => {
  it.for(["fetch", "agent"] as const)("%s: a refused connection is UNAVAILABLE, without a stack", async (way) => {
    const { envelope, exit_code, stderr } = await ask([way, `http://127.0.0.1:${unused}/`])
    expect(exit_code).toBe(12)
    expect(envelope.error).toMatchObject({ code: "CONNECTION_FAILED", retryable: true })
    expect(stderr).toBe("")
  })
  it("a limit of the handler's own is told from the run's", async () => {
    const { envelope, exit_code } = await ask(["own-limit", `http://127.0.0.1:${portOf(silent)}/`])
    expect([exit_code, envelope.error?.code]).toEqual([10, "REQUEST_TIMEOUT"])
  })
  it("a proxy that the environment names is used, and named in the failure without its password", async () => {
    const env = { HTTP_PROXY: `http://user:secret@127.0.0.1:${unused}`, http_proxy: "", NO_PROXY: "" }
    const { envelope, stdout } = await ask(["fetch", "http://example.invalid/"], {
      env: { ...env, http_proxy: env.HTTP_PROXY },
    })
    expect(envelope.error).toMatchObject({
      code: "CONNECTION_FAILED",
      network_context: { proxy_source: "HTTP_PROXY", proxy_used: `http://[redacted]@127.0.0.1:${unused}` },
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
  ] as const)("--timeout %s is refused before anything is done", async ([text, hint]) => {
    const { envelope, exit_code } = await ask(["idle", "http://localhost", "--timeout", text])
    expect(exit_code).toBe(2)
    expect(envelope.error).toMatchObject({
      code: "ARG_ERROR",
      phase: "validation",
      errors: [{ param: "--timeout", field: "timeout", message: expect.stringContaining(hint) }],
    })
  })
})

it("in development, a call that nothing limits is told of, and only that", async () => {
  const { envelope } = await ask(["bare", `http://127.0.0.1:${unused}/`], { env: { NODE_ENV: "development" } })
  expect(envelope.data).toEqual({ calls: 4 })
  expect(envelope.warnings).toEqual([expect.stringMatching(/^UNBOUNDED_NETWORK_CALL: fetch has no signal/)])
})
