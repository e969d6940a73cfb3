import { Agent } from "node:http"
import { connect, type Socket } from "node:net"
import { describe, expect, it } from "vitest"
import { token, withServer } from "./support/server.ts"
import { listIn } from "./support/client.ts"

const invalid = '{"error":"invalid json"}\n'
const cap = 1_048_576

describe("§1.2 JSON on input", () => {
  it(
    "§1.2 what is no JSON object is refused with one text",
    withServer({}, async ({ post }) => {
      const bodies = ["", "  \n", "{", "[]", '"x"', "1", "true", "\ufeff{}", '{"job_type":"rpi.run",}', "nul"]
      for (const body of [...bodies, "[".repeat(10_001), `{"x":${"[".repeat(10_001)}${"]".repeat(10_001)}}`])
        for (const path of ["/v1/jobs", "/v1/jobs/cancel", "/openclaw/v1/triggers/jobs"]) {
          const answer = await post(path, body)
          expect([body.slice(0, 20), answer.status, answer.text]).toEqual([body.slice(0, 20), 400, invalid])
        }
    }),
  )
  it(
    "§1.2 a known field of the wrong type is invalid; null counts as absent, unknown fields are ignored",
    withServer({}, async ({ get, post }) => {
      for (const [name, value] of [
        ["job_type", 5],
        ["payload", []],
        ["job_id", {}],
        ["request_id", true],
        ["idempotency_key", 1],
      ] as const)
        expect((await post("/v1/jobs", { job_type: "rpi.run", [name]: value })).text).toBe(invalid)
      expect((await post("/v1/jobs", "null")).text).toBe('{"error":"invalid job type \\"\\""}\n')
      const nulls = { job_type: "rpi.run", job_id: null, request_id: null, idempotency_key: null, payload: null }
      expect((await post("/v1/jobs", { ...nulls, placement: { affinity: "x" } })).status).toBe(202)
      expect((await get("/v1/events")).text).not.toContain("affinity")
    }),
  )
  it(
    "§1.2 what follows the first value is ignored, of two equal keys the last counts, case of names does not matter",
    withServer({}, async ({ post }) => {
      const trailing = await post("/v1/jobs", '{"job_type":"rpi.run","job_id":"a"} trailing')
      expect(trailing.json()).toMatchObject({ accepted: true, job_id: "a" })
      const twice = await post("/v1/jobs", '{"job_type":"nobody.s","JOB_TYPE":"rpi.run","job_id":"a","job_id":"b"}{')
      expect(twice.json()).toMatchObject({ accepted: true, job_id: "b" })
    }),
  )
  it(
    "§1.2 a number that no double holds is refused wherever it stands; others are doubles",
    withServer({}, async ({ get, post }) => {
      expect((await post("/v1/jobs", '{"job_type":"rpi.run","unknown":[1e400]}')).text).toBe(invalid)
      expect((await post("/v1/jobs", `{"job_type":"rpi.run","unknown":${"9".repeat(400)}}`)).text).toBe(invalid)
      const numbers = '{"job_type":"wiki.build","payload":{"a":9007199254740993,"b":1.0,"c":-0,"d":1e2}}'
      expect((await post("/v1/jobs", numbers)).status).toBe(202)
      expect((await get("/v1/events")).text).toContain('"job_payload":{"a":9007199254740992,"b":1,"c":-0,"d":100}')
    }),
  )
  it(
    "§1.2 broken UTF-8 and lone surrogates become U+FFFD, and names of objects are ordinary names",
    withServer({}, async ({ get, post }) => {
      const broken = Buffer.concat([
        Buffer.from('{"job_type":"wiki.build","job_id":"__proto__","idempotency_key":"constructor","payload":{"a":"'),
        Buffer.from([0xff]),
        Buffer.from('","b":"\\ud800","__proto__":{"toString":1}}}'),
      ])
      expect((await post("/v1/jobs", broken)).json()).toMatchObject({
        job_id: "__proto__",
        idempotency_key: "constructor",
      })
      const [event] = listIn((await get("/v1/events")).json(), "events")
      expect(JSON.stringify(event)).toContain('"job_payload":{"__proto__":{"toString":1},"a":"\ufffd","b":"\ufffd"}')
    }),
  )
})

describe("§1.3 JSON on output", () => {
  it(
    "§1.3 signs that matter in a page are escaped, in answers and in events; lists are lists when nothing is in them",
    withServer({}, async ({ get, post }) => {
      for (const path of ["/v1/status", "/v1/events", "/v1/plans/diff", "/openclaw/v1/jobs"])
        expect((await get(path)).text).not.toMatch(/null/u)
      expect((await get("/v1/events")).text).toBe('{"events":[]}\n')
      expect((await get("/v1/plans/diff")).text).toBe('{"events":[],"last_event_id":""}\n')
      await post("/v1/jobs", { job_type: "rpi.run", job_id: "<\u2028&>" })
      for (const path of ["/v1/status", "/v1/events"])
        expect((await get(path)).text).toContain('"job_id":"\\u003c\\u2028\\u0026\\u003e"')
    }),
  )
})

