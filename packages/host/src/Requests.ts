/**
 * The port to servers: one HTTP request, one whole answer, within a time and a size.
 *
 * @module
 */
import { Context, Data, type Effect } from "effect"

export interface HttpRequest {
  readonly method: "GET" | "POST" | "DELETE"
  /** `http://…` or `https://…`, without credentials. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** By then the whole answer must be here, the connecting included. */
  readonly limit_ms: number
  /** How much the answer's body may hold. */
  readonly answerBytes_max: number
}

/** Whatever the status. Redirects are answers like any other: nothing is followed. */
export interface HttpAnswer {
  readonly status: number
  /** By name in lower case; of a repeated one, the first. */
  readonly headers: Readonly<Record<string, string>>
  /** As UTF-8. */
  readonly body: string
}

/** Codes of ours beside those of the system. */
export type RequestFailure = "TIME_LIMIT" | "ANSWER_TOO_LARGE"

const explanations: Readonly<Record<string, string>> = {
  TIME_LIMIT: "there was no answer in time",
  ANSWER_TOO_LARGE: "the answer is larger than it may be",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was cut",
  EPIPE: "the connection was cut",
  ENOTFOUND: "there is no host of that name",
  EAI_AGAIN: "the host's name cannot be looked up now",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  ETIMEDOUT: "the host does not answer",
  EADDRNOTAVAIL: "no connection is to be had at the moment",
  EMFILE: "this process has too many files open",
}

/**
 * There is no answer. Whether the request arrived is not known, unless `code` is `ECONNREFUSED` or says that there is no such
 * host: then it did not. Says nothing of headers or body, which may hold secrets.
 */
export class RequestFailed extends Data.TaggedError("RequestFailed")<{
  readonly method: string
  readonly url: string
  /** A `RequestFailure`, or the system's or Node's name of the error. */
  readonly code: string
}> {
  override get message(): string {
    const { code, method, url } = this
    const why = explanations[code]
    return `${method} ${url}: ${why === undefined ? code : `${why} (${code})`}`
  }

  /** The same without method and address. */
  get reason(): string {
    return explanations[this.code] ?? this.code
  }
}

export class Requests extends Context.Service<
  Requests,
  {
    /** Interruption cuts the connection. */
    readonly send: (request: HttpRequest) => Effect.Effect<HttpAnswer, RequestFailed>
  }
>()("@waybill/host/Requests") {}
