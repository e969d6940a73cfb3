/**
 * A program that is not ours and writes `workspace_job` facts into our ledger as it likes: no helper and no decider stands
 * between it and the file.
 */
import { layerSeededEntropy } from "@waybill/host"
import { Ledger, Vocabulary } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { Effect, Layer, Schema } from "effect"
import { type Machine, root } from "./Machine.ts"

const anything = { payload: Schema.Record(Schema.String, Schema.Json) }

export const Foreign = Vocabulary.make("workspace_job", {
  requested: anything,
  seed_written: anything,
  agent_started: anything,
  terminal_build_attempted: anything,
  artifact_written: anything,
  artifact_readback_verified: anything,
  terminal_finalized: anything,
  verified: anything,
  verifier_rejected: anything,
  failed: anything,
})

export interface ForeignFact {
  readonly name: keyof typeof Foreign.facts
  readonly job_id: string
  readonly payload: { readonly [name: string]: Schema.Json }
}

/** Appends facts behind our back. */
export const writeForeign = ({ files }: Machine, facts: ReadonlyArray<ForeignFact>): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const ledger = yield* Ledger
      for (let from = 0; from < facts.length; from += 500)
        yield* ledger.append(
          facts
            .slice(from, from + 500)
            .map(({ job_id, name, payload }) => Foreign.facts[name].makeOrThrow(job_id, payload)),
          { actor: "somebody else", requestId: "req-foreign" },
        )
    }).pipe(
      Effect.provide(
        Ledger.layer(makeJsonlStore({ root }), [Foreign]).pipe(
          Layer.provide(Layer.mergeAll(files, layerSeededEntropy(7))),
        ),
      ),
    ),
  )
