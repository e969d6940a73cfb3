/** What must be shown of a row: code that is found fault with, code that is not, or both. */
export interface Row {
  readonly about: string
  readonly shows: ReadonlyArray<"right" | "wrong">
}

const wrong = ["wrong"] as const
const right = ["right"] as const
const both = ["right", "wrong"] as const

/**
 * All that the rule says of itself, in the order of the contract: which calls count, what bounds them, what is said where nothing
 * does, and what is left alone. Every case belongs to a row, and every row has its cases.
 */
export const rows: Readonly<Record<string, Row>> = {
  fetch: { about: "the global one, that of undici, node-fetch and cross-fetch", shows: both },
  spelling: { about: "resolved by binding: renamed, taken apart, handed over, called in every way", shows: both },
  undici: { about: "its requests, and those of its clients and pools", shows: both },
  core: { about: "http, https, http2, net and tls of Node", shows: both },
  clients: { about: "axios, got, ky, superagent, needle: themselves, their verbs, their instances", shows: wrong },
  Effect: { about: "HttpClient, and a limit in the same pipe or around the generator", shows: both },
  sockets: { about: "WebSocket, EventSource, and the client of ws", shows: both },
  XMLHttpRequest: { about: "with its property of a limit", shows: both },
  stores: { about: "clients of pg, postgres, mysql2, redis, ioredis, mongodb", shows: wrong },
  own: { about: "calls that the option additionalSinks names", shows: both },

  "AbortSignal.timeout": { about: "a number that a timer can keep, or an expression", shows: both },
  "AbortSignal.any": { about: "as soon as one of its members is bounded", shows: both },
  "ctx.signal": { about: "of the handler's context, also taken apart", shows: both },
  AbortController: { about: "one that a timer aborts in the same scope", shows: both },
  parameter: { about: "a signal that the caller passes; refused under strict", shows: both },
  "ctx.fetch": { about: "with ctx.dispatcher and ctx.httpAgent: always", shows: both },
  "timeout option": { about: "of axios, got, ky, superagent, needle", shows: both },
  "undici options": { about: "headersTimeout together with bodyTimeout", shows: both },
  "http timeout": { about: "with a listener that destroys the request", shows: both },
  "net setTimeout": { about: "with a callback that destroys: net, tls, http2", shows: both },
  preset: { about: "instances that were made with a limit", shows: both },
  "Effect.tryPromise": { about: "its signal, only together with a limit around it", shows: both },
  pg: { about: "a limit to connect, and one for queries", shows: both },
  redis: { about: "redis and ioredis: a limit to connect, and one for commands", shows: both },
  "other stores": { about: "mysql2, mongodb, postgres", shows: both },

  missingTimeout: { about: "nothing that bounds it", shows: wrong },
  infiniteTimeout: { about: "0, Infinity, null, false, undefined where a limit belongs", shows: wrong },
  zeroAborts: { about: "AbortSignal.timeout(0) ends at once", shows: wrong },
  timeoutOverflow: { about: "more than a timer can wait", shows: wrong },
  idleOnly: { about: "a timeout of http that only reports silence", shows: wrong },
  raceDoesNotCancel: { about: "Promise.race and p-timeout leave the request open", shows: both },
  signalNotBounded: { about: "a controller that no timer aborts", shows: wrong },
  "library defaults": { about: "are not explicit, unless allowLibraryDefaults names the module", shows: both },
  "unseen options": { about: "spread, or made elsewhere: only under strict", shows: both },
  "weakest branch": { about: "a choice is as bounded as its weakest side", shows: both },

  "same name": { about: "methods that only share a name with a call that counts", shows: right },
  "local fetch": { about: "one of the file's own, or of another module", shows: right },
  servers: { about: "who is called, and does not call", shows: right },
  types: { about: "imports and annotations of types", shows: right },
  text: { about: "strings and comments", shows: right },
  "as a value": { about: "a function that is handed on is looked at where it is called", shows: right },
  "ignored files": { about: "those that the option ignore names", shows: both },
  circles: { about: "names that stand for each other", shows: right },
}
