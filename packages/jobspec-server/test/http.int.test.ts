import { connect } from "node:net"
import { describe, expect, it } from "vitest"
import { token, type TestServer, withServer } from "./support/server.ts"

const job = { job_type: "rpi.run" }

/** Sends bytes as they are; answers what came back until the server closed, or until the text is there. */
const raw = (server: TestServer, bytes: string, until = "\u0000"): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(server.address.port, "127.0.0.1", () => socket.write(bytes))
    socket.setTimeout(20_000, () => socket.destroy())
    let text = ""
    socket.on("data", (chunk) => {
      text += chunk.toString("utf8")
      if (text.includes(until)) socket.end()
    })
    socket.on("error", reject)
    socket.on("close", () => resolve(text))
  })

/** The refusal that was the whole answer on a connection. */
const refusalIn = (answer: string) => {
  const end = answer.indexOf("\r\n\r\n")
  const [line = "", ...headers] = answer.slice(0, end).split("\r\n")
  const header = (name: string) =>
    headers.find((each) => each.toLowerCase().startsWith(`${name}: `))?.slice(name.length + 2)
  return {
    status: Number(/^HTTP\/1\.1 (\d+) /u.exec(line)?.[1]),
    type: header("content-type"),
    connection: header("connection"),
    length: Number(header("content-length")),
    body: answer.slice(end + 4),
  }
}

