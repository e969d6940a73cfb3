/** A cancellation that arrives over HTTP, and what it ends: the work, the agent's run, the open attempt. */
import { type Entropy, layerSeededEntropy, Requests } from "@waybill/host"
import { vocabularies } from "@waybill/jobspec"
import type { Ledger } from "@waybill/ledger"
import { WorkspaceJob } from "@waybill/workspace-job"
import { Clock, Deferred, Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import {
  type InvalidDeclaration,
  layerLedgerQueue,
  layerServerQueue,
  runWorker,
  settlementExecutor,
  settlementOnly,
  type WorkQueue,
} from "../src/index.ts"
import { advance, layerCountedRequests, served, token } from "./support/serverDesk.ts"
import { factsOf, jobNow, jobspec, listener, submit } from "./support/workplace.ts"
import { accept, spec, verifierOf, world } from "./support/world.ts"

const post = (url: string, body: object) =>
  Effect.flatMap(Requests, ({ send }) =>
    send({
      method: "POST",
      url,
      headers: { Authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
      limit_ms: 20_000,
      answerBytes_max: 100_000,
    }),
  )

type Queue = Layer.Layer<WorkQueue, InvalidDeclaration, Ledger | Entropy | Requests>

const queues: Readonly<Record<string, (url: string) => Queue>> = {
  "the server's own process": () => layerLedgerQueue({ jobspec }),
  "a process that talks to the server": (url) => layerServerQueue({ url, token: Redacted.make(token) }),
}

it.each(Object.entries(queues))(
  "a job that is cancelled by the route is given up within one heartbeat by a worker in %s, and its attempt ends",
  (_, queueAt) =>
    world(undefined, undefined, undefined, [...vocabularies, WorkspaceJob]).run(
      Effect.scoped(
        Effect.gen(function* () {
          const url = yield* served
          const { events, observe, until } = listener()
          const isVerifying = yield* Deferred.make<void>()
          let isGivenUp = false
          const stuck = Deferred.succeed(isVerifying, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Effect.sync(() => void (isGivenUp = true))),
            Effect.as(accept),
          )
          const settlement = settlementExecutor(() => ({
            requestedBy: "a test",
            terminalSchemaId: "text/v1",
            seeds: [],
            candidatePath: "out.txt",
            submit: () => spec,
            verifier: verifierOf(() => stuck),
          }))
          yield* submit("run-1", { payload: { terminal_artifact: { schema: "text/v1" } } })
          const worker = runWorker({ executors: { "test.work": settlementOnly }, settlement, observe })
          yield* Effect.forkScoped(Effect.provide(worker, queueAt(url)))
          yield* Deferred.await(isVerifying)
          const cancelled = yield* post(`${url}/v1/jobs/run-1/cancel`, { reason: "not needed" })
          const at_ms = yield* Clock.currentTimeMillis
          expect([cancelled.status, JSON.parse(cancelled.body)]).toEqual([
            202,
            expect.objectContaining({ cancelled: true, outcome: "cancelled" }),
          ])
          expect(isGivenUp).toBe(false)
          yield* advance("15 seconds")
          yield* until("lost", "run-1")
          expect((yield* Clock.currentTimeMillis) - at_ms).toBe(15_000)
          expect([isGivenUp, events.at(-1)]).toEqual([true, expect.objectContaining({ kind: "lost", reason: "ended" })])
          expect((yield* factsOf("run-1")).slice(-2)).toEqual(["job.cancelled", "workspace_job.failed"])
          expect((yield* jobNow("run-1"))?.status).toBe("cancelled")
        }),
      ).pipe(
        Effect.provide(Layer.mergeAll(layerSeededEntropy(1), layerCountedRequests)),
        Effect.provide(TestClock.layer()),
      ),
    ),
)
