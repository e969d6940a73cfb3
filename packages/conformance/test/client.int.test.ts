import { once } from "node:events"
import { createServer } from "node:http"
import { expect, it } from "vitest"
import { makeClient } from "../src/server/Client.ts"

/** A server that does not read its first requests in time. */
const withLateServer = async (late: number, body: (url: string, asked: () => number) => Promise<void>) => {
  let asked = 0
  const server = createServer((_, response) => {
    asked++
    response.writeHead(asked <= late ? 408 : 200, { Connection: "close" }).end()
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  try {
    await body(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`, () => asked)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

it("a request that the server had no time to read is sent again, and every try is kept", () =>
  withLateServer(1, async (url) => {
    const client = makeClient(() => url, undefined)
    expect((await client.ask("/v1/jobs", { method: "POST", body: {} })).status).toBe(200)
    expect(client.exchanges().length).toBe(2)
  }))

it("a server that never reads a request has answered 408", () =>
  withLateServer(100, async (url, asked) => {
    expect((await makeClient(() => url, undefined).ask("/v1/status")).status).toBe(408)
    expect(asked()).toBe(3)
  }))
