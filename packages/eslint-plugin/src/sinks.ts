/**
 * The calls that open a connection or wait for an answer, and what bounds each of them.
 *
 * @module
 */
import {
  all,
  type Check,
  closedLater,
  connection,
  destroyedWhenIdle,
  duration,
  effect,
  type Place,
  preset,
  requestSignal,
  signal,
  some,
  timeoutCall,
  timeoutProperty,
} from "./check.ts"

/** A call that waits for the network. */
export interface Sink {
  /** The module that exports it; `undefined` for a global. */
  readonly module: string | undefined
  /**
   * Its path in that module: `request`; empty for the module itself; `create().get` for a member of what a call made;
   * `yield HttpClient.get` for a member of a service.
   */
  readonly path: string
  readonly with: "call" | "new"
  readonly check: Check
  /** What bounds it, as the message says it. */
  readonly write: string
}

const writeSignal = "{ signal: ctx.signal } or { signal: AbortSignal.timeout(ms) } in its options"

const each = (
  modules: ReadonlyArray<string | undefined>,
  paths: ReadonlyArray<string>,
  sink: Omit<Sink, "module" | "path">,
): ReadonlyArray<Sink> => modules.flatMap((module) => paths.map((path) => ({ module, path, ...sink })))

const fetchCheck = (agent: string): Check => some(signal(1), connection(agent, 1), requestSignal)

const fetches = [
  ...each([undefined, "undici"], ["fetch"], { with: "call", check: fetchCheck("dispatcher"), write: writeSignal }),
  ...each(["node-fetch", "cross-fetch"], ["", "fetch"], {
    with: "call",
    check: fetchCheck("agent"),
    write: writeSignal,
  }),
]

const undiciLimits = (place: Place): Check =>
  some(
    signal(place),
    connection("dispatcher", place),
    all(duration("headersTimeout", place), duration("bodyTimeout", place)),
  )

const undiciCalls = ["request", "stream", "pipeline", "connect", "upgrade"]
const undiciClients = ["Client", "Pool", "BalancedPool", "Agent"]
const writeUndici = `${writeSignal}, or both headersTimeout and bodyTimeout`

const undici = [
  ...each(["undici"], undiciCalls, { with: "call", check: undiciLimits(1), write: writeUndici }),
  ...each(
    ["undici"],
    undiciClients.flatMap((made) => undiciCalls.map((call) => `${made}().${call}`)),
    {
      with: "call",
      check: preset(undiciLimits(0), undiciLimits("any")),
      write: `${writeUndici}, there or where the client is made`,
    },
  ),
]

const core = [
  ...each(["http", "https"], ["request", "get"], {
    with: "call",
    check: some(signal("any"), connection("agent", "any"), destroyedWhenIdle),
    write: `${writeSignal}, or a timeout with a listener that destroys the request`,
  }),
  ...each(["http2"], ["connect"], {
    with: "call",
    check: some(signal("any"), destroyedWhenIdle),
    write: "{ signal: ctx.signal } in its options, or .setTimeout(ms, () => session.destroy()) after it",
  }),
  ...each(["net", "tls"], ["connect", "createConnection"], {
    with: "call",
    check: some(signal("any"), destroyedWhenIdle),
    write: "{ signal: ctx.signal } in its options, or .setTimeout(ms, () => socket.destroy()) after it",
  }),
]

/** A client that can be called by itself, by its verbs, and through instances made with limits of their own. */
interface Client {
  readonly module: string
  /** What makes an instance. */
  readonly makers: ReadonlyArray<string>
  /** The verbs, by where their options stand; the empty one is a call of the client itself. */
  readonly verbs: ReadonlyArray<readonly [place: Place, verbs: ReadonlyArray<string>]>
  readonly limits: (place: Place) => Check
  readonly write: string
}

const client = ({ limits, makers, module, verbs, write }: Client): ReadonlyArray<Sink> =>
  verbs.flatMap(([place, names]) => [
    ...each([module], names, { with: "call", check: limits(place), write }),
    ...each(
      [module],
      makers.flatMap((maker) => names.map((verb) => (verb === "" ? `${maker}()` : `${maker}().${verb}`))),
      {
        with: "call",
        check: preset(limits(place), limits("any")),
        write: `${write}, there or where the instance is made`,
      },
    ),
  ])

