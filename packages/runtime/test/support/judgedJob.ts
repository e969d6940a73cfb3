/**
 * A settlement on a real disk whose agent is a function, for tests of whoever judges the bytes.
 */
import { DataPlane, layerDataPlane } from "@waybill/data-plane"
import { layerNodeEntropy, layerNodeFiles, layerNodeProcesses } from "@waybill/host"
import { Ledger } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Effect, Layer, Result, Stream } from "effect"
import { createHash } from "node:crypto"
import { mkdirSync, mkdtempSync, readdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  Agent,
  commandVerifier,
  type CommandVerifierOptions,
  deliverJob,
  type JobDeclaration,
  layerFileHolds,
  type SettlementEvent,
  settlement_vocabularies,
  settleJob,
  type Verifier,
} from "../../src/index.ts"

export const makeRoot = (name: string): string => mkdtempSync(join(tmpdir(), `waybill-${name}-`))

/** Settles one job over these bytes; `verifier` judges them. Answers all that can be seen from outside. */
export const judge = (
  root: string,
  bytes: Uint8Array | string,
  verifier: Verifier | Partial<CommandVerifierOptions>,
  more: Partial<JobDeclaration> = {},
) => {
  mkdirSync(root, { recursive: true })
  const content = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes
  const agent = Layer.effect(
    Agent,
    DataPlane.use((plane) =>
      Effect.succeed({
        submit: ({ candidatePath, runId }) =>
          Effect.as(Effect.orDie(plane.writeSeed(runId, candidatePath, content)), {
            submitRunId: "run_1",
            ok: true as const,
            diagnostics: {},
          }),
        find: () => Effect.succeed(undefined),
        cancel: () => Effect.die(new Error("nothing is cancelled here")),
      }),
    ),
  )
  const layers = Layer.mergeAll(
    Ledger.layer(makeMemoryStore(), settlement_vocabularies),
    agent.pipe(Layer.provideMerge(layerDataPlane({ root: join(root, "data") }))),
    layerFileHolds({ root: join(root, "holds") }),
  ).pipe(Layer.provideMerge(Layer.mergeAll(layerNodeFiles, layerNodeEntropy, layerNodeProcesses)))
  const told: Array<SettlementEvent> = []
  const judged = Effect.runPromise(
    Effect.gen(function* () {
      const judged =
        "verify" in verifier
          ? verifier
          : yield* commandVerifier({ name: "v", command: ["/bin/false"], cwd: root, ...verifier })
      const status = yield* settleJob(
        {
          runId: "run-1",
          idempotencyKey: "key-1",
          requestedBy: "a test",
          terminalSchemaId: "text/v1",
          seeds: [],
          candidatePath: "out.txt",
          submit: () => ({ command: ["agent"], timeLimit_ms: 1000 }),
          verifier: judged,
          ...more,
        },
        { observe: (event) => told.push(event) },
      )
      const chunks: Array<Uint8Array> = []
      const delivery = yield* Effect.result(
        deliverJob("run-1", { sink: (chunk) => Effect.sync(() => void chunks.push(chunk)) }),
      )
      const ledger = yield* Ledger
      return {
        status,
        reason: status.status === "failed" ? status.failed.failure.reason : status.status,
        delivered: Result.isSuccess(delivery)
          ? createHash("sha256").update(Buffer.concat(chunks)).digest("hex")
          : undefined,
        facts: JSON.stringify(yield* Stream.runCollect(ledger.read())),
        /** What was said about steps that failed. */
        failures: told.flatMap((event) =>
          event.kind === "step" && event.state === "failed" ? [`${event.step}: ${event.detail ?? ""}`] : [],
        ),
      }
    }).pipe(Effect.scoped, Effect.provide(layers)),
  )
  // What is there once everything is closed: no private copy stays behind.
  return judged.then((seen) => ({ ...seen, unfinished: readdirSync(join(root, "data", "unfinished")) }))
}

export const sha256 = (bytes: string): string => createHash("sha256").update(bytes).digest("hex")