describe("§4.2 body size", () => {
  const start = '{"job_type":"wiki.build","payload":{"x":"'
  const sized = (bytes: number) => `${start}${"x".repeat(bytes - start.length - 3)}"}}`
  it(
    "§4.2 a value that ends with the last byte of the cap is taken, whatever follows; one byte more is too large",
    withServer({}, async ({ post }) => {
      expect(sized(cap)).toHaveLength(cap)
      expect((await post("/v1/jobs", sized(cap))).status).toBe(202)
      expect((await post("/v1/jobs", sized(cap) + " ".repeat(10_000))).status).toBe(202)
      for (const body of [sized(cap + 1), " ".repeat(cap + 1) + sized(100)]) {
        const large = await post("/v1/jobs", body)
        expect([large.status, large.headers.connection]).toEqual([413, "close"])
        expect(large.text).toBe('{"error":"request body exceeds MaxJobSubmissionBytes","max_bytes":1048576}\n')
      }
    }),
  )
  it(
    "§4.2 a mistake before the cap is invalid JSON; who may not ask is told that first",
    withServer({}, async ({ ask, post }) => {
      expect((await post("/v1/jobs", `{"a" 1,${sized(cap + 1)}`)).text).toBe(invalid)
      const denied = await ask({ method: "POST", path: "/v1/jobs", body: sized(cap + 1) })
      expect(denied.text).toBe('{"error":"daemon mutation denied: mutation token mismatch"}\n')
    }),
  )
})

/** A request, what is sent of its body, and the answer's status. One byte of the body never comes. */
type Cut = readonly [head: string, sent: string, status: number, length?: string]

/** Only the server can end these connections. */
const expectEnds = async (url: string, cuts: ReadonlyArray<Cut>): Promise<void> => {
  const { hostname, port } = new URL(url)
  for (const [head, sent, status, length = `Content-Length: ${sent.length + 1}`] of cuts) {
    const socket = connect(Number(port), hostname)
    socket.write(
      `${head} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nX-AgentOps-Daemon-Token: ${token}\r\nAuthorization: Bearer ${token}\r\n${length}\r\n\r\n${sent}`,
    )
    const [told, isOver] = await new Promise<readonly [string, boolean]>((resolve) => {
      let text = ""
      socket.setEncoding("utf8").on("data", (piece) => void (text += String(piece)))
      socket.on("error", () => {}).on("close", () => resolve([text, true]))
    })
    socket.destroy()
    expect([head, told.slice(0, 12), isOver]).toEqual([head, `HTTP/1.1 ${status}`, true])
  }
}

describe("a body that is not read to its end", () => {
  const long = " ".repeat(cap + 1)
  it(
    "is thrown away when it is small, and the connection goes on, whatever the answer was",
    withServer({}, async ({ ask }) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const ports = new Set<unknown>()
      agent.on("free", (socket: Socket) => ports.add(socket.localPort))
      for (const [method, path, status] of [
        ["POST", "/nowhere", 404],
        ["POST", "/v1/jobs", 403],
        ["PUT", "/v1/jobs", 405],
        ["GET", "/v1/status", 200],
        ["POST", "/v1/jobs/%zz/cancel", 400],
      ] as const) {
        const answered = await ask({ method, path, body: "x".repeat(60_000), agent })
        expect([path, answered.status, answered.headers.connection]).toEqual([path, status, "keep-alive"])
      }
      expect((await ask({ path: "/v1/health", agent })).status).toBe(200)
      agent.destroy()
      expect(ports.size).toBe(1)
    }),
  )
  it(
    "ends its connection when it never comes",
    withServer({ body_ms: 50 }, ({ url }) =>
      expectEnds(url, [
        ["GET /v1/status", "x", 200],
        ["POST /nowhere", "x", 404],
      ]),
    ),
  )
  it(
    "ends its connection with the answer when it is large, or does not say how large it is",
    withServer({}, ({ url }) =>
      expectEnds(url, [
        ["POST /v1/jobs", `{"job_type":"rpi.run"}${long}`, 202],
        ["POST /v1/jobs", `nul${long}`, 400],
        ["POST /nowhere", long, 404],
        ["POST /nowhere", "1\r\nx", 404, "Transfer-Encoding: chunked"],
      ]),
    ),
  )
})
