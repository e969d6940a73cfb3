import { type HttpAnswer, layerNodeRequests, layerSeededEntropy, RequestFailed, Requests } from "@waybill/host"
import { Ledger } from "@waybill/ledger"
import fc from "fast-check"
import { Deferred, Effect, Fiber, Layer, Redacted, Result } from "effect"
import { createServer } from "node:http"
import { type AddressInfo } from "node:net"
import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import {
  checkServer,
  type Executor,
  makeServerQueue,
  QueueUnavailable,
  runWorker,
  type ServerOptions,
  type ServerQueueOptions,
  WorkQueue,
} from "../src/index.ts"
import { serverDesk, serverDeskOver } from "./support/serverDesk.ts"
import { factsOf, jobNow, listener, submit } from "./support/workplace.ts"

type Send = typeof Requests.Service.send

const token = "t0ken-of-the-test-server"
const url = "http://127.0.0.1:8765"
const options = { url, token: Redacted.make(token) }

const answering = (answer: Partial<HttpAnswer>, more: { readonly sent?: Array<string> } = {}) =>
  Layer.succeed(Requests, {
    send: ({ headers = {} }) =>
      Effect.sync(() => {
        more.sent?.push(headers["Authorization"] ?? "")
        return { status: 200, headers: {}, body: "{}", ...answer }
      }),
  })

const queueOver = (layer: Layer.Layer<Requests>, more: Partial<ServerQueueOptions> = {}) =>
  makeServerQueue({ ...options, ...more }).pipe(Effect.provide([layerSeededEntropy(1), layer]))

/** How claiming fails when a server answers so. */
const failing = (answer: Partial<HttpAnswer>): Promise<QueueUnavailable> =>
  Effect.runPromise(
    Effect.flip(Effect.flatMap(queueOver(answering(answer)), (queue) => queue.claimNext({}, 1000))).pipe(
      Effect.map((error) => {
        if (!(error instanceof QueueUnavailable)) throw error
        return error
      }),
    ),
  )

const tagOf = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "_tag" in value ? value._tag : undefined

describe("a network that loses what it carries", () => {
  const quick: Executor = { execute: ({ job_id }) => Effect.succeed({ artifacts: { made: job_id } }) }
  const cut = (request: { readonly method: string; readonly url: string }) =>
    Effect.fail(new RequestFailed({ method: request.method, url: request.url, code: "ECONNRESET" }))

  it("whatever requests and answers are lost, every job is claimed once, and completed once", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("request", "answer", "neither"), { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        async (losses, jobs, slots) => {
          let n = 0
          const spoil =
            (send: Send): Send =>
            (request) => {
              if (request.url.endsWith("/wait")) return send(request)
              const lost = losses[n++]
              if (lost === "request") return cut(request)
              return lost === "answer" ? Effect.andThen(Effect.exit(send(request)), cut(request)) : send(request)
            }
          const { advance, atWork } = serverDeskOver(spoil)
          const ids = Array.from({ length: jobs }, (_, i) => `j${i}`)
          const told = await atWork(
            Effect.gen(function* () {
              const { events, observe } = listener()
              for (const id of ids) yield* submit(id)
              // A lease so long that only what is lost could end it.
              const terms = { lease_ms: 86_400_000, heartbeat_ms: 80_000_000 }
              yield* Effect.forkScoped(runWorker({ executors: { "test.work": quick }, slots, ...terms, observe }))
              const isDone = () => events.filter(({ kind }) => kind === "completed").length === jobs
              for (let i = 0; i < 400 && !isDone(); i++) yield* advance("2 seconds")
              return yield* Effect.forEach(ids, factsOf)
            }),
          )
          for (const facts of told) {
            expect(facts.filter((type) => type !== "job.heartbeat")).toEqual([
              "job.accepted",
              "job.claimed",
              "job.completed",
            ])
          }
        },
      ),
      { numRuns: 25 },
    ))

  it("a claim whose answer was lost is given a lease that runs from the second asking", () => {
    let isLost = true
    const { advance, atWork } = serverDeskOver((send) => (request) => {
      if (!isLost || !request.url.endsWith("/claims")) return send(request)
      isLost = false
      return Effect.andThen(send(request), cut(request))
    })
    return atWork(
      Effect.gen(function* () {
        const queue = yield* WorkQueue
        yield* submit("a")
        yield* Effect.flip(queue.claimNext({}, 60_000))
        yield* advance("50 seconds")
        const held = yield* queue.claimNext({}, 60_000)
        yield* advance("50 seconds")
        yield* held?.complete({}) ?? Effect.die("there is no hold")
        expect(yield* factsOf("a")).toEqual(["job.accepted", "job.claimed", "job.heartbeat", "job.completed"])
      }),
    )
  })

  it("a claim that was interrupted while its answer was under way is taken up by the next", () => {
    const isSent = Deferred.makeUnsafe<void>()
    let isFirst = true
    const { atWork } = serverDeskOver((send) => (request) => {
      if (!isFirst || !request.url.endsWith("/claim")) return send(request)
      isFirst = false
      return Effect.andThen(send(request), Effect.andThen(Deferred.succeed(isSent, undefined), Effect.never))
    })
    return atWork(
      Effect.gen(function* () {
        const queue = yield* WorkQueue
        yield* submit("a")
        const first = yield* Effect.forkScoped(queue.claim("a", 60_000))
        yield* Deferred.await(isSent)
        yield* Fiber.interrupt(first)
        const held = yield* queue.claim("a", 60_000)
        expect(held.job.lease_epoch).toBe(1)
        yield* held.release
        yield* held.release
        expect((yield* jobNow("a"))?.status).toBe("retry_waiting")
      }),
    )
  })

  it("a job is worked on whatever it is called, also where a URL would fold its name away", () =>
    serverDesk.atWork(
      Effect.gen(function* () {
        const queue = yield* WorkQueue
        const ids = [".", "..", "%2e%2e", "a/../b", "?#", "...", "ü"]
        for (const id of ids) yield* submit(id)
        for (const id of ids) {
          const held = yield* queue.claim(id, 60_000)
          yield* held.heartbeat(60_000)
          yield* held.complete({ artifacts: { made: id } })
          expect(yield* jobNow(id)).toMatchObject({ status: "completed", artifacts: { made: id } })
        }
      }),
    ))

  it("a job that was claimed tells what the ledger's queue tells of it", () =>
    serverDesk.atWork(
      Effect.gen(function* () {
        const queue = yield* WorkQueue
        yield* submit("a/b ü", { payload: { x: [1, { y: null }] }, idempotency_key: "k", request_id: "r1" })
        const { job } = yield* queue.claim("a/b ü", 60_000)
        expect(job).toEqual({
          job_id: "a/b ü",
          job_type: "test.work",
          request_id: "r1",
          idempotency_key: "k",
          payload: { x: [1, { y: null }] },
          lease_epoch: 1,
          attempt: 1,
          max_attempts: 3,
        })
        expect(yield* Effect.map(Ledger, ({ where }) => where)).not.toBe("")
      }),
    ))
})

