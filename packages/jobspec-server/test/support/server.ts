/** A server of a test's own, over a ledger in memory or in a folder. */
import { layerNodeFiles } from "@waybill/host"
import { vocabularies } from "@waybill/jobspec"
import { Ledger, type LedgerShape, type Store } from "@waybill/ledger"
import { makeJsonlStore, makeMemoryStore } from "@waybill/ledger-store"
import { Effect, Result, type Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fixedTokens, makeStoredPlans, readTokenText, serve, type ServeOptions, type Serving } from "../../src/index.ts"
import { type Answered, ask, type Asking } from "./client.ts"

export const token = "s3cret-of-the-tests"

export interface TestServer extends Serving {
  readonly ledger: LedgerShape
  readonly ask: (asking: Asking) => Promise<Answered>
  readonly get: (path: string, headers?: Asking["headers"]) => Promise<Answered>
  /** With the token. */
  readonly post: (path: string, body?: Asking["body"], headers?: Asking["headers"]) => Promise<Answered>
}

export interface Clock {
  now_ms: number
}

/** A time that a test moves. */
export const clockAt = (text: string): Clock => ({ now_ms: Date.parse(text) })

export interface TestServerOptions extends Partial<Omit<ServeOptions, "ledger">> {
  readonly store?: Effect.Effect<Store, Error, Scope.Scope>
  readonly root?: string
}

export const startServer = ({ root, store, ...options }: TestServerOptions = {}): Effect.Effect<
  TestServer,
  Error,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const opened =
      root === undefined ? (store ?? makeMemoryStore()) : Effect.provide(makeJsonlStore({ root }), layerNodeFiles)
    const ledger = yield* Ledger.make(yield* opened, vocabularies)
    const serving = yield* serve({
      ledger,
      tokens: fixedTokens(Result.getOrThrow(readTokenText(token))),
      address: { host: "127.0.0.1", port: 0 },
      ...(root === undefined ? {} : { plans: makeStoredPlans(root) }),
      ...options,
    })
    const asking = (each: Asking) => ask(serving.url, each)
    return {
      ...serving,
      ledger,
      ask: asking,
      get: (path, headers = {}) => asking({ path, headers }),
      post: (path, body = {}, headers = {}) =>
        asking({ method: "POST", path, body, headers: { "X-AgentOps-Daemon-Token": token, ...headers } }),
    }
  })

/** A folder that is gone with the scope. */
export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "waybill-server-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true })),
)

/** Runs a test with a server. */
export const withServer =
  (options: TestServerOptions, body: (server: TestServer) => Promise<void>) => (): Promise<void> =>
    Effect.runPromise(
      Effect.scoped(Effect.flatMap(startServer(options), (server) => Effect.promise(() => body(server)))),
    )

/** The same over a folder, which the body may look into. */
export const withRoot =
  (
    prepare: (root: string) => void,
    body: (server: TestServer, root: string) => Promise<void>,
    options: TestServerOptions = {},
  ) =>
  (): Promise<void> =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const root = yield* folder
          prepare(root)
          const server = yield* startServer({ ...options, root })
          yield* Effect.promise(() => body(server, root))
        }),
      ),
    )
