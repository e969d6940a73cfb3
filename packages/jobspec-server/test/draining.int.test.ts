import { Effect } from "effect"
import { connect, type Socket } from "node:net"
import { describe, expect, it } from "vitest"
import { token, type TestServer, withServer } from "./support/server.ts"

/** Longer than any test: whatever is waited for that long is waited for in vain. */
const grace_ms = 3_600_000

const host = "Host: localhost\r\n"
const ask = (path: string, headers = ""): string => `GET ${path} HTTP/1.1\r\n${host}${headers}\r\n`

interface Connection {
  readonly socket: Socket
  /** What has come so far. */
  readonly text: () => string
  /** Waits until something has come; rejects where the connection ends before. */
  readonly until: (text: string) => Promise<void>
  readonly closed: Promise<void>
}

/** A connection on which bytes were sent as they are. */
const open = async ({ address }: TestServer, bytes = ""): Promise<Connection> => {
  const socket = connect(address.port, "127.0.0.1")
  socket.setTimeout(25_000, () => socket.destroy())
  const { promise: connected, resolve } = Promise.withResolvers<void>()
  socket.once("connect", resolve)
  let text = ""
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")))
  socket.on("error", () => undefined)
  const closed = new Promise<void>((done) => socket.once("close", () => done()))
  await connected
  if (bytes !== "") socket.write(bytes)
  const until = (wanted: string) =>
    new Promise<void>((done, reject) => {
      const look = () => {
        if (text.includes(wanted)) done()
      }
      socket.on("data", look)
      look()
      void closed.then(() => reject(new Error(`closed after ${JSON.stringify(text)}`)))
    })
  return { socket, text: () => text, until, closed }
}

const drain = (server: TestServer): Promise<void> => Effect.runPromise(server.drain(grace_ms))

describe("draining waits for requests, and for nothing else", () => {
  it.each([
    ["has sent nothing", ""],
    ["had its answer and is kept", ask("/v1/health")],
    ["had its answer and has sent a part of the next head", `${ask("/v1/health")}GET /v1/hea`],
  ])("a connection that %s is ended at once", (_, bytes) =>
    withServer({}, async (server) => {
      const connection = await open(server, bytes)
      await (bytes === "" ? server.get("/v1/health") : connection.until('"status"'))
      await drain(server)
      await connection.closed
    })(),
  )
  it.each([
    ["follower's stream", ask("/v1/events", "Accept: text/event-stream\r\n"), "\r\n0\r\n\r\n"],
    ["long poll", ask("/v1/events?wait=60s"), '{"events":[]'],
  ])("a %s ends with what there is, and its connection with it", (_, bytes, last) =>
    withServer({}, async (server) => {
      // Both requests are read at once: the second one is under way when the first is answered.
      const connection = await open(server, ask("/v1/health") + bytes)
      await connection.until('"status"')
      await drain(server)
      await connection.closed
      expect(connection.text()).toContain(last)
    })(),
  )
  it(
    "a request whose body is still coming is answered, and its connection ends with the answer",
    withServer({}, async (server) => {
      const body = JSON.stringify({ job_type: "rpi.run" })
      const head = `POST /v1/jobs HTTP/1.1\r\n${host}X-AgentOps-Daemon-Token: ${token}\r\nContent-Length: ${body.length}\r\n`
      const connection = await open(server, `${head}Expect: 100-continue\r\n\r\n`)
      await connection.until("100 Continue")
      const idle = await open(server)
      const drained = drain(server)
      await idle.closed
      connection.socket.write(body)
      await drained
      await connection.closed
      expect(connection.text()).toMatch(/HTTP\/1\.1 202 .*\r\nConnection: close\r\n/su)
    }),
  )
})
