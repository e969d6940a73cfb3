/**
 * The least that an HTTP submission can cost in Node: the body is read and parsed, a line as long as an event is written
 * and flushed together with whatever else waits, and a constant is answered.
 *
 * @module
 */
import { open } from "node:fs/promises"
import { createServer, type ServerResponse } from "node:http"

const [path = ""] = process.argv.slice(2)
const file = await open(path, "a")
const line = `${"x".repeat(449)}\n`
const answer = `${JSON.stringify({ accepted: true, text: "x".repeat(420) })}\n`

let waiting: Array<ServerResponse> = []
let isFlushing = false

const flush = async (): Promise<void> => {
  isFlushing = true
  while (waiting.length > 0) {
    const group = waiting
    waiting = []
    await file.write(line.repeat(group.length))
    await file.datasync()
    for (const response of group) {
      response.writeHead(202, { "Content-Type": "application/json", "Content-Length": answer.length })
      response.end(answer)
    }
  }
  isFlushing = false
}

// Connections stay while others are measured.
const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    JSON.parse(Buffer.concat(chunks).toString("utf8"))
    waiting.push(response)
    if (!isFlushing) void flush()
  })
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
})
