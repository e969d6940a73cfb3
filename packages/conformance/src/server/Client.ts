/**
 * Requests to the server that is checked: plain `fetch`, each within its time, each kept so that it can be repeated.
 *
 * @module
 */
import type { Answer, Asked, Exchange } from "./Exchange.ts"

/** No answer came in time, or the connection ended: nobody knows whether the request had its effect. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer"
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON; a text or bytes as they are. */
  readonly body?: unknown
  /** `"token"` sends the token (the default for every method but GET and HEAD), `"nobody"` sends none, else that one. */
  readonly as?: "token" | "nobody" | { readonly token: string }
  readonly deadline_ms?: number
  /** Ends the request from this side, as a client that dies would. */
  readonly signal?: AbortSignal
}

export interface Client {
  readonly ask: (path: string, options?: AskOptions) => Promise<Answer>
  readonly exchanges: () => ReadonlyArray<Exchange>
  readonly close: () => void
}

const deadline_ms_default = 15_000
/**
 * A server that has waited too long for a request says 408 and has read nothing of it (RFC 9110 §15.5.9). Everything here is sent at
 * once, so that only a busy machine makes it wait: the request is sent again, so often at most.
 */
const tries_max = 3

/** Older exchanges of one law are forgotten: a report shows the last ones. */
const exchanges_max = 400

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const reasonOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  const inner = cause.cause instanceof Error ? `: ${cause.cause.message}` : ""
  return `${cause.message}${inner}`
}

/** A client of its own for one law. After `close` every request fails. */
export const makeClient = (url: () => string, token: string | undefined): Client => {
  let now = 0
  const closed = new AbortController()
  const exchanges: Array<Exchange> = []
  const keep = (exchange: Exchange): void => {
    exchanges.push(exchange)
    if (exchanges.length > exchanges_max) exchanges.shift()
  }
  const askOnce = async (path: string, options: AskOptions): Promise<Answer> => {
    const { as, body, deadline_ms = deadline_ms_default, headers = {}, method = "GET", signal } = options
    const isRead = method === "GET" || method === "HEAD"
    const whose = as ?? (isRead ? "nobody" : "token")
    const bearer = whose === "nobody" ? undefined : whose === "token" ? token : whose.token
    const sent =
      body === undefined || typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body)
    const asked: Asked = {
      method,
      path,
      headers: { ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }), ...headers },
      ...(sent === undefined ? {} : { body: sent }),
    }
    const began = ++now
    const at = performance.now()
    try {
      const response = await fetch(`${url()}${path}`, {
        method,
        headers: asked.headers,
        ...(sent === undefined ? {} : { body: sent instanceof Uint8Array ? new Uint8Array(sent) : sent }),
        signal: AbortSignal.any([
          AbortSignal.timeout(deadline_ms),
          closed.signal,
          ...(signal === undefined ? [] : [signal]),
        ]),
      })
      const bytes = new Uint8Array(await response.arrayBuffer())
      const text = new TextDecoder().decode(bytes)
      const answer: Answer = { status: response.status, headers: response.headers, text, bytes, json: parsed(text) }
      keep({ asked, outcome: answer, began, ended: ++now })
      return answer
    } catch (cause) {
      const hungUp = signal?.aborted === true ? { hung_up_ms: performance.now() - at } : {}
      const lost = signal?.aborted === true ? "the client hung up" : reasonOf(cause)
      keep({ asked: { ...asked, ...hungUp }, outcome: { lost }, began, ended: ++now })
      throw new NoAnswer(`${method} ${path}: no answer: ${lost}`, { cause })
    }
  }
  const ask = async (path: string, options: AskOptions = {}): Promise<Answer> => {
    let answer = await askOnce(path, options)
    for (let tries = 1; answer.status === 408 && tries < tries_max; tries++) answer = await askOnce(path, options)
    return answer
  }
  return { ask, exchanges: () => exchanges, close: () => closed.abort() }
}
