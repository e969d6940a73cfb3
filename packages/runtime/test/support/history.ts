/**
 * Ledgers with many settled runs in them, and a store that counts what is read from it.
 */
import { eventId, Ledger, type Page, type Store } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Effect } from "effect"
import { Foreign } from "./foreignWriter.ts"

/** How many facts a run of {@link settledRuns} has. */
export const facts_per_run = 7

const hex = (n: number) => `sha256:${n.toString(16).padStart(64, "0")}`

/** The facts of one verified run, as they are when the first of them gets this position. */
const settledRun = (runId: string, position: number) => {
  const named = (name: string, at: number) => eventId(`workspace_job.${name}`, runId, at)
  const attempt = { requestedEventId: named("requested", position), runId, idempotencyKey: runId }
  const made = { submitRunId: `run_${runId}`, schemaId: "text/v1", bytes: 6, sha256: hex(position) }
  const stored = { path: "artifact", artifactRef: `artifact:${runId}:1:artifact` }
  const { submitRunId: _, ...metadata } = made
  const payloads = [
    ["requested", { runId, idempotencyKey: runId, requestedBy: "a test", terminalSchemaId: "text/v1" }],
    ["seed_written", { ...attempt, seedPaths: [] }],
    ["terminal_build_attempted", { ...attempt, ...made }],
    ["artifact_written", { ...attempt, ...made, ...stored }],
    ["artifact_readback_verified", { ...attempt, ...made, ...stored }],
    ["terminal_finalized", { ...attempt, terminalArtifact: { ...metadata, ...stored } }],
    [
      "verified",
      {
        ...attempt,
        terminalFinalizedEventId: named("terminal_finalized", position + 5),
        checks: [{ name: "c", status: "passed" }],
      },
    ],
  ] as const
  return payloads.map(([name, payload]) => Foreign.facts[name].makeOrThrow(runId, payload))
}

/** A store with so many verified runs, `run-0` and on. */
export const settledRuns = (count: number): Effect.Effect<Store> =>
  Effect.scoped(
    Effect.gen(function* () {
      const store = yield* makeMemoryStore()
      const ledger = yield* Ledger.make(store, [Foreign])
      const per_batch = 100
      for (let from = 0; from < count; from += per_batch) {
        const facts = Array.from({ length: Math.min(per_batch, count - from) }, (_, n) =>
          settledRun(`run-${from + n}`, (from + n) * facts_per_run + 1),
        ).flat()
        yield* ledger.append(facts, { actor: "a test", requestId: `req-${from}` })
      }
      return store
    }),
  ).pipe(Effect.orDie)

/** The store with a counter of the facts that were read from it. */
export const counted = (store: Store) => {
  const read = { facts: 0 }
  const count = <E>(page: Effect.Effect<Page, E>) =>
    Effect.tap(page, ({ events }) => Effect.sync(() => void (read.facts += events.length)))
  const counting: Store = {
    ...store,
    commit: (body) =>
      store.commit((session) =>
        body({ ...session, readAfter: (position, limit) => count(session.readAfter(position, limit)) }),
      ),
    readAfter: (position, limit) => count(store.readAfter(position, limit)),
    readBefore: (position, limit) => count(store.readBefore(position, limit)),
    readStream: (jobId, position, limit) => count(store.readStream(jobId, position, limit)),
  }
  return { store: counting, read }
}
