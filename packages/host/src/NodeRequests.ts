/**
 * Requests over this machine's network. Connections are kept for as long as the layer lives, and used again.
 *
 * Proxies of the environment are not asked: what is sent holds secrets, and goes where its caller said.
 *
 * @module
 */
import { Effect, Layer } from "effect"
import http from "node:http"
import https from "node:https"
import { type HttpAnswer, type HttpRequest, RequestFailed, type RequestFailure, Requests } from "./Requests.ts"

interface Agents {
  readonly plain: http.Agent
  readonly secure: https.Agent
}

const codeOf = (cause: Error): string => {
  if ("code" in cause && typeof cause.code === "string") return cause.code
  // Several addresses were tried, and each failed.
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return codeOf(cause.errors[0])
  return cause.name
}

const headersOf = (headers: http.IncomingHttpHeaders): HttpAnswer["headers"] =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const first = typeof value === "string" ? value : value?.[0]
      return first === undefined ? [] : [[name, first]]
    }),
  )

const sendWith =
  ({ plain, secure }: Agents) =>
  ({
    answerBytes_max,
    body,
    headers = {},
    limit_ms,
    method,
    url,
  }: HttpRequest): Effect.Effect<HttpAnswer, RequestFailed> =>
    Effect.callback((resume) => {
      const isSecure = url.startsWith("https:")
      const cutting = new AbortController()
      const timer = setTimeout(() => {
        failed("TIME_LIMIT")
        cutting.abort()
      }, limit_ms)
      let isOver = false
      const end = (answer: Effect.Effect<HttpAnswer, RequestFailed>): void => {
        if (isOver) return
        isOver = true
        clearTimeout(timer)
        resume(answer)
      }
      const failed = (code: RequestFailure | (string & {})): void =>
        end(Effect.fail(new RequestFailed({ method, url, code })))
      const options: https.RequestOptions = {
        method,
        agent: isSecure ? secure : plain,
        signal: cutting.signal,
        headers: { ...headers, ...(body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) }) },
      }
      let asked: http.ClientRequest
      try {
        asked = isSecure ? https.request(url, options) : http.request(url, options)
      } catch (cause) {
        // A header or an address that no request can have; the text of the error may name its value.
        const code = cause instanceof Error ? codeOf(cause) : "UNKNOWN"
        return failed(code)
      }
      asked.on("error", (cause) => failed(codeOf(cause)))
      asked.on("response", (response) => {
        const chunks: Array<Buffer> = []
        let size = 0
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk)
          size += chunk.length
          if (size <= answerBytes_max) return
          failed("ANSWER_TOO_LARGE")
          cutting.abort()
        })
        response.on("error", (cause) => failed(codeOf(cause)))
        // By then the connection may serve the next request.
        response.on("close", () => {
          if (!response.complete) return failed("ECONNRESET")
          const { headers, statusCode: status = 0 } = response
          end(Effect.succeed({ status, headers: headersOf(headers), body: Buffer.concat(chunks).toString("utf8") }))
        })
      })
      asked.end(body)
      return Effect.sync(() => {
        isOver = true
        clearTimeout(timer)
        cutting.abort()
      })
    })

export const layerNodeRequests: Layer.Layer<Requests> = Layer.effect(
  Requests,
  Effect.map(
    Effect.acquireRelease(
      Effect.sync((): Agents => ({
        plain: new http.Agent({ keepAlive: true }),
        secure: new https.Agent({ keepAlive: true }),
      })),
      ({ plain, secure }) =>
        Effect.sync(() => {
          plain.destroy()
          secure.destroy()
        }),
    ),
    (agents) => ({ send: sendWith(agents) }),
  ),
)