describe("a server that is of no use says why, and what to do", () => {
  const json = (error: string, more: object = {}) => JSON.stringify({ error, ...more })
  it.each<[Partial<HttpAnswer>, string, string]>([
    [{ status: 401, body: "who?" }, "NotAuthorized", 'it needs a token with the capability "work"'],
    [{ status: 403, body: json("mutation token mismatch") }, "NotAuthorized", "(403: mutation token mismatch)"],
    [{ status: 404, body: "404 page not found\n" }, "NoWorkerRoutes", "is it a Waybill server, and of this version?"],
    [{ status: 405, body: json("method not allowed") }, "NoWorkerRoutes", "405 at /waybill/v1/claims"],
    [{ status: 404, body: json("no", { code: "JobNotFound" }) }, "ServerRefused", "(404 JobNotFound): no"],
    [{ status: 400, body: json("invalid json") }, "ServerRefused", "the server refuses (400): invalid json"],
    [{ status: 409, body: json("no", { code: "TokenInUse" }) }, "ServerRefused", "409 TokenInUse"],
    [{ status: 413, body: json("too large") }, "ServerRefused", "413"],
    [{ status: 500, body: json("disk", { code: "StoreUnavailable" }) }, "ServerRefused", "500 StoreUnavailable"],
    [{ status: 429, body: "slow down" }, "ServerBusy", "429: slow down"],
    [{ status: 503, body: json("stopping"), headers: { "retry-after": "7" } }, "ServerBusy", "503: stopping"],
    [{ status: 302, headers: { location: "http://evil.example/" } }, "UnexpectedAnswer", "nothing is redirected"],
    [{ status: 200, body: "<html>" }, "UnexpectedAnswer", "no JSON object"],
    [{ status: 200, body: "{}" }, "UnexpectedAnswer", "names no job"],
  ])("%j", async (answer, tag, text) => {
    const error = await failing(answer)
    expect([tagOf(error.cause), error.where]).toEqual([tag, url])
    expect(error.message).toContain(text)
    expect(error.retryAfter_ms).toBe(answer.headers?.["retry-after"] === undefined ? undefined : 7000)
  })

  it("nothing listens there", async () => {
    const closed = createServer()
    const port = await new Promise<number>((resolve) => {
      closed.listen(0, "127.0.0.1", () => resolve((closed.address() as AddressInfo).port))
    })
    await new Promise((resolve) => closed.close(resolve))
    const error = await Effect.runPromise(
      Effect.flip(checkServer({ ...options, url: `http://127.0.0.1:${port}` })).pipe(Effect.provide(layerNodeRequests)),
    )
    expect(error.message).toBe(
      `the queue at http://127.0.0.1:${port} could not be asked: nothing listens there (ECONNREFUSED): is the server running there?`,
    )
  })

  it("no answer comes: every call has its deadline", async () => {
    const silent = createServer(() => {})
    const port = await new Promise<number>((resolve) => {
      silent.listen(0, "127.0.0.1", () => resolve((silent.address() as AddressInfo).port))
    })
    const error = await Effect.runPromise(
      Effect.flip(checkServer({ ...options, url: `http://127.0.0.1:${port}`, call_ms: 20 })).pipe(
        Effect.provide(layerNodeRequests),
      ),
    )
    silent.closeAllConnections()
    silent.close()
    expect(error.message).toContain("there was no answer in time (TIME_LIMIT)")
  })

  it("a report that no server takes is refused before it is sent", () =>
    serverDesk.atWork(
      Effect.gen(function* () {
        const queue = yield* WorkQueue
        yield* submit("a")
        const held = yield* queue.claim("a", 60_000)
        const refused = yield* Effect.flip(held.complete({ artifacts: { log: "x".repeat(1_048_576) } }))
        expect(refused._tag).toBe("ReportRefused")
        const bad = yield* Effect.flip(held.fail({ code: "no such code" }, {}))
        expect([bad._tag, bad.message]).toEqual(["ReportRefused", expect.stringContaining("no such code")])
        expect((yield* jobNow("a"))?.status).toBe("running")
      }),
    ))

  it("a server that does not know the job of a hold ends no work by that: its lease does", async () => {
    let n = 0
    const claim = { job_id: "a", lease_epoch: 1, lease_expires_at: "2026-01-01T00:00:00Z", attempt: 1 }
    const layer = Layer.succeed(Requests, {
      send: ({ body = "" }) =>
        Effect.sync((): HttpAnswer => {
          if (n++ > 0) return { status: 404, headers: {}, body: json("job not found", { code: "JobNotFound" }) }
          const { claim_token } = JSON.parse(body) as { readonly claim_token: string }
          const job = { job_type: "test.work", request_id: "r", max_attempts: 3 }
          return { status: 200, headers: {}, body: JSON.stringify({ ...claim, claim_token, job }) }
        }),
    })
    const error = await Effect.runPromise(
      Effect.flatMap(queueOver(layer), (queue) =>
        Effect.flatMap(queue.claimNext({}, 1000), (held) => Effect.flip(held?.heartbeat(1000) ?? Effect.void)),
      ),
    )
    expect([tagOf(error), tagOf("cause" in error ? error.cause : undefined)]).toEqual([
      "QueueUnavailable",
      "ServerRefused",
    ])
  })
})

