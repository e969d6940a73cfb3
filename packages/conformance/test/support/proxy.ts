/** A proxy before a server, which changes what it answers: a mistake that no patch of ours makes. */
import { once } from "node:events"
import { createServer, type IncomingMessage } from "node:http"
import { buffer } from "node:stream/consumers"

/** An answer as it comes from the server, or as it goes to the client. */
export interface Passed {
  readonly status: number
  readonly text: string
}

const headersOf = ({ headers }: IncomingMessage): Headers => {
  const kept = new Headers()
  for (const [name, value] of Object.entries(headers))
    if (typeof value === "string" && !["host", "connection", "content-length", "expect"].includes(name))
      kept.set(name, value)
  return kept
}

/** Runs a body with the address of a proxy; `change` is given what was asked (`POST /v1/jobs`) and its answer. */
export const withProxy = async (
  url: string,
  change: (asked: string, answer: Passed) => Passed,
  body: (url: string) => Promise<void>,
): Promise<void> => {
  const pass = async (request: IncomingMessage): Promise<Passed> => {
    const { method = "", url: path = "" } = request
    const sent = await buffer(request)
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: headersOf(request),
      ...(sent.length === 0 ? {} : { body: new Uint8Array(sent) }),
      signal: AbortSignal.timeout(20_000),
    })
    return change(`${method} ${path}`, { status: answer.status, text: await answer.text() })
  }
  const server = createServer((request, response) => {
    pass(request).then(
      ({ status, text }) => {
        response.writeHead(status, { "Content-Type": "application/json" })
        response.end(status === 204 ? undefined : text)
      },
      () => response.destroy(),
    )
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the proxy has no port")
  try {
    await body(`http://127.0.0.1:${address.port}`)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}
