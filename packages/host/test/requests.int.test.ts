import { Deferred, Effect, Fiber } from "effect"
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { inspect } from "node:util"
import { expect, it } from "vitest"
import { type HttpRequest, layerNodeRequests, type RequestFailed, Requests } from "../src/index.ts"

const secret = "s3cret-header"

/** Runs with a server, and a way to ask it. */
const served = async <A>(
  listener: RequestListener,
  body: (send: (more?: Partial<HttpRequest>) => Effect.Effect<unknown, RequestFailed>, url: string) => Effect.Effect<A>,
): Promise<A> => {
  const server = createServer(listener)
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
  })
  const url = `http://127.0.0.1:${port}/a?b=c`
  try {
    return await Effect.runPromise(
      Effect.gen(function* () {
        const requests = yield* Requests
        return yield* body(
          (more = {}) =>
            requests.send({
              method: "GET",
              url,
              headers: { Authorization: secret },
              limit_ms: 20_000,
              answerBytes_max: 1000,
              ...more,
            }),
          url,
        )
      }).pipe(Effect.provide(layerNodeRequests)),
    )
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const codeOf = (send: Effect.Effect<unknown, RequestFailed>): Effect.Effect<string> =>
  Effect.match(send, {
    onSuccess: () => "there was an answer",
    onFailure: (error) => {
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret)
      return error.code
    },
  })

const read = (request: IncomingMessage): Promise<string> =>
  new Promise((resolve) => {
    let text = ""
    request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
    request.on("end", () => resolve(text))
  })

it("a request arrives as it was made, and its answer comes back whole, whatever the status", () =>
  served(
    (request, response) => {
      void read(request).then((text) => {
        const { headers, method, url } = request
        response.writeHead(418, { "X-One": ["1", "2"], "Content-Type": "text/plain" })
        response.end(`${method} ${url} ${headers.authorization} ${headers["content-length"]} ${text}`)
      })
    },
    (send) =>
      Effect.gen(function* () {
        const answer = yield* Effect.orDie(send({ method: "POST", body: "grüße" }))
        expect(answer).toMatchObject({
          status: 418,
          headers: { "x-one": "1, 2", "content-type": "text/plain" },
          body: `POST /a?b=c ${secret} 7 grüße`,
        })
      }),
  ))

it("a redirect is an answer, and nobody else is asked", () => {
  let asked = 0
  return served(
    (_, response) => {
      asked++
      response.writeHead(307, { Location: "/elsewhere" }).end()
    },
    (send) =>
      Effect.gen(function* () {
        expect(yield* Effect.orDie(send())).toMatchObject({ status: 307 })
        expect(asked).toBe(1)
      }),
  )
})

it("connections are used again", () => {
  const sockets = new Set<Socket>()
  return served(
    (request, response) => {
      sockets.add(request.socket)
      response.end()
    },
    (send) =>
      Effect.gen(function* () {
        for (let n = 0; n < 10; n++) yield* Effect.orDie(send())
        expect(sockets.size).toBeLessThan(10)
      }),
  )
})

it.each<[string, (response: ServerResponse) => void, Partial<HttpRequest>]>([
  ["TIME_LIMIT", () => {}, { limit_ms: 20 }],
  ["TIME_LIMIT", (response) => response.write("begun"), { limit_ms: 20 }],
  ["ANSWER_TOO_LARGE", (response) => response.end("x".repeat(1001)), {}],
  ["ECONNRESET", (response) => response.destroy(), {}],
  [
    "ECONNRESET",
    (response) => {
      response.writeHead(200, { "Content-Length": 10 })
      response.write("x", () => response.destroy())
    },
    {},
  ],
])("%s, and nothing of the headers, when there is no whole answer", (code, answer, more) =>
  served(
    (_, response) => answer(response),
    (send) =>
      Effect.gen(function* () {
        expect(yield* codeOf(send(more))).toBe(code)
      }),
  ),
)

it("a header that no request can have is told without its value", () =>
  served(
    (_, response) => response.end(),
    (send) =>
      Effect.gen(function* () {
        expect(yield* codeOf(send({ headers: { Authorization: `${secret}\n` } }))).toBe("ERR_INVALID_CHAR")
      }),
  ))

it("an address where nothing listens is told as such", async () => {
  const url = await served(
    (_, response) => response.end(),
    (_, gone) => Effect.succeed(gone),
  )
  await Effect.runPromise(
    Effect.gen(function* () {
      const requests = yield* Requests
      const error = yield* Effect.flip(requests.send({ method: "GET", url, limit_ms: 20_000, answerBytes_max: 1 }))
      expect(error.message).toBe(`GET ${url}: nothing listens there (ECONNREFUSED)`)
      expect(error.reason).toBe("nothing listens there")
    }).pipe(Effect.provide(layerNodeRequests)),
  )
})

it("interruption cuts the connection", () => {
  const arrived = Deferred.makeUnsafe<void>()
  const cut = Deferred.makeUnsafe<void>()
  return served(
    (request) => {
      request.socket.once("close", () => Deferred.doneUnsafe(cut, Effect.void))
      Deferred.doneUnsafe(arrived, Effect.void)
    },
    (send) =>
      Effect.gen(function* () {
        const asking = yield* Effect.forkChild(send())
        yield* Deferred.await(arrived)
        yield* Fiber.interrupt(asking)
        yield* Deferred.await(cut)
      }),
  )
})