describe("§1.1 HTTP", () => {
  it(
    "§1.1 JSON answers have the bare media type and end with one newline; there are no CORS headers",
    withServer({}, async ({ ask, get, post }) => {
      for (const answer of [await get("/v1/ready"), await post("/v1/jobs", job), await post("/v1/jobs", "[")]) {
        expect(answer.headers["content-type"]).toBe("application/json")
        expect(answer.text).toMatch(/[^\n]\n$/u)
        expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([])
      }
      const options = await ask({ method: "OPTIONS", path: "/v1/ready", headers: { Origin: "http://evil.example" } })
      expect([options.status, options.headers.allow]).toEqual([405, "GET"])
    }),
  )
  it(
    "§1.1 an unknown path is a 404 in plain text, whoever asks; trailing slashes and letter case matter",
    withServer({}, async ({ ask }) => {
      for (const path of ["/", "/v2/health", "/v1/health/", "/V1/health", "/v1/jobs/a/b/cancel", "/jobs/a/cancel"])
        for (const method of ["GET", "POST", "DELETE"]) {
          const answer = await ask({ method, path })
          expect([path, answer.status, answer.text]).toEqual([path, 404, "404 page not found\n"])
          expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8")
        }
    }),
  )
  it(
    "§1.1 duplicate slashes and percent-encoded letters find their route; what is no encoding is refused",
    withServer({}, async ({ get, post }) => {
      expect((await get("//v1//health")).status).toBe(200)
      expect((await get("/v1/%68ealth")).status).toBe(200)
      expect((await post("/v1/%6Aobs?x=1", { ...job, job_id: "ä/ö" })).status).toBe(202)
      for (const path of ["/v1/%zz", "/waybill/v1/jobs/%zz", "/%ff"]) {
        const malformed = await get(path)
        expect([malformed.status, malformed.text]).toEqual([400, '{"error":"malformed path"}\n'])
      }
    }),
  )
  it(
    "§1.1, §4.1 what cannot be read as a request is refused as JSON too, and a method that nobody knows is a 405",
    withServer({}, async (server) => {
      const host = "Host: localhost\r\n"
      for (const [bytes, status] of [
        [`FOO /v1/health HTTP/1.1\r\n${host}\r\n`, 405],
        [`GET /v1/health HTTP/1.1\r\n${host}Host: localhost\r\nConnection: close\r\n\r\n`, 400],
        ["GET /v1/health HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
        [`GET /v1/health HTTP/9.9\r\n${host}\r\n`, 400],
        ["GET\r\n\r\n", 400],
        [`POST /v1/jobs HTTP/1.1\r\n${host}Expect: wonders\r\nConnection: close\r\n\r\n`, 417],
      ] as const) {
        const text = await raw(server, bytes)
        expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `, "u"))
        expect(text.toLowerCase()).toContain("content-type: application/json\r\n")
        expect(JSON.parse(text.slice(text.indexOf("\r\n\r\n")))).toEqual({ error: expect.stringMatching(/./u) })
        if (status === 405) expect(text).toContain("\r\nAllow: ")
      }
    }),
  )
  it(
    "§1.1, §18.6 a target in absolute form is answered, and its host is the one that counts",
    withServer({}, async (server) => {
      const ask = (target: string) =>
        raw(server, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      expect(await ask("http://localhost/v1/health?x")).toMatch(/^HTTP\/1.1 200 /u)
      expect(await ask("http://evil.example/v1/health")).toMatch(/^HTTP\/1.1 403 /u)
      expect(await ask("http://localhost")).toMatch(/^HTTP\/1.1 404 /u)
    }),
  )
  it(
    "§1.1 the request's media type is never looked at, a compressed body is invalid JSON",
    withServer({}, async ({ post }) => {
      expect((await post("/v1/jobs", JSON.stringify(job), { "Content-Type": "text/plain" })).status).toBe(202)
      const packed = await post("/v1/jobs", Buffer.from([31, 139, 8, 0]), { "Content-Encoding": "gzip" })
      expect([packed.status, packed.text]).toEqual([400, '{"error":"invalid json"}\n'])
    }),
  )
  it(
    "§1.1 a header block of half a mebibyte is taken, and one of a thousand lines",
    withServer({}, async (server) => {
      expect((await server.get("/v1/health", { "X-Long": "x".repeat(500_000) })).status).toBe(200)
      const lines = `Host: localhost\r\nConnection: close\r\n${"X: x\r\n".repeat(998)}`
      expect(await raw(server, `GET /v1/health HTTP/1.1\r\n${lines}\r\n`)).toMatch(/^HTTP\/1.1 200 /u)
    }),
  )
  it(
    "every route asks for a host of this machine, so that no page on the web can read here under a name of its own",
    withServer({ hosts: ["waybill.test"] }, async ({ address, get, post }) => {
      const hosts = ["localhost", "LOCALHOST:1", "127.0.0.1", `[::1]:${address.port}`, "a.localhost", "waybill.test:80"]
      for (const Host of hosts) expect([Host, (await get("/v1/health", { Host })).status]).toEqual([Host, 200])
      for (const Host of ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil"]) {
        for (const path of ["/v1/health", "/v1/events", "/docs", "/nothing"])
          expect([Host, path, (await get(path, { Host })).status]).toEqual([Host, path, 403])
        expect((await post("/v1/jobs", job, { Host })).text).toBe('{"error":"host is not trusted"}\n')
      }
    }),
  )
  it(
    "a body that drips is cut off, and so is a head that is too long or none, with an error in JSON of its very length",
    withServer({ body_ms: 50 }, async (server) => {
      const head = `POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nX-AgentOps-Daemon-Token: ${token}\r\nContent-Length: 99\r\n\r\n{`
      const many = `GET /v1/health HTTP/1.1\r\nHost: localhost\r\n${"X: x\r\n".repeat(1_000)}\r\n`
      const tooLarge = "the request's head is too large: it may have 1048576 bytes and 1000 header lines"
      const long = `GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(1_100_000)}`
      for (const [sent, status, error] of [
        [head, 408, "request body took too long"],
        [long, 431, tooLarge],
        [many, 431, tooLarge],
        ["GET\r\n\r\n", 400, "the request is no HTTP/1.1"],
      ] as const)
        expect(refusalIn(await raw(server, sent))).toEqual({
          status,
          type: "application/json",
          connection: "close",
          body: `${JSON.stringify({ error })}\n`,
          length: JSON.stringify({ error }).length + 1,
        })
    }),
  )
  it(
    "a head that does not come in time is a 408 of the same shape, also where not a letter came",
    withServer({ head_ms: 50 }, async (server) => {
      for (const sent of ["GET /v1/health HTTP/1.1\r\nHos", ""])
        expect(refusalIn(await raw(server, sent))).toEqual({
          status: 408,
          type: "application/json",
          connection: "close",
          body: '{"error":"the request took too long"}\n',
          length: 38,
        })
    }),
  )
})

describe("§4.1 methods", () => {
  const reads = ["/v1/health", "/ready", "/v1/status", "/events", "/v1/plans/manifest", "/v1/plans/diff"]
  const consumers = ["health", "snapshot/latest", "runs", "jobs", "wiki"]
  it(
    "§4.1 read routes take GET alone, HEAD included",
    withServer({}, async ({ ask }) => {
      const paths = [...reads, ...consumers.flatMap((each) => [`/openclaw/v1/${each}`, `/consumer/v1/${each}`])]
      for (const path of paths)
        for (const method of ["HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
          const answer = await ask({ method, path })
          const body = method === "HEAD" ? "" : '{"error":"method not allowed"}\n'
          expect([path, method, answer.status, answer.headers.allow, answer.text]).toEqual([
            path,
            method,
            405,
            "GET",
            body,
          ])
        }
    }),
  )
  it(
    "§4.1 routes that take POST say so without asking for a token, but to DELETE and PATCH",
    withServer({}, async ({ ask }) => {
      const triggers = ["/openclaw/v1/triggers/jobs", "/consumer/v1/triggers/jobs"]
      for (const path of ["/v1/jobs", "/jobs", "/v1/jobs/cancel", "/jobs/cancel", ...triggers]) {
        for (const method of ["GET", "HEAD", "PUT", "OPTIONS"]) {
          const answer = await ask({ method, path })
          expect([path, method, answer.status, answer.headers.allow]).toEqual([path, method, 405, "POST"])
        }
        for (const method of ["DELETE", "PATCH"]) {
          const denied = await ask({ method, path })
          expect([path, denied.status, denied.headers.allow]).toEqual([path, 403, undefined])
          const answer = await ask({ method, path, headers: { Authorization: `Bearer ${token}` } })
          expect([path, method, answer.status, answer.headers.allow]).toEqual([path, method, 405, "POST"])
        }
      }
      for (const method of ["GET", "DELETE"]) {
        const answer = await ask({ method, path: "/v1/jobs/a/cancel" })
        expect([answer.status, answer.headers.allow, answer.text]).toEqual([
          405,
          "POST",
          '{"error":"method not allowed"}\n',
        ])
      }
    }),
  )
  it(
    "§4.1 schedules say which of their methods there are",
    withServer({}, async ({ ask }) => {
      const allow = async (method: string, path: string) => {
        const { headers, status } = await ask({ method, path })
        return [status, headers.allow]
      }
      expect(await allow("PUT", "/v1/schedules")).toEqual([405, "GET, HEAD, POST"])
      expect(await allow("DELETE", "/v1/schedules")).toEqual([405, "GET, HEAD, POST"])
      expect(await allow("HEAD", "/v1/schedules")).toEqual([405, "GET"])
      expect(await allow("GET", "/v1/schedules/x")).toEqual([405, "DELETE"])
    }),
  )
})
