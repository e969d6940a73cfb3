/**
 * A whole settlement in memory, with an agent that is a function: for the rules, and for declarations that break them.
 */
import { DataPlane, type DataPlaneOptions, layerDataPlane } from "@waybill/data-plane"
import { layerNodeEntropy, makeMemoryFiles } from "@waybill/host"
import { Ledger, type Store, type Vocabulary } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Effect, Layer, Stream } from "effect"
import {
  Agent,
  type AgentError,
  type AgentReceipt,
  type JobDeclaration,
  layerFileHolds,
  settlement_vocabularies,
  type SubmitSpec,
  type Verification,
  type Verifier,
} from "../../src/index.ts"

export const spec: SubmitSpec = { command: ["agent"], timeLimit_ms: 1000 }
export const text = new TextEncoder()

/** A whole settlement in memory: a scripted agent that writes into the workspace and counts its runs. */
export const world = (
  leave: (attempt: number) => string | undefined = () => "work",
  bounds: Partial<DataPlaneOptions> = {},
  store: Effect.Effect<Store> = makeMemoryStore(),
  vocabularies: ReadonlyArray<Vocabulary.Reader> = settlement_vocabularies,
) => {
  const { disk, layer } = makeMemoryFiles()
  const receipts = new Map<string, AgentReceipt>()
  const runs: Array<string> = []
  const cancelled: Array<string> = []
  let nextReceipt: (submitRunId: string) => AgentReceipt = (submitRunId) => ({ submitRunId, ok: true, diagnostics: {} })
  let refusal: AgentError | undefined
  const agent = Layer.effect(
    Agent,
    Effect.gen(function* () {
      const plane = yield* DataPlane
      return {
        submit: ({ attempt, candidatePath, key, runId }) =>
          Effect.gen(function* () {
            if (refusal !== undefined) return yield* refusal
            const before = receipts.get(key)
            if (before !== undefined) return before
            runs.push(key)
            const left = leave(attempt)
            if (left !== undefined) yield* Effect.orDie(plane.writeSeed(runId, candidatePath, text.encode(left)))
            const receipt = nextReceipt(`run_${runs.length}`)
            receipts.set(key, receipt)
            return receipt
          }),
        find: (key) => Effect.sync(() => receipts.get(key)),
        cancel: (key) =>
          Effect.sync(() => {
            const ended: AgentReceipt = { submitRunId: `run_${key}`, ok: false, reason: "interrupted", diagnostics: {} }
            cancelled.push(key)
            receipts.set(key, receipts.get(key) ?? ended)
            return receipts.get(key) ?? ended
          }),
      }
    }),
  )
  const host = Layer.mergeAll(layer, layerNodeEntropy)
  const layers = Layer.mergeAll(
    Ledger.layer(store, vocabularies),
    agent.pipe(Layer.provideMerge(layerDataPlane({ root: "/data", ...bounds }))),
    layerFileHolds({ root: "/holds" }),
  ).pipe(Layer.provideMerge(host))
  return {
    disk,
    runs,
    /** The keys of the agent runs that were called off. */
    cancelled,
    forget: () => receipts.clear(),
    endWith: (receipt: (submitRunId: string) => AgentReceipt) => {
      nextReceipt = receipt
    },
    /** From now on the agent answers with this error; `undefined`: it works again. */
    refuseWith: (error: AgentError | undefined) => {
      refusal = error
    },
    run: <A, E>(effect: Effect.Effect<A, E, Layer.Success<typeof layers>>) =>
      Effect.runPromise(Effect.provide(effect, layers)),
  }
}

/** The same over a store that is there already. */
export const withLedger = (store: Effect.Effect<Store>) => world(undefined, undefined, store)

export const verifierOf = (verify: Verifier["verify"]): Verifier => ({ name: "v", verify })
export const accept: Verification = { ok: true, checks: [{ name: "c", status: "passed" }] }
export const reject: Verification = { ok: false, reason: "no good", checks: [{ name: "c", status: "failed" }] }
export const declare = (more: Partial<JobDeclaration> = {}): JobDeclaration => ({
  runId: "run-1",
  idempotencyKey: "key-1",
  requestedBy: "a test",
  terminalSchemaId: "text/v1",
  seeds: [],
  candidatePath: "out.txt",
  submit: () => spec,
  verifier: verifierOf(() => Effect.succeed(accept)),
  ...more,
})
/** The types of all facts of settlements, in order; those of their jobs are not among them. */
export const types = Effect.flatMap(Ledger, (ledger) =>
  Effect.map(Stream.runCollect(ledger.read()), (events) =>
    events.flatMap(({ event_type }) =>
      event_type.startsWith("job.") ? [] : [event_type.replace("workspace_job.", "")],
    ),
  ),
)
