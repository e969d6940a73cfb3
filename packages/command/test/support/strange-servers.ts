/**
 * Servers on this machine that do not do what a server should.
 *
 * @module
 */
import { type Server, type Socket, createServer } from "node:net"

export interface StrangeServers {
  /** Accepts, and never says a word: no answer to a request, and no end to a handshake. */
  readonly silent: number
  /** Answers with a body that goes on for hours, a byte at a time. */
  readonly dripping: number
  /** Nobody listens there. */
  readonly refusing: number
  readonly close: () => void
}

const portOf = (server: Server): number => {
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the server does not listen")
  return address.port
}

/** Starts them; answers the port of each. */
export const startStrangeServers = async (): Promise<StrangeServers> => {
  const sockets = new Set<Socket>()
  const listen = (onSocket: (socket: Socket) => void) =>
    new Promise<Server>((resolve) => {
      const server = createServer((socket) => {
        sockets.add(socket)
        socket.on("error", () => undefined)
        onSocket(socket)
      })
      server.listen(0, "127.0.0.1", () => resolve(server))
    })
  const silent = await listen(() => undefined)
  const dripping = await listen((socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    const drip = setInterval(() => socket.write("x"), 50)
    socket.on("close", () => clearInterval(drip))
  })
  const gone = await listen(() => undefined)
  const refusing = portOf(gone)
  gone.close()
  return {
    silent: portOf(silent),
    dripping: portOf(dripping),
    refusing,
    close: () => {
      for (const socket of sockets) socket.destroy()
      silent.close()
      dripping.close()
    },
  }
}
