/**
 * Requests over connections that stay, with as little client as can be: each connection sends one, reads the answer by its
 * length, sends the next.
 *
 * @module
 */
import { connect, type Socket } from "node:net"

const patience_ms = 60_000

/** One connection; `ask` must not be called again before it has answered. */
export interface Connection {
  /** Answers the status; rejects where the server hangs up. */
  readonly ask: (request: string) => Promise<number>
  readonly close: () => void
}

interface Dialled extends Connection {
  /** Whether either end has hung up. */
  readonly isOver: () => boolean
}

const dial = (url: string): Promise<Dialled> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    let got = ""
    let hungUp: Error | undefined
    let waiting: { readonly done: (status: number) => void; readonly failed: (cause: Error) => void } | undefined
    const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true }, () => {
      resolve({
        ask: (request) =>
          new Promise((done, failed) => {
            if (hungUp !== undefined) return failed(hungUp)
            waiting = { done, failed }
            socket.write(request)
          }),
        close: () => socket.destroy(),
        isOver: () => hungUp !== undefined,
      })
    })
    socket.setTimeout(patience_ms, () => socket.destroy(new Error("the server does not answer")))
    const failed = (cause: Error): void => {
      hungUp = cause
      waiting?.failed(cause)
      reject(cause)
    }
    socket.on("error", failed)
    socket.on("close", () => failed(new Error("the server hung up")))
    socket.setEncoding("latin1")
    socket.on("data", (chunk: string) => {
      got += chunk
      const end = got.indexOf("\r\n\r\n")
      if (end < 0) return
      const length = Number(/content-length: (\d+)/iu.exec(got)?.[1])
      if (got.length < end + 4 + length) return
      const status = Number(got.slice(9, 12))
      got = ""
      waiting?.done(status)
    })
  })

/** A connection that is opened anew where it was closed since the last answer: others may have had their turn for long. */
export const openConnection = async (url: string): Promise<Connection> => {
  let current = await dial(url)
  const again = async (request: string): Promise<number> => {
    current = await dial(url)
    return current.ask(request)
  }
  return {
    ask: (request) => (current.isOver() ? again(request) : current.ask(request)),
    close: () => current.close(),
  }
}

export const requestText = (method: string, path: string, token: string, body: string): string =>
  `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

/** Sends so many requests over all connections; answers how many were answered with `status`. */
export const load = async (
  connections: ReadonlyArray<Connection>,
  count: number,
  status: number,
  requestOf: (n: number) => string,
): Promise<number> => {
  let next = 0
  let good = 0
  await Promise.all(
    connections.map(async ({ ask }) => {
      while (next < count) if ((await ask(requestOf(next++))) === status) good++
    }),
  )
  return good
}
