/**
 * From a request to its answer, in the order of checks that the contract fixes (JobSpec v0 §4.1, §5.1): whose host, which
 * path, which method, who asks, and then what.
 *
 * @module
 */
import { Cause, Effect } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import { authorize, isTrustedHost } from "./authorize.ts"
import { type Body, earlyBody, lateBody } from "./body.ts"
import type { Deadlines } from "./Deadlines.ts"
import type { Credential } from "./Credentials.ts"
import { refusedBy } from "./failures.ts"
import { type Call, header, Refused, refuse } from "./Http.ts"
import type { Log } from "./Log.ts"
import type { Metrics } from "./Metrics.ts"
import type { Outage } from "./Outage.ts"
import { allowOf, type Operation, type Route } from "./Route.ts"
import type { Find, Found } from "./Router.ts"
import type { Outflow } from "./Outflow.ts"
import { sendAnswer, sendRefusal, sendText } from "./send.ts"
import type { Tokens } from "./tokenFile.ts"

export interface Answering {
  readonly find: Find
  readonly tokens: Tokens
  /** Host names beside the loopback's that requests may be sent to. */
  readonly hosts: ReadonlyArray<string>
  /** Browser origins that may change something. */
  readonly origins: ReadonlyArray<string>
  /** How long a body may take. */
  readonly deadlines: Deadlines
  readonly outflow: Outflow
  readonly metrics: Metrics
  readonly outage: Outage
  readonly log: Log
}

const nobody: Credential = { name: "", token: "", capabilities: new Set(), local_only: true }

const operationFor = ({ operations }: Route, method: string | undefined): Operation | undefined =>
  method === "GET" || method === "POST" || method === "DELETE" ? operations[method] : undefined

/** Who asks; nobody in particular where the operation asks for no capability. */
const callerOf = (
  { origins, tokens }: Answering,
  request: IncomingMessage,
  { parameters, route }: Found,
  capabilities: Operation["capabilities"],
): Credential | Refused => {
  if (capabilities === undefined) return nobody
  const isOutside = route.isOneSegment === true && Object.values(parameters).some((value) => value.includes("/"))
  const caller = authorize(tokens.current(), origins, {
    headers: request.headers,
    remote: request.socket.remoteAddress,
    capabilities: isOutside ? undefined : capabilities,
  })
  return typeof caller === "string" ? refuse(403, `daemon mutation denied: ${caller}`) : caller
}

const notAllowed = (answering: Answering, request: IncomingMessage, found: Found): Refused => {
  const { method = "" } = request
  const { POST } = found.route.operations
  if (found.route.authorizesFirst === true && (method === "DELETE" || method === "PATCH")) {
    const caller = callerOf(answering, request, found, POST?.capabilities)
    if (caller instanceof Refused) return caller
  }
  return new Refused({
    status: 405,
    body: { error: "method not allowed" },
    headers: { Allow: allowOf(found.route, method) },
  })
}

const callFor = (
  { caller, parameters, search }: Begun,
  request: IncomingMessage,
  response: ServerResponse,
  body: Body,
): Call => {
  let values: URLSearchParams | undefined
  const query = (name: string): string | undefined => {
    values ??= new URLSearchParams(search)
    return values.get(name) ?? undefined
  }
  const isGone = () => response.destroyed
  return {
    headers: request.headers,
    parameters,
    query,
    caller,
    body: Effect.suspend(() => body(false)),
    optionalBody: Effect.suspend(() => body(true)),
    isGone,
  }
}

/** A request that has found who answers it. */
interface Begun {
  readonly route: Route
  readonly operation: Operation
  readonly parameters: Call["parameters"]
  readonly search: string
  readonly caller: Credential
}

/** Whose server is asked, and for what. A target in absolute form names both, and counts before the header (RFC 9112 §3.2.2). */
const targetOf = ({
  headers,
  url = "",
}: IncomingMessage): { readonly host: string | undefined; readonly url: string } => {
  const absolute = url.startsWith("/") ? undefined : /^http:\/\/(?<host>[^/?#]*)(?<rest>.*)$/iu.exec(url)?.groups
  if (absolute === undefined) return { host: header(headers, "host"), url }
  const { host, rest = "" } = absolute
  return { host, url: rest.startsWith("/") ? rest : `/${rest}` }
}

/** How many headers of a request have this name, in lower case. Node shows one of them. */
const countOf = ({ rawHeaders }: IncomingMessage, wanted: string): number => {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ""
    if (name.length === wanted.length && name.toLowerCase() === wanted) count++
  }
  return count
}

/** What a request is answered by, or how it is refused before any route is asked. */
const begin = (answering: Answering, request: IncomingMessage): Begun | Refused | "not found" => {
  const { method } = request
  // Node shows the first of several; whoever stands between may have gone by another one.
  const hosts = countOf(request, "host")
  if (hosts > 1 || (hosts === 0 && request.httpVersion === "1.1")) return refuse(400, "a request has one Host header")
  const { host, url } = targetOf(request)
  if (!isTrustedHost(host, answering.hosts)) return refuse(403, "host is not trusted")
  const mark = url.indexOf("?")
  const found = answering.find(mark < 0 ? url : url.slice(0, mark))
  if (found === "not found") return found
  if (found === "malformed") return refuse(400, "malformed path")
  const operation = operationFor(found.route, method)
  if (operation === undefined) return notAllowed(answering, request, found)
  const caller = callerOf(answering, request, found, operation.capabilities)
  if (caller instanceof Refused) return caller
  const search = mark < 0 ? "" : url.slice(mark + 1)
  return { route: found.route, operation, parameters: found.parameters, search, caller }
}

/**
 * Answers one request; answers which route it has found. `run` is given what is left to do, which never fails: what goes wrong is
 * answered as far as nothing was sent yet, and logged.
 */
export const answer = (
  answering: Answering,
  request: IncomingMessage,
  response: ServerResponse,
  run: (effect: Effect.Effect<void>) => void,
): string => {
  const begun = begin(answering, request)
  if (begun === "not found") {
    sendText(response, 404, "text/plain; charset=utf-8", "404 page not found\n")
    return "none"
  }
  if (begun instanceof Refused) {
    sendRefusal(response, begun)
    return "none"
  }
  const { operation, route } = begun
  const failed = (cause: Cause.Cause<Error>): Effect.Effect<void> =>
    Effect.sync(() => {
      if (Cause.hasInterruptsOnly(cause)) return
      const thrown = Cause.squash(cause)
      const refused = refusedBy(thrown instanceof Error ? thrown : new Error(String(thrown)))
      const said = { route: route.path, status: refused.status }
      // What a route answers on purpose is no failure, whatever its status.
      if (refused === thrown && refused.status >= 500)
        answering.log("info", "a request was refused", { ...said, reason: refused.message })
      else if (!answering.outage.explains(thrown) && refused.status >= 500)
        answering.log("error", "a request failed", { ...said, error: Cause.pretty(cause) })
      if (response.headersSent) response.destroy()
      else sendRefusal(response, refused)
    })
  const answered = (body: Body): void => {
    const call = callFor(begun, request, response, body)
    const handled = Effect.flatMap(
      Effect.suspend(() => operation.handle(call)),
      (each) => sendAnswer(response, each, answering.outflow),
    )
    run(Effect.catchCause(handled, failed))
  }
  const { deadlines } = answering
  if (operation.body === undefined || operation.body.isLate === true) answered(lateBody(request, deadlines))
  else earlyBody(request, deadlines, answered)
  return route.path
}
