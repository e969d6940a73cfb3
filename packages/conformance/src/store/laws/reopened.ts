import type { RecordedEvent } from "@waybill/ledger"
import { Effect } from "effect"
import { same } from "../../Law.ts"
import { collect, jobOf, openLedger, upTo, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

/** An event without what only one of reading and appending tells: which of a batch it is. */
const envelope = (event: RecordedEvent<string, unknown>) => {
  const { actor, event_id, event_type, job_id, occurred_at, payload, position, request_id, schema_version } = event
  return { position, schema_version, event_id, request_id, job_id, event_type, occurred_at, actor, payload }
}

const law: StoreLaw = {
  id: "STORE-10",
  statement: "What is opened again is what was there before, to the last field.",
  violation: "a column for each known field, and none for the rest.",
  check: (place) =>
    Effect.gen(function* () {
      const [answers, before] = yield* Effect.scoped(
        Effect.gen(function* () {
          const ledger = yield* openLedger(place)
          const answers: Array<RecordedEvent<string, unknown>> = []
          for (let i = 0; i < 5; i++)
            answers.push(...(yield* write(ledger, jobOf(i), ...upTo(1 + i).map((n) => `n${n}`))))
          return [answers, yield* collect(ledger.read())] as const
        }),
      )
      yield* same("what is read, beside what was answered", before.map(envelope), answers.map(envelope))
      const after = yield* openLedger(place)
      yield* same("what is read after opening again", yield* collect(after.read()), before)
      const [next] = yield* write(after, "a", "next")
      yield* same("the next position", next?.position, 16)
    }),
}
export default law
