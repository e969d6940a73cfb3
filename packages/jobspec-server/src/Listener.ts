/**
 * The HTTP server itself: where it listens, how long it waits, how it stops.
 *
 * @module
 */
import { Data, Effect, Fiber, type Scope } from "effect"
import { createServer, type IncomingMessage, type Server } from "node:http"
import { answer, type Answering } from "./answering.ts"
import { isLoopback } from "./authorize.ts"
import { answerBroken, type Broken, head_bytes_max, header_lines_max } from "./brokenRequests.ts"
import { Connections } from "./Connections.ts"
import type { Deadlines } from "./Deadlines.ts"
import { refuse } from "./Http.ts"
import { sendRefusal } from "./send.ts"

/** The server cannot listen there. */
export class CannotListen extends Data.TaggedError("CannotListen")<{ readonly reason: string }> {
  override get message(): string {
    return this.reason
  }
}

export interface Address {
  readonly host: string
  readonly port: number
}

/**
 * The host and port of `HOST:PORT`, `[::1]:PORT` or `HOST`; a loopback address or `localhost` (JobSpec v0 §6.6), the port
 * 8765 where none is said.
 */
export const parseAddress = (text: string): Address | CannotListen => {
  const parts = /^(?:\[(?<six>[^\]]*)\]|(?<plain>[^:]*))(?::(?<port>\d*))?$/u.exec(text)?.groups
  const host = parts?.["six"] ?? parts?.["plain"] ?? text
  const port = Number(parts?.["port"] ?? 8765)
  if (host.toLowerCase() !== "localhost" && !isLoopback(host))
    return new CannotListen({ reason: `daemon bind address is not loopback: ${JSON.stringify(text)}` })
  if (port > 65_535) return new CannotListen({ reason: `there is no port ${port}` })
  return { host, port }
}

/** An address as a URL names it. */
export const urlOf = ({ host, port }: Address): string => `http://${host.includes(":") ? `[${host}]` : host}:${port}`

const head_ms_default = 5_000
const request_ms = 300_000
const idle_ms = 75_000

const listen = (server: Server, { host, port }: Address): Effect.Effect<Address, CannotListen> =>
  Effect.callback((resume) => {
    const failed = (cause: Error): void =>
      resume(Effect.fail(new CannotListen({ reason: `cannot listen at ${urlOf({ host, port })}: ${cause.message}` })))
    server.once("error", failed)
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off("error", failed)
      const address = server.address()
      resume(Effect.succeed({ host, port: typeof address === "object" && address !== null ? address.port : port }))
    })
  })

export interface Listening {
  readonly address: Address
  /**
   * Takes no new connections, ends those without a request at once, lets requests end for at most this long, then cuts the rest.
   * A reader that takes nothing of its answer is not waited for.
   */
  readonly drain: (grace_ms: number) => Effect.Effect<void>
}

/** Node throws away what is left of an answered request's body; whoever never sends it loses the connection. */
const endUnread = (request: IncomingMessage, deadlines: Deadlines, over: () => void): void => {
  const deadline = deadlines.add(() => request.socket.destroy())
  request.once("close", () => {
    deadlines.delete(deadline)
    over()
  })
}

/** Listens until the scope ends. A request's head may take as long as `head_ms`. */
export const startListener = (
  answering: Answering,
  address: Address,
  head_ms = head_ms_default,
): Effect.Effect<Listening, CannotListen, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    const run = Effect.runForkWith(context)
    const connections = new Connections()
    const server = createServer(
      {
        maxHeaderSize: head_bytes_max,
        // Refused where requests are, with a body that says why.
        requireHostHeader: false,
        headersTimeout: head_ms,
        requestTimeout: request_ms,
        keepAliveTimeout: idle_ms,
        connectionsCheckingInterval: Math.min(1_000, head_ms),
        noDelay: true,
      },
      (request, response) => {
        const start = performance.now()
        const { socket } = request
        connections.begin(socket, response)
        let fiber: Fiber.Fiber<void> | undefined
        const route = answer(answering, request, response, (effect) => {
          if (!response.destroyed) fiber = run(effect)
        })
        response.once("close", () => {
          const { method = "" } = request
          const known = knownMethods.has(method) ? method : "other"
          answering.metrics.answered(known, route, response.statusCode, performance.now() - start)
          if (fiber !== undefined && !response.writableFinished) run(Fiber.interrupt(fiber))
          const over = (): void => connections.end(socket, response)
          if (request.complete) over()
          else endUnread(request, answering.deadlines, over)
        })
      },
    )
    server.maxHeadersCount = header_lines_max
    // What never became a request is answered as far as somebody still listens; somebody who hangs up is no event.
    server.on("clientError", (cause: Broken, socket) => {
      answerBroken(socket, cause)
    })
    server.on("checkExpectation", (_, response) => {
      sendRefusal(response, refuse(417, "no expectation is met but 100-continue", {}))
    })
    server.on("connection", (socket) => connections.add(socket))
    const closed = Effect.callback<void>((resume) => {
      server.close(() => resume(Effect.void))
      connections.drain()
      answering.outflow.drain()
    })
    const listening = yield* Effect.acquireRelease(listen(server, address), () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      }),
    )
    return {
      address: listening,
      drain: (grace_ms) =>
        Effect.gen(function* () {
          yield* Effect.timeoutOption(closed, grace_ms)
          server.closeAllConnections()
        }),
    }
  })

const knownMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
