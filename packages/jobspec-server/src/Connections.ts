/**
 * The connections of a server, and which of them have a request under way: the others have nothing to wait for once it stops.
 *
 * @module
 */
import type { ServerResponse } from "node:http"
import type { Socket } from "node:net"

export class Connections {
  /** What is being answered on each. Of requests that were sent one behind the other, several. */
  readonly #open = new Map<Socket, Set<ServerResponse>>()
  #isDraining = false

  add(socket: Socket): void {
    this.#open.set(socket, new Set())
    socket.once("close", () => this.#open.delete(socket))
    this.#endIdle(socket)
  }

  /** A request has come, whose answer this is to be. */
  begin(socket: Socket, response: ServerResponse): void {
    this.#open.get(socket)?.add(response)
    if (this.#isDraining) response.setHeader("Connection", "close")
  }

  /** It was answered, and nothing more of it is to be read. */
  end(socket: Socket, response: ServerResponse): void {
    this.#open.get(socket)?.delete(response)
    this.#endIdle(socket)
  }

  /** Ends every connection as soon as nothing is under way on it: one that has never sent a whole request, at once. */
  drain(): void {
    this.#isDraining = true
    for (const [socket, open] of this.#open) {
      for (const response of open) if (!response.headersSent) response.setHeader("Connection", "close")
      this.#endIdle(socket)
    }
  }

  #endIdle(socket: Socket): void {
    if (this.#isDraining && this.#open.get(socket)?.size === 0) socket.destroySoon()
  }
}
