/** A server of a few lines, for what the kit does when nothing answers as it should. */
import { once } from "node:events"
import { createServer } from "node:http"

/** What a request is answered: a status and a document, or nothing at all, for ever. */
export type FakeAnswer = readonly [status: number, document: unknown] | "nothing"

/** A document that answers everything that is read, with as little as that takes. */
export const observing = (path: string): FakeAnswer => {
  if (path === "/v1/health") return [200, { status: "ok", read_only: true, now: new Date().toISOString() }]
  if (path.startsWith("/v1/events")) return [200, { events: [] }]
  return [404, { error: "not found" }]
}

export interface Fake {
  readonly url: string
  /** What was asked so far: `POST /v1/jobs`. */
  readonly asked: ReadonlyArray<string>
  /** Ends it, as a crash would. */
  readonly die: () => void
}

/** Runs a body with a server that answers by one function. */
export const withFakeServer = async (
  answer: (asked: string, path: string) => FakeAnswer,
  body: (fake: Fake) => Promise<void>,
): Promise<void> => {
  const asked: Array<string> = []
  const server = createServer((request, response) => {
    const { method = "", url = "" } = request
    asked.push(`${method} ${url}`)
    request.resume()
    const said = answer(`${method} ${url}`, url)
    if (said === "nothing") return
    response.writeHead(said[0], { "Content-Type": "application/json" })
    response.end(`${JSON.stringify(said[1])}\n`)
  })
  const die = (): void => {
    server.close()
    server.closeAllConnections()
  }
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the server has no port")
  try {
    await body({ url: `http://127.0.0.1:${address.port}`, asked, die })
  } finally {
    die()
  }
}
