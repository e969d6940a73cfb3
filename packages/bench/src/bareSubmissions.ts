/**
 * The HTTP server that stands before whatever takes submissions but ours: it reads and parses the body, and answers a constant as
 * long as a submission's.
 *
 * @module
 */
import { createServer, type ServerResponse } from "node:http"

const answer = `${JSON.stringify({ accepted: true, text: "x".repeat(420) })}\n`

/** Answers a submission; call it once what was submitted is durable, with 202. */
export const answerWith = (response: ServerResponse, status: 202 | 500): void => {
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": answer.length })
  response.end(answer)
}

/** Commits what waits: all that came while the commit before was under way, at once, and one commit after the other. */
export const inGroups = <A>(commit: (group: ReadonlyArray<A>) => Promise<void>): ((each: A) => void) => {
  let waiting: Array<A> = []
  let isCommitting = false
  const commitAll = async (): Promise<void> => {
    isCommitting = true
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      await commit(group)
    }
    isCommitting = false
  }
  return (each) => {
    waiting.push(each)
    if (!isCommitting) void commitAll()
  }
}

/** Listens on a free port, tells its URL as a line of JSON, and hands over each parsed body with the response to be answered. */
export const serveSubmissions = (take: (body: object, response: ServerResponse) => void): void => {
  // Connections stay while others are measured.
  const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const body: object = JSON.parse(Buffer.concat(chunks).toString("utf8"))
      take(body, response)
    })
  })
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
  })
}
