/** Workers that reach their queue over HTTP: a real server on a real socket, on the clock that the test moves. */
import { layerNodeRequests, layerSeededEntropy, Requests } from "@waybill/host"
import { vocabularies } from "@waybill/jobspec"
import { fixedTokens, readTokenText, serve } from "@waybill/jobspec-server"
import { Ledger } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Clock, Duration, Effect, Layer, Redacted, Result } from "effect"
import { TestClock } from "effect/testing"
import { layerServerQueue } from "../../src/index.ts"
import { type Desk, jobspec } from "./workplace.ts"

export const token = "s3cret-of-the-tests"

/** Calls that are under way, but for those that wait for work. */
let calls = 0

export const layerCountedRequests = Layer.effect(
  Requests,
  Effect.map(Requests, ({ send }) => ({
    send: (request) => {
      if (request.url.endsWith("/wait")) return send(request)
      calls++
      return Effect.ensuring(
        send(request),
        Effect.sync(() => void calls--),
      )
    },
  })),
).pipe(Layer.provide(layerNodeRequests))

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
/** More turns of the event loop than anything takes between an answer and the next sleep. */
const quiet_turns = 8

const settled = Effect.promise(async () => {
  for (let quiet = 0; quiet < quiet_turns; quiet = calls === 0 ? quiet + 1 : 0) await turn()
})

const steps_max = 60

export const advance: Desk["advance"] = (by) =>
  Effect.gen(function* () {
    const total_ms = Duration.toMillis(by)
    const step_ms = Math.max(1_000, total_ms / steps_max)
    yield* settled
    for (let left_ms = total_ms; left_ms > 0; left_ms -= step_ms) {
      yield* TestClock.adjust(Math.min(step_ms, left_ms))
      yield* settled
    }
  })

/** A server over the ledger at hand, on the clock at hand; answers its URL. */
export const served = Effect.gen(function* () {
  const ledger = yield* Ledger
  const clock = yield* Clock.Clock
  const { url } = yield* serve({
    ledger,
    jobspec,
    tokens: fixedTokens(Result.getOrThrow(readTokenText(token))),
    address: { host: "127.0.0.1", port: 0 },
    now_ms: () => clock.currentTimeMillisUnsafe(),
  })
  return url
})

type Send = typeof Requests.Service.send

/** Workers on a server, over a network that the test may spoil. */
export const serverDeskOver = (spoil: (send: Send) => Send): Desk => {
  const layerSpoilt = Layer.effect(
    Requests,
    Effect.map(Requests, ({ send }) => ({ send: spoil(send) })),
  ).pipe(Layer.provide(layerCountedRequests))
  const layerServed = (url: string) =>
    layerServerQueue({ url, token: Redacted.make(token) }).pipe(Layer.provide([layerSeededEntropy(1), layerSpoilt]))

  const atWork: Desk["atWork"] = (effect, store = makeMemoryStore()) =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const url = yield* served
          return yield* Effect.provide(effect, layerServed(url))
        }),
      ).pipe(Effect.provide(Ledger.layer(store, vocabularies)), Effect.provide(TestClock.layer())),
    )

  return { name: "a server", atWork, advance }
}

/** Workers on a server. */
export const serverDesk = serverDeskOver((send) => send)
