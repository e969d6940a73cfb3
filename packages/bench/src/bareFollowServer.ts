/**
 * The least that telling followers can cost in Node: everybody who follows is written the same text, in pieces of the same memory, as
 * fast as he takes them; nothing is recorded, and no two texts are put together.
 *
 * `node bareFollowServer.ts EVENT`; `GET` follows, `POST` with a number as its body tells everybody the event so many times.
 *
 * @module
 */
import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"

const [event = ""] = process.argv.slice(2)
const event_bytes = Buffer.byteLength(event)
/** As large as what our server writes at once. */
const piece_events = Math.floor(262_144 / event_bytes)
const piece = Buffer.from(event.repeat(piece_events))
const followers = new Set<ServerResponse>()

const tell = async (response: ServerResponse, count: number): Promise<void> => {
  for (let left = count; left > 0; left -= piece_events)
    if (!response.write(piece.subarray(0, Math.min(left, piece_events) * event_bytes))) await once(response, "drain")
}

// Connections stay while others are measured.
const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  if (request.method === "GET") {
    response.writeHead(200, { "Content-Type": "text/event-stream" })
    response.flushHeaders()
    followers.add(response)
    return
  }
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    const count = Number(Buffer.concat(chunks).toString())
    void Promise.all(Array.from(followers, (follower) => tell(follower, count))).then(() => {
      response.writeHead(202, { "Content-Length": 0 })
      response.end()
    })
  })
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
})
