/** Our own server, in this process, over a JSONL ledger in a folder that is gone afterwards. */
import { Effect } from "effect"
import { folder, startServer, type TestServerOptions, token } from "../../../jobspec-server/test/support/server.ts"

export { token }

/** Runs a body with the server's address. */
export const withOwnServer = (
  body: (url: string, root: string) => Promise<void>,
  options: Omit<TestServerOptions, "root" | "store"> = {},
): Promise<void> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const root = yield* folder
        const { url } = yield* startServer({ ...options, root })
        yield* Effect.promise(() => body(url, root))
      }),
    ),
  )