describe("a token", () => {
  it("stands in no error, whatever the server says", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(200, 302, 400, 401, 403, 404, 409, 413, 429, 500, 503),
        fc.constantFrom("%", '{"error":"%"}', '{"error":"% is bad","code":"%"}', '{"claim_token":"%"}'),
        async (status, body) => {
          const error = await failing({ status, body: body.replaceAll("%", `Bearer ${token}`) })
          const texts = [error.message, inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)]
          for (const text of texts) expect(text).not.toContain(token)
        },
      ),
    ))

  it("that was rotated counts from the next call on", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const sent: Array<string> = []
        let n = 0
        const rotating = Effect.sync(() => Redacted.make(`token-${n++}`))
        const queue = yield* queueOver(answering({ status: 204 }, { sent }), { token: rotating })
        yield* queue.claimNext({}, 1000)
        yield* queue.claimNext({}, 1000)
        expect(sent).toEqual(["Bearer token-0", "Bearer token-1"])
      }),
    ))

  it.each<[string, Partial<ServerOptions>, string]>([
    ["goes unprotected to no other machine", { url: "http://example.org:8765" }, "use https, or a tunnel"],
    ["is not taken out of an address", { url: "http://u:p4ssword@127.0.0.1:1" }, "the token is given apart"],
    ["is for one server", { url: "http://127.0.0.1:1/v1" }, "has a path"],
    ["is sent over HTTP", { url: "127.0.0.1:8765" }, "no address such as"],
    ["is not sent for ever", { call_ms: 0 }, "call_ms is 0 ms"],
  ])("%s", async (_, wrong, text) => {
    const made = await Effect.runPromise(Effect.result(queueOver(answering({}), wrong)))
    const message = Result.isFailure(made) ? made.failure.message : "it was taken"
    expect(message).toContain(text)
    expect(message).not.toContain("p4ssword")
  })

  it("that no header can hold is refused before anything is sent", async () => {
    const sent: Array<string> = []
    for (const bad of ["", " ", "a\nb", "é"]) {
      const queue = await Effect.runPromise(queueOver(answering({}, { sent }), { token: Redacted.make(bad) }))
      const error = await Effect.runPromise(Effect.flip(queue.awaitWork({})))
      expect(tagOf(error.cause)).toBe("NotAuthorized")
    }
    expect(sent).toEqual([])
  })
})
