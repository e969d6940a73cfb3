/**
 * What a network command connects with: `fetch` and agents that keep its limits and go through the proxies that the
 * environment names.
 *
 * undici's own connect timer is coarse (a limit of 200 ms fires after about a second), so connecting has a timer here.
 *
 * @module
 */
import type { NetworkContext } from "@waybill/command-contract"
import { readFileSync } from "node:fs"
import http from "node:http"
import https from "node:https"
import type { Duplex } from "node:stream"
import { getCACertificates } from "node:tls"
import { Agent, EnvHttpProxyAgent, type Dispatcher, buildConnector, fetch as undiciFetch } from "undici"
import { CommandError } from "./CommandError.ts"
import { redact } from "./PlainText.ts"

export interface NetworkLimits {
  readonly signal: AbortSignal
  /** Milliseconds for opening one connection; undefined: only the whole run is limited. */
  readonly connectMs: () => number | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Network {
  readonly fetch: typeof globalThis.fetch
  readonly dispatcher: Dispatcher
  readonly httpAgent: http.Agent
  readonly httpsAgent: https.Agent
  /** Gives sockets back. */
  readonly close: () => void
  /** What is known of the call that failed with this error; undefined when it was not made with `fetch` of here. */
  readonly contextOf: (thrown: unknown) => NetworkContext | undefined
}

/** A connection was not opened within its limit, the TLS handshake included. */
export class ConnectTimeout extends Error {
  override readonly name = "ConnectTimeoutError"
  readonly code = "CONNECT_TIMEOUT"
  constructor(limit_ms: number) {
    super(`the connection was not open after ${limit_ms} ms`)
  }
}

const variable = (env: NetworkLimits["env"], name: string) => env[name.toLowerCase()] ?? env[name]

/** The proxy variables that are set, by their upper-case name. */
export const proxySettings = (env: NetworkLimits["env"]) => ({
  http: variable(env, "HTTP_PROXY"),
  https: variable(env, "HTTPS_PROXY"),
  none: variable(env, "NO_PROXY"),
})

/** Whether NO_PROXY names a host: `*`, the host itself, or a domain that it is below. */
const isExempt = (host: string, none: string | undefined): boolean =>
  (none ?? "")
    .split(/[\s,]+/)
    .filter((each) => each !== "")
    .some((each) => each === "*" || host === each || host.endsWith(each.startsWith(".") ? each : `.${each}`))

/** What a failed call says about the way it took. Credentials never appear. */
export const networkContext = (address: string, env: NetworkLimits["env"]): NetworkContext => {
  const url = URL.parse(address)
  const settings = proxySettings(env)
  const isSecure = url?.protocol === "https:"
  const proxy = isSecure ? settings.https : settings.http
  const used =
    url === null || proxy === undefined || proxy === "" || isExempt(url.hostname, settings.none) ? null : proxy
  return {
    url: redact(address, []),
    proxy_used: used === null ? null : redact(used, []),
    ...(used === null ? {} : { proxy_source: isSecure ? "HTTPS_PROXY" : "HTTP_PROXY" }),
    ...(settings.none === undefined ? {} : { no_proxy: settings.none }),
    ssl_verify: env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0",
    ...(used === null ? {} : { suggestion: "Check the proxy, or exempt the host with NO_PROXY." }),
  }
}

/** Certificates of SSL_CERT_FILE besides the usual ones; undefined leaves Node's own. */
const certificates = (env: NetworkLimits["env"]): ReadonlyArray<string> | undefined => {
  const file = env["SSL_CERT_FILE"]
  if (file === undefined || file === "") return undefined
  return [...getCACertificates("default"), readFileSync(file, "utf8")]
}

/** Ends a socket that has not said `ready` within the limit. */
const limitConnect = (socket: Duplex, ready: string, limit_ms: number | undefined): void => {
  if (limit_ms === undefined) return
  const timer = setTimeout(() => socket.destroy(new ConnectTimeout(limit_ms)), limit_ms)
  const stop = () => clearTimeout(timer)
  socket.once(ready, stop)
  socket.once("close", stop)
}

const limitedConnector = (limits: NetworkLimits, ca: ReadonlyArray<string> | undefined): buildConnector.connector => {
  const connect = buildConnector({ timeout: 0, ...(ca === undefined ? {} : { ca: [...ca] }) })
  return (options, callback) => {
    const limit_ms = limits.connectMs()
    let answered = false
    const timers: Array<NodeJS.Timeout> = []
    const answer: buildConnector.Callback = (...result) => {
      for (const timer of timers) clearTimeout(timer)
      if (answered) {
        // Too late: nobody waits for this socket any more.
        result[1]?.destroy()
        return
      }
      answered = true
      callback(...result)
    }
    const opening: unknown = connect(options, answer)
    if (limit_ms === undefined) return
    const expire = () => {
      answer(new ConnectTimeout(limit_ms), null)
      if (
        typeof opening === "object" &&
        opening !== null &&
        "destroy" in opening &&
        typeof opening.destroy === "function"
      ) {
        opening.destroy()
      }
    }
    timers.push(setTimeout(expire, limit_ms))
  }
}

class LimitedHttpAgent extends http.Agent {
  /** Tells calls through here from calls that nothing limits. */
  readonly keepsLimits = true
  readonly #limits: NetworkLimits
  constructor(limits: NetworkLimits) {
    super({ keepAlive: true, proxyEnv: { ...limits.env } })
    this.#limits = limits
  }
  override createConnection(...args: Parameters<http.Agent["createConnection"]>): Duplex | null | undefined {
    const socket = super.createConnection(...args)
    if (socket !== null && socket !== undefined) limitConnect(socket, "connect", this.#limits.connectMs())
    return socket
  }
}

class LimitedHttpsAgent extends https.Agent {
  readonly keepsLimits = true
  readonly #limits: NetworkLimits
  constructor(limits: NetworkLimits, ca: ReadonlyArray<string> | undefined) {
    super({ keepAlive: true, proxyEnv: { ...limits.env }, ...(ca === undefined ? {} : { ca: [...ca] }) })
    this.#limits = limits
  }
  override createConnection(...args: Parameters<https.Agent["createConnection"]>): Duplex | null | undefined {
    const socket = super.createConnection(...args)
    if (socket !== null && socket !== undefined) limitConnect(socket, "secureConnect", this.#limits.connectMs())
    return socket
  }
}

const usesProxy = (env: NetworkLimits["env"]) => {
  const { http: plain, https: secure } = proxySettings(env)
  return (plain ?? "") !== "" || (secure ?? "") !== ""
}

const proxy_protocols: ReadonlySet<string | undefined> = new Set(["http:", "https:", "socks:", "socks5:"])

/** Refuses a proxy that is no address, by the name of its variable. A password in it is not repeated. */
const refuseProxies = (env: NetworkLimits["env"]): void => {
  const { http: plain, https: secure } = proxySettings(env)
  for (const [name, address = ""] of [
    ["HTTP_PROXY", plain],
    ["HTTPS_PROXY", secure],
  ] as const) {
    if (address === "" || proxy_protocols.has(URL.parse(address)?.protocol)) continue
    throw new CommandError({
      exit: "PRECONDITION",
      code: "PROXY_INVALID",
      message: `${name} is no address of a proxy, such as http://proxy:3128.`,
      fix_required: `Correct ${name}, or unset it.`,
    })
  }
}

/** Opens nothing yet: connections are made when they are asked for. */
export const makeNetwork = (limits: NetworkLimits): Network => {
  refuseProxies(limits.env)
  const ca = certificates(limits.env)
  const dispatcher: Dispatcher = usesProxy(limits.env)
    ? new EnvHttpProxyAgent({
        proxyTls: { timeout: limits.connectMs() ?? 0, ...(ca === undefined ? {} : { ca: [...ca] }) },
        requestTls: { timeout: limits.connectMs() ?? 0, ...(ca === undefined ? {} : { ca: [...ca] }) },
        connect: limitedConnector(limits, ca),
      })
    : new Agent({ connect: limitedConnector(limits, ca) })
  const httpAgent = new LimitedHttpAgent(limits)
  const httpsAgent = new LimitedHttpsAgent(limits, ca)
  const close = () => {
    httpAgent.destroy()
    httpsAgent.destroy()
    void dispatcher.destroy().catch(() => undefined)
  }
  limits.signal.addEventListener("abort", close, { once: true })

  const failed = new WeakMap<object, string>()
  const limitedFetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const own = init.signal ?? (input instanceof Request ? input.signal : undefined)
    const signal = own === undefined ? limits.signal : AbortSignal.any([limits.signal, own])
    // A Request of the built-in fetch is of another class than undici's: it travels as its address and its parts.
    const [address, options] =
      input instanceof Request
        ? [
            input.url,
            {
              method: input.method,
              headers: [...input.headers],
              body: input.body,
              redirect: input.redirect,
              ...(input.body === null ? {} : { duplex: "half" }),
              ...init,
            },
          ]
        : [input, init]
    const headers = options.headers instanceof Headers ? [...options.headers] : options.headers
    try {
      return (await Reflect.apply(undiciFetch, undefined, [
        address,
        { ...options, ...(headers === undefined ? {} : { headers }), signal, dispatcher },
      ])) as Response
    } catch (error) {
      if (typeof error === "object" && error !== null) failed.set(error, String(address))
      throw error
    }
  }
  const contextOf = (thrown: unknown): NetworkContext | undefined => {
    const url = typeof thrown === "object" && thrown !== null ? failed.get(thrown) : undefined
    return url === undefined ? undefined : networkContext(url, limits.env)
  }
  return { fetch: limitedFetch, dispatcher, httpAgent, httpsAgent, close, contextOf }
}