const clients = [
  ...client({
    module: "axios",
    makers: ["create"],
    verbs: [
      ["any", [""]],
      [0, ["request"]],
      [1, ["get", "delete", "head", "options"]],
      [2, ["post", "put", "patch", "postForm", "putForm", "patchForm"]],
    ],
    limits: (place) => some(signal(place), duration("timeout", place), connection("httpAgent", place)),
    write: "{ timeout: ms } or { signal: ctx.signal } in its config",
  }),
  ...client({
    module: "got",
    makers: ["extend"],
    verbs: [["any", ["", "get", "post", "put", "patch", "head", "delete", "stream", "paginate"]]],
    limits: (place) => some(signal(place), duration("timeout.request", place)),
    write: "{ timeout: { request: ms } } or { signal: ctx.signal } in its options",
  }),
  ...client({
    module: "ky",
    makers: ["create", "extend"],
    verbs: [["any", ["", "get", "post", "put", "patch", "head", "delete"]]],
    limits: (place) => some(signal(place), duration("timeout", place)),
    write: "{ timeout: ms } or { signal: ctx.signal } in its options",
  }),
  ...each(["superagent"], ["", "get", "post", "put", "patch", "delete", "del", "head", "options"], {
    with: "call",
    check: timeoutCall,
    write: ".timeout(ms) or .timeout({ deadline: ms }) after it",
  }),
  ...each(["needle"], ["", "get", "head", "post", "put", "patch", "delete", "request"], {
    with: "call",
    check: some(signal("any"), duration("timeout", "any")),
    write: "{ timeout: ms } or { signal: ctx.signal } in its options",
  }),
]

const effectCalls = ["execute", "get", "head", "post", "patch", "put", "del", "options"]

const effects = ["effect/http", "effect/unstable/http", "@effect/platform"].flatMap((module) =>
  [
    { in: module, path: "HttpClient." },
    { in: `${module}/HttpClient`, path: "" },
  ].flatMap(({ in: inside, path }) =>
    each(
      [inside],
      effectCalls.flatMap((call) => [`${path}${call}`, `yield ${path}HttpClient.${call}`]),
      { with: "call", check: effect, write: 'Effect.timeout("30 seconds") in the same pipe' },
    ),
  ),
)

const closing = "a timer, or an abort listener on ctx.signal, that closes it in the same scope"

const sockets = [
  ...each([undefined], ["WebSocket", "EventSource"], { with: "new", check: closedLater, write: closing }),
  ...each([undefined], ["XMLHttpRequest"], {
    with: "new",
    check: timeoutProperty,
    write: "request.timeout = ms behind it",
  }),
  ...each(["ws"], ["", "WebSocket"], {
    with: "new",
    check: some(duration("handshakeTimeout", "any"), signal("any"), closedLater),
    write: "{ handshakeTimeout: ms } in its options",
  }),
  ...each(["eventsource"], ["", "EventSource"], { with: "new", check: closedLater, write: closing }),
]

const stores = [
  ...each(["pg"], ["Client", "Pool"], {
    with: "new",
    check: all(
      duration("connectionTimeoutMillis", 0),
      some(duration("query_timeout", 0), duration("statement_timeout", 0)),
    ),
    write: "connectionTimeoutMillis, and query_timeout or statement_timeout, in its config",
  }),
  ...each(["postgres"], [""], {
    with: "call",
    check: duration("connect_timeout", "any"),
    write: "{ connect_timeout: seconds } in its options",
  }),
  ...each(["mysql2", "mysql2/promise"], ["createConnection", "createPool"], {
    with: "call",
    check: duration("connectTimeout", 0),
    write: "{ connectTimeout: ms } in its options",
  }),
  ...each(["redis", "@redis/client"], ["createClient"], {
    with: "call",
    check: all(
      duration("socket.connectTimeout", 0),
      some(duration("commandTimeout", 0), duration("commandOptions.timeout", 0), duration("socket.socketTimeout", 0)),
    ),
    write: "socket.connectTimeout and commandOptions.timeout in its options",
  }),
  ...each(["ioredis"], ["", "Redis"], {
    with: "new",
    check: all(duration("connectTimeout", "any"), duration("commandTimeout", "any")),
    write: "connectTimeout and commandTimeout in its options",
  }),
  ...each(["mongodb"], ["MongoClient"], {
    with: "new",
    check: some(duration("timeoutMS", 1), all(duration("serverSelectionTimeoutMS", 1), duration("socketTimeoutMS", 1))),
    write: "timeoutMS, or serverSelectionTimeoutMS and socketTimeoutMS, in its options",
  }),
]

/** The calls that are known without any option of the rule. */
export const knownSinks: ReadonlyArray<Sink> = [
  ...fetches,
  ...undici,
  ...core,
  ...clients,
  ...effects,
  ...sockets,
  ...stores,
]

/** How a message names a sink: `fetch`, `http.request`, `new pg.Client`. */
export const titleOf = ({ module, path, with: how }: Sink): string => {
  const name = [module, path.replace(/^yield /, "")].filter((part) => part !== undefined && part !== "").join(".")
  return how === "new" ? `new ${name}` : name
}
