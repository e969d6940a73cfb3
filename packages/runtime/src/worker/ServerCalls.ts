/**
 * Calls to a server's worker routes: each with its deadline, each refusal with its name.
 *
 * @module
 */
import { type HttpAnswer, refuseDuration, Requests } from "@waybill/host"
import { Effect, Redacted } from "effect"
import { hideValues } from "../hideValues.ts"
import { InvalidDeclaration } from "../pipeline/Errors.ts"
import {
  NotAuthorized,
  NoWorkerRoutes,
  ServerBusy,
  type ServerError,
  ServerRefused,
  ServerUnreachable,
  UnexpectedAnswer,
} from "./ServerErrors.ts"

/** Where the server is, and who asks. */
export interface ServerOptions {
  /** `http://127.0.0.1:8765`; `https://…` for a server elsewhere. Without path, query or credentials. */
  readonly url: string
  /** One with the capability `work`. As an effect it is asked for with every call, so that a rotated token counts at once. */
  readonly token: Redacted.Redacted | Effect.Effect<Redacted.Redacted>
  /** How long one call may take, beside what it waits for; 10 s by default. */
  readonly call_ms?: number
}

/** An answer that is no refusal; `undefined` for one without a body. */
export type Document = Readonly<Record<string, unknown>> | undefined

export interface ServerCalls {
  /** The server's address, as errors name it. */
  readonly where: string
  /** `wait_ms`: how long the server may hold the answer back. */
  readonly post: (path: string, body: object, wait_ms?: number) => Effect.Effect<Document, ServerError>
}

const call_ms_default = 10_000
/** The body that a server takes (JobSpec v0 §4.2). */
export const body_bytes_max = 1_048_576
/** A claim's answer holds a payload, whose characters may each be written as six. */
const answerBytes_max = 16 * 1_048_576
const said_length_max = 500

const isLoopback = (host: string): boolean =>
  host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/u.test(host)

/** Why no worker can work for a server of that address. */
const refuseUrl = (text: string): string | undefined => {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    return "is no address such as http://127.0.0.1:8765"
  if (url.username !== "" || url.password !== "") return "holds a name or a password; the token is given apart"
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") return "has a path; only the server is named"
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    return "would send the token unprotected to another machine: use https, or a tunnel to this one"
  return undefined
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

const secondsOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,6}$/u.test(text) ? Number(text) : undefined

/** What an answer is, as the caller has to take it. `said` makes a text of the server's fit to be shown. */
const judge = (
  path: string,
  { body, headers, status }: HttpAnswer,
  said: (text: unknown) => string,
): Effect.Effect<Document, ServerError> => {
  if (status === 204) return Effect.succeed(undefined)
  const document = parsed(body)
  if (status === 200)
    return isObject(document)
      ? Effect.succeed(document)
      : Effect.fail(new UnexpectedAnswer({ status, reason: "its body is no JSON object" }))
  const { code, error } = isObject(document) ? document : {}
  const text = said(typeof error === "string" ? error : body)
  if (status === 401 || status === 403) return Effect.fail(new NotAuthorized({ status, said: text }))
  if (status === 405 || (status === 404 && typeof code !== "string"))
    return Effect.fail(new NoWorkerRoutes({ status, path }))
  if (status === 429 || status === 503) {
    const seconds = secondsOf(headers["retry-after"])
    return Effect.fail(
      new ServerBusy({ status, said: text, ...(seconds === undefined ? {} : { retryAfter_ms: seconds * 1000 }) }),
    )
  }
  if (status >= 400)
    return Effect.fail(
      new ServerRefused({ status, said: text, ...(typeof code === "string" ? { code: said(code) } : {}) }),
    )
  return Effect.fail(new UnexpectedAnswer({ status, reason: "nothing is redirected, and no other success is known" }))
}

/** Fails with `InvalidDeclaration` for options that cannot work; asks nothing yet. */
export const makeServerCalls = ({
  call_ms = call_ms_default,
  token,
  url,
}: ServerOptions): Effect.Effect<ServerCalls, InvalidDeclaration, Requests> =>
  Effect.gen(function* () {
    const requests = yield* Requests
    const badUrl = refuseUrl(url)
    const badTime = refuseDuration(call_ms)
    // An address that holds a password is not repeated.
    if (badUrl !== undefined) return yield* new InvalidDeclaration({ field: "url", reason: badUrl })
    if (badTime !== undefined) return yield* new InvalidDeclaration({ field: "call_ms", reason: badTime })
    const where = new URL(url).origin
    const post: ServerCalls["post"] = (path, body, wait_ms = 0) =>
      Effect.gen(function* () {
        const secret = Redacted.value(Redacted.isRedacted(token) ? token : yield* token).trim()
        if (!/^[\x21-\x7e]+$/u.test(secret))
          return yield* new NotAuthorized({
            status: 401,
            said: "the token is empty, or no text that a header can hold",
          })
        const answer = yield* Effect.mapError(
          requests.send({
            method: "POST",
            url: `${where}${path}`,
            headers: { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" },
            body: JSON.stringify(body),
            limit_ms: wait_ms + call_ms,
            answerBytes_max,
          }),
          ({ code, reason }) => new ServerUnreachable({ code, reason }),
        )
        const hidden = { secret, ...("claim_token" in body ? { claim: String(body.claim_token) } : {}) }
        return yield* judge(path, answer, (text) => hideValues(String(text), hidden).trim().slice(0, said_length_max))
      })
    return { where, post }
  })
